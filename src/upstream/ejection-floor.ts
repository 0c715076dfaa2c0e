/**
 * How many endpoints of an upstream may be ejected: a share of them, rounded up, and never the last one that is
 * fit.
 *
 * Where that leaves no room for one that fails, the one that was ejected longest is tried again in its place:
 * else servers that fail one after another would end with the last of them as the only choice, and all others
 * well.
 */
import type { Endpoint } from './endpoint.ts'

/** Where all fail, one is put in the place of another once a second and not with every failure. */
const leastEjectedMs = 1_000

interface Floor {
  /** The share of the endpoints that may be ejected at once, 0.5. */
  readonly atMost: number
  /** By the clock. */
  readonly nowMs: number
}

/** Whether one more may be ejected; another may have had to come back for it. */
export function mayEject(endpoints: readonly Endpoint[], { atMost, nowMs }: Floor): boolean {
  const ejected = endpoints.filter(({ standing }) => standing.state === 'ejected')
  const fit = endpoints.filter(({ standing, weight }) => standing.state === 'healthy' && weight > 0)
  if (ejected.length < Math.ceil(endpoints.length * atMost) && fit.length > 1) return true
  const [longest] = ejected
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => sinceMs(one) - sinceMs(other))
  if (longest === undefined || nowMs - sinceMs(longest) < leastEjectedMs) return false
  longest.standing.readmit('another fails in its place')
  return true
}

function sinceMs({ standing }: Endpoint): number {
  return standing.ejectedAtMs ?? Infinity
}
