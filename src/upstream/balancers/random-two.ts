/**
 * The better of two that are drawn by weight (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing"):
 * nearly as even as comparing all, at a cost that does not grow with their number, and several gateways that know
 * nothing of each other do not all run to the same endpoint.
 */
import type { BalancerExtension, Candidate } from '../../core/balancer.ts'
import { least, loadByWeight } from '../least.ts'

export const randomTwo: BalancerExtension = {
  type: 'random-two',
  doc: 'The one with fewer sessions of two endpoints drawn by weight: for several gateways, or very many endpoints.',
  options: {},
  create(_, host) {
    const scan = least(loadByWeight)
    let candidates: readonly Candidate[] = []
    /** Of each candidate: the sum of the weights up to it, its own included. */
    let ends = new Float64Array()
    const endOf = (index: number) => ends[index] ?? 0

    /** @returns the index of one that is not `one`, by the weights of the others. */
    function drawBeside(one: number): number {
      const from = endOf(one - 1)
      const weight = endOf(one) - from
      const point = host.random() * (endOf(ends.length - 1) - weight)
      return placeOf(point < from ? point : point + weight, ends)
    }

    return {
      update(next) {
        candidates = next
        let sum = 0
        ends = Float64Array.from(next, ({ weight }) => (sum += weight))
        scan.update(next)
      },
      choose(choice) {
        const drawn = placeOf(host.random() * endOf(ends.length - 1), ends)
        const one = candidates[drawn]
        const other = candidates[drawBeside(drawn)]
        const isOneOpen = one !== undefined && choice.isOpen(one)
        if (other === undefined || !choice.isOpen(other))
          return isOneOpen ? one : scan.choose(choice)
        return isOneOpen && loadByWeight(one) <= loadByWeight(other) ? one : other
      },
    }
  },
}

/** @returns the index of the first end that is past the point. */
function placeOf(point: number, ends: Float64Array): number {
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) > point) high = middle
    else low = middle + 1
  }
  return low
}
