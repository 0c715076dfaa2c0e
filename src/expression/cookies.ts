/**
 * The cookies of a request (RFC 6265 §5.4): `name=value; other=value`, in any number of lines.
 */
export interface Cookie {
  readonly name: string
  readonly value: string
}

/** @param header one `Cookie` line. What has no `=` is no cookie. */
export function readCookies(header: string): Cookie[] {
  return header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 0) return []
    return { name: pair.slice(0, equals).trim(), value: pair.slice(equals + 1).trim() }
  })
}
