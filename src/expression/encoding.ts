/**
 * How a value is written where it goes: into a header, into a path, into a query.
 * Invariant: what leaves here is one byte a character, and has no control characters.
 */

/**
 * What a value is to a URL. `url`: a part of one, as sent, which a path takes as it is and a query as one
 * value. `query`: from a query, percent-encoded by whoever sent it. `text`: anything.
 */
export type UrlForm = 'url' | 'query' | 'text'

/** What would be read as the end of a segment, by a server that decodes first too. */
const slash = /[/\\]|%2f|%5c/i

/** What a path may have and a query reads as the end of a name or value, or as a space. */
const queryMark = /[&;=+?#]/g

/** @returns undefined for a value with a slash in a path: it is for one segment. */
export function placeInUrl(value: string, form: UrlForm, isInQuery: boolean): string | undefined {
  if (form === 'url') return isInQuery ? value.replace(queryMark, encodeCharacter) : value
  if (!isInQuery && slash.test(value)) return undefined
  if (form === 'text') return encodeText(value)
  // A plus is a space in a query and a plus in a path.
  return isInQuery ? value : value.replaceAll('+', '%20').replaceAll('?', '%3F')
}

/** The text of a configuration, where URLs have everything but these. An escape stays one. */
export function encodeWritten(text: string): string {
  return text.replace(/[\s"<>\\^`{|}#]|%(?![0-9A-Fa-f]{2})/g, encodeCharacter)
}

const unreserved = /^[A-Za-z0-9._~-]*$/

function encodeText(value: string): string {
  if (unreserved.test(value)) return value
  return bytesOf(value).replace(/[^A-Za-z0-9._~-]/g, encodeCharacter)
}

/**
 * A value for a header. Bytes of other headers come through as they were; what did not come from a head,
 * the names in a certificate, may have any character: these become UTF-8, and controls percent-encoded,
 * so that no name can end the header's line.
 */
export function headerText(value: string): string {
  // A head was read without controls: only tabs may be among its values.
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value
  return bytesOf(value).replace(/[^\x20-\x7e\x80-\xff]/g, encodeCharacter)
}

/** Names in one header value. A comma inside of one must not make it two. */
export function joinNames(names: readonly string[]): string {
  return names.map((name) => name.replaceAll(',', '%2C')).join(', ')
}

/** One character a byte: as it is if it is so already, otherwise UTF-8. */
function bytesOf(value: string): string {
  return /[^\0-\xff]/.test(value) ? Buffer.from(value).toString('latin1') : value
}

function encodeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
