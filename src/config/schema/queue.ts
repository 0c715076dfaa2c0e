/**
 * `queue`: handshakes that wait while every endpoint is full, or none is well.
 */
import { count, duration } from './keys.ts'
import { orOff, section } from './shapes.ts'

export const queueSchema = orOff(
  section(
    {
      sessions: count({
        doc: 'How many handshakes may wait at once; further ones are refused.',
        min: 1,
        max: 100_000,
      }).prefault(100),
      wait: duration({
        doc: 'How long one may wait before it is refused.',
        min: '10ms',
        max: '10m',
      }).prefault('2s'), // a person who sees nothing for longer presses the button again
    },
    { error: 'must be off or a mapping such as { sessions: 100, wait: 2s }' },
  ).transform(({ sessions, wait }) => ({ sessions, waitMs: wait })),
)
