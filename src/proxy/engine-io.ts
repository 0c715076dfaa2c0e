/**
 * Requests of Engine.IO, revision 4, as far as their query tells them: the transport under Socket.IO.
 *
 * A session lives in the memory of one server, which its requests find again by the end of the session id
 * that clients are given: `<sid>.<tag>`. The server sees its own sid alone.
 */
import { decodeQuery, queryOf } from '../expression/query.ts'

export type EngineIoRequest =
  /** The first poll, whose answer gives the session its id. */
  | { readonly kind: 'open' }
  | {
      readonly kind: 'session'
      /** Empty where the id has none, or there is more than one id. */
      readonly tag: string
      /** The target without the tag, otherwise byte for byte as it was. */
      readonly target: string
    }

/** @returns undefined for what any server can answer: other requests, other revisions, the questions of CORS. */
export function readEngineIo(method: string, target: string): EngineIoRequest | undefined {
  if (method !== 'GET' && method !== 'POST') return undefined
  const query = queryOf(target)
  const items = query.split('&')
  // Servers differ in which of two values they take.
  if (valuesOf(items, 'EIO').join() !== '4') return undefined
  const sids = valuesOf(items, 'sid')
  if (sids.length > 1) return { kind: 'session', tag: '', target }
  if (sids.join() !== '') {
    const path = target.slice(0, -query.length)
    return readSession(path, items)
  }
  const isFirstPoll = method === 'GET' && valuesOf(items, 'transport').join() === 'polling'
  return isFirstPoll ? { kind: 'open' } : undefined
}

/** @param path with its question mark. @param items one of which is the sid. */
function readSession(path: string, items: readonly string[]): EngineIoRequest {
  let tag = ''
  const untagged = items.map((item) => {
    if (nameOf(item) !== 'sid') return item
    // The last dot, which some clients and proxies encode. No escape holds the beginning of another.
    const [, sid = item, end = ''] = /^(.*)(?:\.|%2[Ee])(.*)$/.exec(item) ?? []
    tag = decodeQuery(end)
    return sid
  })
  return { kind: 'session', tag, target: path + untagged.join('&') }
}

/** Decoded, in their order. */
function valuesOf(items: readonly string[], name: string): string[] {
  return items
    .filter((item) => nameOf(item) === name)
    .map((item) => {
      const equals = item.indexOf('=')
      return equals < 0 ? '' : decodeQuery(item.slice(equals + 1))
    })
}

function nameOf(item: string): string {
  const equals = item.indexOf('=')
  return decodeQuery(equals < 0 ? item : item.slice(0, equals))
}
