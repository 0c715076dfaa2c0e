/**
 * How a session came to its end, or left an endpoint.
 */
import { CloseCode } from '../core/close-codes.ts'
import type { MoveCause, SessionEnd } from '../core/events.ts'

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
