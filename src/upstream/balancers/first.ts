/**
 * The first endpoint of the list that has room: one is filled before the next one gets anything, so that the last
 * ones can be switched off. Wants `sessions` on the endpoints; weights say nothing here.
 */
import type { BalancerExtension, Candidate, Choice } from '../../core/balancer.ts'

export const first: BalancerExtension = {
  type: 'first',
  doc: 'The first endpoint of the list that has room; the next one when its `sessions` are reached.',
  options: {},
  create() {
    let candidates: readonly Candidate[] = []

    function firstOpen({ isOpen }: Choice): Candidate | undefined {
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]
        if (candidate !== undefined && isOpen(candidate)) return candidate
      }
      return undefined
    }

    return {
      update(next) {
        candidates = next
      },
      choose: firstOpen,
      place: firstOpen,
    }
  },
}
