/**
 * `rebalance`: how sessions are spread anew over endpoints that have come.
 */
import type { UpstreamConfig } from '../config.ts'
import { rate } from './keys.ts'
import { orOff, section } from './shapes.ts'

export const rebalanceSchema = orOff(
  section(
    {
      rate: rate({
        doc: 'How many sessions a second are moved from endpoints that have more than their share.',
        min: '1/s',
        max: '100000/s',
      }).prefault('10/s'), // nothing is on fire: a newcomer may fill up over minutes
    },
    { error: 'must be off or a mapping such as { rate: 10/s }' },
  ).transform(({ rate: perSecond }): NonNullable<UpstreamConfig['rebalance']> => ({ perSecond })),
)
