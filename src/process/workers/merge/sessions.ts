/**
 * The open sessions of several processes page by page, the oldest first.
 *
 * A page begins, in each process, behind a number in its order of opening, as the pages of one process do: so
 * a session is listed once, and one that stays open is never left out. The cursor tells processes apart by
 * their ids, so that one that has taken the place of another is listed from its beginning.
 */
import type { SessionInfo } from '../../../proxy/session-info.ts'
import type { SessionPage } from '../../../proxy/session-list.ts'

/** Of a process: what it has listed so far. By its id. */
export type Cursor = ReadonlyMap<number, number>

export interface WorkerPage {
  readonly worker: number
  readonly pid: number
  readonly page: SessionPage
}

export interface MergedSession extends SessionInfo {
  readonly worker: number
}

export interface MergedSessionPage {
  readonly sessions: readonly MergedSession[]
  /** Where the next page begins; undefined where this is the last. */
  readonly next: string | undefined
}

/** As many processes as there can be. */
const mostEntries = 256

/** @returns undefined for what is no cursor. */
export function readCursor(text: string): Cursor | undefined {
  const entries = text.split('-')
  if (entries.length > mostEntries || !entries.every((entry) => /^\d{1,10}\.\d{1,15}$/.test(entry)))
    return undefined
  return new Map(
    entries.map((entry) => entry.split('.').map(Number)).map(([pid = 0, last = 0]) => [pid, last]),
  )
}

function formatCursor(cursor: Cursor): string {
  return Array.from(cursor, (entry) => entry.join('.')).join('-')
}

/**
 * @param pages each of those that begin behind the cursor, with `limit` sessions where it has as many.
 * @param cursor of the page before; entries of those that have not answered are kept.
 */
export function mergeSessionPages(
  pages: readonly WorkerPage[],
  cursor: Cursor,
  limit: number,
): MergedSessionPage {
  const next = new Map(cursor)
  const heads = pages.map((each) => ({ ...each, taken: 0 }))
  const sessions: MergedSession[] = []
  while (sessions.length < limit) {
    let oldest: (typeof heads)[number] | undefined
    for (const head of heads)
      if (isBefore(headOf(head), oldest === undefined ? undefined : headOf(oldest))) oldest = head
    const session = oldest === undefined ? undefined : headOf(oldest)
    if (oldest === undefined || session === undefined) break
    sessions.push({ ...session, worker: oldest.worker })
    next.set(oldest.pid, session.sequence)
    oldest.taken++
  }
  const isLast = heads.every(
    ({ page, taken }) => taken === page.sessions.length && page.next === undefined,
  )
  return { sessions, next: isLast ? undefined : formatCursor(next) }
}

function headOf({ page, taken }: { page: SessionPage; taken: number }): SessionInfo | undefined {
  return page.sessions[taken]
}

function isBefore(left: SessionInfo | undefined, right: SessionInfo | undefined): boolean {
  if (left === undefined) return false
  return right === undefined || left.openedAt < right.openedAt
}
