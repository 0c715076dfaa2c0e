/**
 * How an endpoint that was added or is well again gets its share: not at once, so that cold caches and
 * compilers have time.
 */

/** Of the weight, at the start: enough to be tried, too little to be overrun. What Envoy takes, too. */
const firstShare = 0.1

/** @returns the share of its weight that it has: evenly from 0.1 to 1. */
export function slowStartShare(elapsedMs: number, durationMs: number): number {
  if (elapsedMs >= durationMs) return 1
  return firstShare + (1 - firstShare) * (Math.max(0, elapsedMs) / durationMs)
}
