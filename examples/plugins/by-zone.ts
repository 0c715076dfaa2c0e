/**
 * A balancer of one's own, in one file: endpoints in the gateway's zone first, those of other zones only when none of
 * the zone is open. Traffic between zones costs time, and with most clouds money.
 *
 * ```yaml
 * plugins: [./by-zone.ts]
 * upstreams:
 *   chat:
 *     endpoints: [ws://10.1.0.1:9000, ws://10.1.0.2:9000, ws://10.2.0.1:9000]
 *     balancer: { by-zone: '10.1.' }
 * ```
 */
import type { Balancer, BalancerExtension, Candidate, Choice, Expression, Registry } from 'sluice'

export const byZone: BalancerExtension = {
  type: 'by-zone',
  doc: 'The least busy endpoint whose host begins as told; where none is open, the least busy of the others.',
  options: {
    host: {
      kind: 'expression',
      doc: 'How the hosts of the zone begin, such as `10.1.` or `eu-west-1a-`; may depend on the request.',
    },
  },
  short: 'host',
  create: ({ host }) => balancerOf(host as Expression),
}

export default { balancers: [byZone] } satisfies Partial<Registry>

/** What an endpoint of another zone is busier by: more than any has for its weight. */
const farAway = 1e9

function balancerOf(zone: Expression): Balancer {
  let endpoints: { readonly candidate: Candidate; readonly host: string }[] = []
  let last = -1

  return {
    update(candidates) {
      const lastCandidate = endpoints[last]?.candidate
      endpoints = candidates.map((candidate) => ({
        candidate,
        host: new URL(candidate.url).hostname,
      }))
      last = endpoints.findIndex(({ candidate }) => candidate === lastCandidate)
    },
    choose(choice: Choice) {
      const beginning = zone.render(choice.request)
      const before = last
      let best: Candidate | undefined
      let least = Infinity
      // From the one behind the last choice, so that equal ones have turns.
      for (let step = 1; step <= endpoints.length; step++) {
        const index = (before + step) % endpoints.length
        const endpoint = endpoints[index]
        if (endpoint === undefined || !choice.isOpen(endpoint.candidate)) continue
        const { load, currentWeight } = endpoint.candidate
        const isNear = endpoint.host.startsWith(beginning)
        const busy = (load + 1) / currentWeight + (isNear ? 0 : farAway)
        if (busy >= least) continue
        least = busy
        best = endpoint.candidate
        last = index
      }
      return best
    },
  }
}
