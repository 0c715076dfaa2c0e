/**
 * The open sessions page by page, the oldest first.
 *
 * A page begins behind a number in the order of opening, not behind a session: that one may have
 * closed since. So a session is listed once, and one that stays open is never left out.
 */
import { describeSession, type SessionInfo } from './session-info.ts'
import type { Sessions } from './sessions.ts'

export interface SessionQuery {
  readonly route?: string | undefined
  /** The client's. */
  readonly address?: string | undefined
  readonly limit: number
  /** `next` of the page before; 0 for the first. */
  readonly after: number
}

export interface SessionPage {
  readonly sessions: readonly SessionInfo[]
  /** Where the next page begins; undefined where this is the last. */
  readonly next: number | undefined
}

export function listSessions(sessions: Sessions, query: SessionQuery): SessionPage {
  const page: SessionInfo[] = []
  let last = query.after
  for (const session of sessions.all()) {
    if (session.sequence <= query.after) continue
    if (query.route !== undefined && session.route.config.name !== query.route) continue
    if (query.address !== undefined && session.facts.address !== query.address) continue
    if (page.length === query.limit) return { sessions: page, next: last }
    page.push(describeSession(session))
    last = session.sequence
  }
  return { sessions: page, next: undefined }
}
