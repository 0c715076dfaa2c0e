/**
 * The endpoint where one more would be answered soonest: least latency × (load + 1), for its weight. The cost of
 * Finagle's peak-EWMA balancer (`PeakEwma.scala`) and of linkerd's; latencies are those of `latency.ts`.
 *
 * Where nothing is known of an endpoint, it is tried when its turn comes, with one request at a time. Finagle tries it
 * at once, but then one that is dead from the start is tried first by everybody.
 */
import type { BalancerExtension, Candidate } from '../../core/balancer.ts'
import { least, loadByWeight } from '../least.ts'
import { roundRobin } from './round-robin.ts'

/** Below this latencies are the noise of timers, and have often only faded: the load decides. */
const leastMs = 0.1

/** Of an endpoint of which nothing is known: only where there is no other. Among several the load decides. */
const unknownMs = 1e9

export const leastTime: BalancerExtension = {
  type: 'least-time',
  doc: 'The endpoint where one more session would be answered soonest, by its latency, load and weight.',
  options: {},
  create(options, host) {
    let isOneUnknown = false
    const soonest = least((candidate) => {
      const { latencyMs } = candidate
      if (latencyMs === undefined) isOneUnknown = true
      return Math.max(leastMs, latencyMs ?? unknownMs) * loadByWeight(candidate)
    })
    const turns = roundRobin.create(options, host)
    return {
      update(candidates) {
        soonest.update(candidates)
        turns.update(candidates)
      },
      choose(choice) {
        isOneUnknown = false
        const best = soonest.choose(choice)
        if (!isOneUnknown) return best
        const next = turns.choose(choice)
        return next !== undefined && isUntried(next) ? next : best
      },
    }
  },
}

function isUntried({ latencyMs, load }: Candidate): boolean {
  return latencyMs === undefined && load === 0
}
