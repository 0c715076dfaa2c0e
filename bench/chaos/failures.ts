// The failures of the table: what each of three servers does from some moment on, and how many clients come.
import type { Behaviour } from './server.ts'

export interface Failure {
  name: string
  servers: readonly [Behaviour, Behaviour, Behaviour]
  /** Handshakes begun a second; 1,000 if not given, which keeps no gateway here busy. */
  perSecond?: number
  /** Left out with --quick: it takes long, or is much like another. */
  isLong?: boolean
}

export const failures: readonly Failure[] = [
  { name: 'all well', servers: ['well', 'well', 'well'] },
  { name: 'one refuses', servers: ['well', 'refuses', 'well'] },
  { name: 'two refuse', servers: ['refuses', 'refuses', 'well'], isLong: true },
  { name: 'one resets', servers: ['well', 'resets', 'well'] },
  { name: 'one black-holes', servers: ['well', 'black-holes', 'well'] },
  { name: 'one answers after 2 s', servers: ['well', 'slow', 'well'], isLong: true },
  { name: 'one answers 500', servers: ['well', 'answers-500', 'well'] },
  { name: 'one says nothing', servers: ['well', 'silent', 'well'], isLong: true },
  // As many as let it come and go seven times.
  { name: 'one flaps', servers: ['well', 'flaps', 'well'], perSecond: 250 },
  {
    name: 'all restart in turn',
    servers: ['restarts first', 'restarts second', 'restarts third'],
    perSecond: 170, // until the last one is back
  },
  { name: 'one dies after the 101', servers: ['well', 'dies', 'well'], isLong: true },
]
