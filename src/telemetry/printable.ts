/**
 * Text from outside as a terminal may be given it.
 */

/** As it is where that is one word; else quoted, with everything that a terminal would obey spelled out. */
export function printable(value: unknown): string {
  const text = String(value)
  if (/^[!#-<>-~]+$/.test(text)) return text
  // JSON leaves these control characters as they are.
  return JSON.stringify(text).replace(
    /[\x7f-\x9f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  )
}
