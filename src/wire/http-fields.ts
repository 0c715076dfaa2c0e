/**
 * The header fields of one HTTP/1.1 head, in order and with the names as they were sent.
 *
 * Look-ups ignore case. Values are latin1 strings, one character a byte, so that writing them out
 * again gives the bytes that came in.
 */
export interface HttpField {
  /** As sent. */
  readonly name: string
  /** Lower case, for look-ups. */
  readonly key: string
  /** Without surrounding white space. */
  readonly value: string
}

export class HttpFields {
  readonly list: HttpField[] = []

  add(name: string, value: string): void {
    this.list.push({ name, key: name.toLowerCase(), value })
  }

  /** The first value of the field, if there is one. */
  get(key: string): string | undefined {
    for (const field of this.list) if (field.key === key) return field.value
    return undefined
  }

  count(key: string): number {
    let count = 0
    for (const field of this.list) if (field.key === key) count++
    return count
  }

  /** The members of a comma-separated field over all its lines, lower case (RFC 9110 §5.6.1). */
  tokens(key: string): string[] {
    const tokens: string[] = []
    for (const field of this.list) {
      if (field.key !== key) continue
      if (!field.value.includes(',')) {
        if (field.value !== '') tokens.push(field.value.toLowerCase())
        continue
      }
      for (const part of field.value.split(',')) {
        const token = trimWhiteSpace(part).toLowerCase()
        if (token !== '') tokens.push(token)
      }
    }
    return tokens
  }
}

/**
 * The name with which servers of CGI's kind (WSGI and PHP among them) read a field: `X_User` and `X-User`
 * are one variable. What is removed or replaced is so in every spelling.
 */
export function spelled(name: string): string {
  const key = name.toLowerCase()
  return key.includes('_') ? key.replaceAll('_', '-') : key
}

/** Whether a connection goes on, by the members of its `Connection` field (RFC 9112 §9.3): close wins. */
export function isKeptAlive(connection: readonly string[], minor: 0 | 1): boolean {
  return !connection.includes('close') && (minor === 1 || connection.includes('keep-alive'))
}

/** A head as bytes: start line, fields, empty line. Nothing in it may contain CR or LF. */
export function encodeHead(
  startLine: string,
  fields: Iterable<{ name: string; value: string }>,
): Buffer {
  let text = `${startLine}\r\n`
  for (const { name, value } of fields) text += `${name}: ${value}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}

/** Cuts spaces and tabs, and only these: `trim` would also cut 0xA0, which belongs to the value. */
export function trimWhiteSpace(line: string, from = 0): string {
  let start = from
  let end = line.length
  while (start < end && isWhiteSpace(line.charCodeAt(start))) start++
  while (end > start && isWhiteSpace(line.charCodeAt(end - 1))) end--
  return line.slice(start, end)
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
