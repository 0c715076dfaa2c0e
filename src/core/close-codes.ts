/**
 * WebSocket close codes: which may travel, and which the gateway itself sends.
 *
 * RFC 6455 §7.4; 1012–1014 are registered by IANA. 1004, 1005, 1006 and 1015 never go on a wire.
 */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  noStatus: 1005,
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  /** 4000 + the HTTP status, whichever it is: the client itself has to act on it. */
  refused: 4000,
  tooManyRequests: 4429,
} as const

/** Whether a peer may put this code into a Close frame (RFC 6455 §7.4.1, §7.4.2). */
export function mayTravel(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
}
