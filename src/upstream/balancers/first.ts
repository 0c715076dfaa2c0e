/**
 * The first endpoint of the list that has room: one is filled before the next one gets anything, so that the last
 * ones can be switched off. Wants `sessions` on the endpoints; weights say nothing here.
 */
import type { BalancerExtension, Candidate } from '../../core/balancer.ts'

export const first: BalancerExtension = {
  type: 'first',
  doc: 'The first endpoint of the list that has room; the next one when its `sessions` are reached.',
  options: {},
  create() {
    let candidates: readonly Candidate[] = []
    return {
      update(next) {
        candidates = next
      },
      choose(choice) {
        for (let index = 0; index < candidates.length; index++) {
          const candidate = candidates[index]
          if (candidate !== undefined && choice.isOpen(candidate)) return candidate
        }
        return undefined
      },
    }
  },
}
