/** What pools are lent where nobody listens. */
import { systemClock } from '../../src/core/clock.ts'
import type { PoolHost } from '../../src/upstream/pool-options.ts'

export const quietHost: PoolHost = {
  clock: systemClock,
  query: () => Promise.reject(new Error('nothing is looked up')),
  secret: 'a secret of tests',
  random: Math.random,
  emit() {},
  onChange() {},
}
