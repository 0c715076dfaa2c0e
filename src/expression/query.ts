/**
 * The query of a request's target: `?room=blue&v=2` as names and values, as browsers and servers read it
 * (WHATWG URL, application/x-www-form-urlencoded). A name without `=` has an empty value.
 */

export interface QueryItem {
  /** Decoded. */
  readonly name: string
  /** As sent. */
  readonly sent: string
}

/** The query as sent, without `?`. */
export function queryOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? '' : target.slice(mark + 1)
}

/** In their order, repeated names included. */
export function readQuery(target: string): QueryItem[] {
  const query = queryOf(target)
  const items: QueryItem[] = []
  for (let from = 0; from < query.length;) {
    const ampersand = query.indexOf('&', from)
    const end = ampersand < 0 ? query.length : ampersand
    if (end > from) items.push(readItem(query.slice(from, end)))
    from = end + 1
  }
  return items
}

function readItem(text: string): QueryItem {
  const equals = text.indexOf('=')
  if (equals < 0) return { name: decodeQuery(text), sent: '' }
  return { name: decodeQuery(text.slice(0, equals)), sent: text.slice(equals + 1) }
}

/** `+` is a space, `%C3%A9` is é; what is no UTF-8 becomes U+FFFD, what is no escape stays. */
export function decodeQuery(text: string): string {
  if (!/[%+\x80-\xff]/.test(text)) return text
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1').toString()
}
