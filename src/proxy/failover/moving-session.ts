/**
 * A session, as far as it is moved.
 */
import type { Clock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Emit, SessionEnd, SessionFacts, Traffic } from '../../core/events.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import type { Pool } from '../../upstream/pool.ts'
import type { Route } from '../route.ts'

export interface MovingSession {
  readonly id: string
  readonly route: Route
  readonly pool: Pool
  /** Where it is, or was last. */
  readonly endpoint: Endpoint
  readonly facts: SessionFacts
  readonly host: { readonly clock: Clock; readonly emit: Emit }
  readonly isEnding: boolean
  readonly outbound: Traffic
  close(reason: ErrorCode, words?: { readonly code?: number }, detail?: string): void
  /** It counts at its endpoint no more. */
  leaveEndpoint(end: SessionEnd): void
  /** It goes on at this endpoint, which counts it. */
  joined(endpoint: Endpoint): void
}
