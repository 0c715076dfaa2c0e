/**
 * What reading one value of a configuration gives: the value, or a sentence that says what is wrong.
 * Invariant: a problem is written to follow the key's path ("listeners[0].port: must be …"), so it
 * starts in lower case, has no full stop, and quotes what was found.
 */
export type Reading<T> =
  | { readonly value: T; readonly problem?: undefined }
  | {
      readonly problem: string
      /** A clause that says what was probably meant: `did you mean "chat"?`. */
      readonly suggestion?: string | undefined
      /** The value is of another kind altogether, so another form of the same key may still fit. */
      readonly isOtherKind?: boolean
      /** The value is a name that nothing has. */
      readonly isUnknown?: boolean
    }

export function meant(text: string): string {
  return `did you mean ${JSON.stringify(text)}?`
}

const shownCharacters = 60 // enough to know a value by; a pasted key or page must not fill the screen

/** A value as a sentence mentions it: short, on one line, without control characters. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return `a ${typeof value}`
  const isLong = value.length > shownCharacters
  return JSON.stringify(isLong ? `${value.slice(0, shownCharacters)}…` : value)
}

/** Text that starts with `key:value`, which YAML takes as one piece → the `key: value` that was meant. */
export function withMissingSpace(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const match = /^([a-z][a-z-]*):((?!\/\/)\S+)/.exec(value)
  return match === null ? undefined : `${match[1]}: ${match[2]}`
}
