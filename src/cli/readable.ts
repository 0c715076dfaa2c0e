/**
 * Text that others sent, as a terminal may be given it: what it would obey is spelled out.
 */

/** @returns it with all control characters but tabs and line ends as `\\x1b`. */
export function readable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => {
    if (control === '\n' || control === '\t') return control
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
