/**
 * `eject`: an endpoint that fails too often in a row gets nothing for a while.
 */
import type { EjectConfig } from '../config.ts'
import { count, duration, percent } from './keys.ts'
import { orOff, section } from './shapes.ts'

export const ejectSchema = orOff(
  section(
    {
      failures: count({
        doc: 'How many failures in a row eject an endpoint.',
        min: 1,
        max: 1_000,
      }).prefault(5),
      within: duration({
        doc: 'The longest pause in such a row, from one failure to the beginning of the next attempt; a success ends it, too.',
        min: '10ms',
        max: '1h',
      }).prefault('10s'),
      for: duration({
        doc: 'How long it then gets nothing, unless checks bring it back; longer each time it comes back and fails, up to ten times as long.',
        min: '10ms',
        max: '1h',
      }).prefault('30s'),
      'at-most': percent({
        doc: 'The share of the endpoints that may be ejected at once, rounded up; one always stays, and a further one takes the place of the one ejected longest.',
        min: '0%',
        max: '100%',
      }).prefault('50%'),
    },
    { error: 'must be off or a mapping such as { failures: 5, for: 30s }' },
  ).transform(({ failures, within, for: length, 'at-most': atMost }): EjectConfig => ({
    failures,
    withinMs: within,
    forMs: length,
    atMost,
  })),
)
