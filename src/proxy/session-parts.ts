/**
 * What a session is made of.
 */
import type { ByteStream } from '../core/byte-stream.ts'
import type { Clock } from '../core/clock.ts'
import type { Emit, SessionEnd, SessionFacts } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'
import type { Redialler } from './failover/redialler.ts'
import type { Directions } from './framing.ts'
import type { Route } from './route.ts'

/** What all sessions share. */
export interface SessionHost<Closed> {
  readonly clock: Clock
  readonly emit: Emit
  /** Called once a session, when both its streams are closed. */
  readonly onClose: (session: Closed, end: SessionEnd) => void
}

export interface SessionParts {
  readonly id: string
  readonly route: Route
  readonly pool: Pool
  /** Counts it until it is over, or goes on elsewhere. */
  readonly endpoint: Endpoint
  readonly facts: SessionFacts
  readonly client: ByteStream
  readonly upstream: ByteStream
  /** What becomes of what the client sends, and of what the upstream sends. */
  readonly directions: Directions
  /** Finds other servers; undefined: what happens to this one happens to the client. */
  readonly redialler: Redialler | undefined
}
