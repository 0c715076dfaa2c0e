/**
 * A request while its route is looked for: each part is read once, and only if a route asks for it.
 */
import { readCookies } from '../expression/cookies.ts'
import { decodeQuery, readQuery, type QueryItem } from '../expression/query.ts'
import { hostName } from '../wire/host-name.ts'
import type { RequestHead } from '../wire/http-request.ts'
import { offeredSubprotocols } from '../wire/websocket-handshake.ts'

export class Question {
  readonly listener: string
  readonly hostName: string
  /** Of the path, decoded by `pathSegments`. */
  readonly segments: readonly string[]
  readonly #head: Pick<RequestHead, 'target' | 'fields'>
  #query: readonly QueryItem[] | undefined
  #subprotocols: readonly string[] | undefined

  constructor(
    listener: string,
    head: Pick<RequestHead, 'host' | 'target' | 'fields'>,
    segments: readonly string[],
  ) {
    this.listener = listener
    this.hostName = hostName(head.host)
    this.segments = segments
    this.#head = head
  }

  /** The value of each line of this header. A list in one line is one value. */
  headerValues(key: string): string[] {
    return this.#head.fields.list.filter((field) => field.key === key).map(({ value }) => value)
  }

  /** Decoded. */
  queryValues(name: string): string[] {
    this.#query ??= readQuery(this.#head.target)
    return this.#query.filter((item) => item.name === name).map(({ sent }) => decodeQuery(sent))
  }

  cookieValues(name: string): string[] {
    const cookies = this.headerValues('cookie').flatMap(readCookies)
    return cookies.filter((each) => each.name === name).map(({ value }) => value)
  }

  /** Those the client offers. */
  get subprotocols(): readonly string[] {
    this.#subprotocols ??= offeredSubprotocols(this.#head.fields)
    return this.#subprotocols
  }
}
