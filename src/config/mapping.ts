/**
 * A mapping as it is written, before anything is known of its values.
 */
export type Mapping = Readonly<Record<string, unknown>>

export function isMapping(input: unknown): input is Mapping {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
