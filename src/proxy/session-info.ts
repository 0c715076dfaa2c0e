/**
 * A session as people and programs are shown it: who, since when, how much.
 */
import type { SessionFacts, Traffic } from '../core/events.ts'
import type { Session } from './session.ts'

/** One direction: what has passed, and what waits for its receiver. */
export interface Flow extends Traffic {
  readonly pendingBytes: number
}

export interface SessionInfo extends SessionFacts {
  readonly id: string
  /** Its place in the order of opening, by which pages are listed. */
  readonly sequence: number
  readonly route: string
  /** How often it went on at another server. */
  readonly moves: number
  /** It is without a server: that of `endpoint` was lost, and another is looked for. */
  readonly isBetween: boolean
  /** ISO 8601. */
  readonly openedAt: string
  readonly ageMs: number
  /** Towards the upstream. */
  readonly inbound: Flow
  /** Towards the client. */
  readonly outbound: Flow
}

export function describeSession(session: Session): SessionInfo {
  const ageMs = performance.now() - session.openedAtMs
  return {
    id: session.id,
    sequence: session.sequence,
    route: session.route.config.name,
    ...session.facts,
    moves: session.moves,
    isBetween: session.isBetween,
    openedAt: new Date(Date.now() - ageMs).toISOString(),
    ageMs: Math.round(ageMs),
    inbound: { ...session.inbound, pendingBytes: session.inboundPendingBytes },
    outbound: { ...session.outbound, pendingBytes: session.outboundPendingBytes },
  }
}
