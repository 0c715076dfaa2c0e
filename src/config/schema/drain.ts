/**
 * `drain`: how the sessions of an endpoint that is to be left are moved.
 */
import type { UpstreamConfig } from '../config.ts'
import { duration, rate } from './keys.ts'
import { section } from './shapes.ts'

export const drainSchema = section(
  {
    rate: rate({
      doc: 'How many sessions a second are moved off an endpoint that drains or was taken out.',
      min: '1/s',
      max: '100000/s',
    }).prefault('100/s'), // handshakes that servers of any kind take beside what they do
    settle: duration({
      doc: 'How long a server must have said nothing before it is taken to have answered everything.',
      min: '0ms',
      max: '1m',
    }).prefault('250ms'), // several times what an answer takes
  },
  { error: 'must be a mapping such as { rate: 100/s }' },
).transform(({ rate: perSecond, settle }): UpstreamConfig['drain'] => ({
  perSecond,
  settleMs: settle,
}))
