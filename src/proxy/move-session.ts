/**
 * Moves one session in order because an administrator asks for it.
 *
 * Invariant: whatever comes of it, the session is at a server; where it cannot be moved it stays.
 */
import type { Session } from './session.ts'
import type { Objection } from './upstreams.ts'

export interface Moved {
  /** Its id. */
  readonly session: string
  /** URLs of endpoints. */
  readonly from: string
  readonly to: string
}

/** @param session undefined: there is none. @param url where to; undefined: by the balancer. */
export async function moveSession(
  session: Session | undefined,
  url: string | undefined,
): Promise<Moved | Objection> {
  if (session === undefined) return unknown('No open session has this id; it may have closed since')
  const { id, pool, endpoint } = session
  if (!pool.mayMove) {
    const { mode } = pool.options.failover
    return objection(`${pool.name} has failover: ${mode}, by which no session is moved`)
  }
  const to = url === undefined ? undefined : pool.endpoint(url)
  if (url !== undefined && to === undefined) return unknown(`${pool.name} has no endpoint ${url}`)
  if (to === endpoint) return objection(`The session is at ${endpoint.url} already`)
  if (to?.isToldToDrain === true) return objection(`${to.url} drains and takes no sessions`)
  if (!session.isMovable) return objection('The session is on its way already, or it ends')
  if (await session.move('asked', to))
    return { session: id, from: endpoint.url, to: session.endpoint.url }
  return objection(`The session stays at ${endpoint.url}, or has ended; the log says why`)
}

function unknown(sentence: string): Objection {
  return { isUnknown: true, objection: sentence }
}

function objection(sentence: string): Objection {
  return { isUnknown: false, objection: sentence }
}
