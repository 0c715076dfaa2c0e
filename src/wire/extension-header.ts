/**
 * The grammar of `Sec-WebSocket-Extensions` (RFC 6455 §9.1): names with parameters, in order.
 */
import { trimWhiteSpace } from './http-fields.ts'
import { isToken } from './http-head.ts'

export interface Extension {
  readonly name: string
  /** This extension as it was written, parameters included. */
  readonly text: string
  /** The last value of each. */
  readonly parameters: ReadonlyMap<string, string | true>
  /** The grammar allows it; no extension gives it a meaning, and two readers could keep different ones. */
  readonly hasDoubledParameter: boolean
}

/** @returns the extensions in order; undefined if the header is malformed. */
export function parseExtensions(header: string): Extension[] | undefined {
  const extensions: Extension[] = []
  if (trimWhiteSpace(header) === '') return extensions
  for (const part of splitOutsideQuotes(header, ',')) {
    const [name = '', ...rest] = splitOutsideQuotes(part, ';').map((piece) => trimWhiteSpace(piece))
    if (!isToken(name)) return undefined
    const parameters = new Map<string, string | true>()
    let hasDoubledParameter = false
    for (const piece of rest) {
      const parameter = parseParameter(piece)
      if (parameter === undefined) return undefined
      if (parameters.has(parameter.name)) hasDoubledParameter = true
      parameters.set(parameter.name, parameter.value)
    }
    extensions.push({ name, text: trimWhiteSpace(part), parameters, hasDoubledParameter })
  }
  return extensions
}

function parseParameter(piece: string): { name: string; value: string | true } | undefined {
  const equals = piece.indexOf('=')
  const name = trimWhiteSpace(equals < 0 ? piece : piece.slice(0, equals))
  if (!isToken(name)) return undefined
  if (equals < 0) return { name, value: true }
  const written = trimWhiteSpace(piece, equals + 1)
  const value = written.startsWith('"') ? unquote(written) : written
  // RFC 6455 §9.1: a quoted value must be a token once it is unquoted.
  return value !== undefined && isToken(value) ? { name, value } : undefined
}

function unquote(text: string): string | undefined {
  if (text.length < 2 || !text.endsWith('"')) return undefined
  return text.slice(1, -1).replace(/\\(.)/g, '$1')
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') isQuoted = !isQuoted
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
