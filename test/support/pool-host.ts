/** What pools are lent where nobody listens. */
import { systemClock } from '../../src/core/clock.ts'
import type { PoolHost } from '../../src/upstream/pool.ts'

export const quietHost: PoolHost = {
  clock: systemClock,
  secret: 'a secret of tests',
  random: Math.random,
  emit() {},
}
