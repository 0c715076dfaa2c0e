/**
 * The endpoint with the fewest sessions and requests for its weight.
 */
import type { BalancerExtension } from '../../core/balancer.ts'
import { least, loadByWeight } from '../least.ts'

export const leastConnections: BalancerExtension = {
  type: 'least-connections',
  doc: 'The endpoint with the fewest sessions and requests for its weight; equal ones in turn.',
  options: {},
  create: () => least(loadByWeight),
}
