/**
 * How a session came to its end, or left an endpoint.
 */
import { CloseCode } from '../core/close-codes.ts'
import type { MoveCause, SessionEnd } from '../core/events.ts'
import type { Pool } from '../upstream/pool.ts'
import { noCodes } from '../wire/close-frame.ts'

/** What a Close frame says. */
export interface CloseWords {
  /** One that may travel. */
  readonly code?: number | undefined
  /** At most 123 bytes of UTF-8. */
  readonly reason?: string | undefined
}

/** An end without a Close. */
export function endWithout(by: SessionEnd['by'], reason: SessionEnd['reason']): SessionEnd {
  return { by, code: CloseCode.abnormal, reason, detail: undefined }
}

/** What a Close with this code is answered with. */
export function answerTo(code: number): number {
  return code === CloseCode.noStatus ? CloseCode.normal : code
}

/** What the endpoint is told of a session that has left it. */
export function endOfMove(cause: MoveCause, detail: string | undefined): SessionEnd {
  switch (cause) {
    case 'lost':
    case 'silent':
    case 'unhealthy':
      return { by: 'upstream', code: CloseCode.abnormal, reason: 'ended', detail }
    case 'closed':
      return { by: 'upstream', code: Number(detail), reason: 'closed', detail: undefined }
    default:
      return { by: 'gateway', code: CloseCode.goingAway, reason: 'closed', detail: undefined }
  }
}

/** The Closes of its server that are not for the client: what comes of them is `failover`'s business. @param mayMove whether it can go on elsewhere. */
export function leavingCodes(
  { options, leavingCodes: codes }: Pool,
  mayMove: boolean,
): ReadonlySet<number> {
  return mayMove || options.failover.mode === 'close' ? codes : noCodes
}
