/**
 * `failover`: what becomes of a session whose server dies or leaves.
 * Invariant: only a close code that may travel can be named, since no other ever comes from a server. What
 * means nothing beside a mode is told where keys are held against each other (failover-conflicts.ts).
 */
import { z } from 'zod'
import { mayTravel } from '../../core/close-codes.ts'
import type { FailoverConfig } from '../config.ts'
import { nearest } from '../nearest.ts'
import { meant, show, type Reading } from '../reading.ts'
import { choice, duration, readWhole, size, value } from './keys.ts'
import { filledList, section } from './shapes.ts'

type Mode = FailoverConfig['mode']

export const failoverModes = [
  'off',
  'close',
  'notify',
  'transparent',
] as const satisfies readonly Mode[]

const reason = value(
  {
    doc: 'What a server is taken to leave by: lost, or a close code.',
    json: { anyOf: [{ const: 'lost' }, { type: 'integer', minimum: 1_000, maximum: 4_999 }] },
  },
  readReason,
)

const mapping = section(
  {
    mode: choice({
      doc: 'What becomes of the session: close closes it with 1012; notify goes on at another server and tells the client; transparent goes on and tells nobody; off does nothing.',
      words: failoverModes,
    }),
    on: filledList(reason, {
      error: 'must be a list such as [lost, 1001, 1012]',
      empty: 'needs at least one of lost and close codes; failover: off turns it off',
    })
      .prefault(['lost', 1001, 1012])
      .describe(
        'What a server leaves by: lost is a connection that ends without a Close, and one that answers no ping; a close code is its own word.',
      ),
    hold: size({
      doc: 'Messages up to this are never cut by a switch; a session caught inside a longer one is closed with 1012, and with 0 inside any.',
      min: '0B',
      max: '16MB',
    }).prefault('64KB'), // what Socket.IO takes for a chunk, and nearly every message is below
    wait: duration({
      doc: 'How long a session may be without a server before it is closed with 1013.',
      min: '100ms',
      max: '10m',
    }).prefault('30s'), // what a restart takes, and less than what a person waits before reloading
    message: value(
      {
        doc: 'The text message that notify sends to the client after the switch.',
        json: { type: 'string' },
      },
      readMessage,
    ).prefault('{"type":"failover"}'),
  },
  {
    error: `must be ${failoverModes.join(', ')} or a mapping such as { mode: transparent }`,
  },
)

const word = value({ doc: 'The mode alone.', json: { enum: failoverModes } }, readMode)

export const failoverSchema = z.union([
  word.transform((mode) => failoverOf(mapping.parse({ mode }))),
  mapping.transform(failoverOf),
])

function failoverOf({ mode, on, hold, wait, message }: z.output<typeof mapping>): FailoverConfig {
  const codes = on.filter((each) => each !== 'lost')
  return {
    mode,
    on: { lost: on.includes('lost'), codes: [...new Set(codes)] },
    holdBytes: hold,
    waitMs: wait,
    message,
  }
}

function readMode(input: unknown): Reading<Mode> {
  const mode = failoverModes.find((each) => each === input)
  if (mode !== undefined) return { value: mode }
  const words = failoverModes.join(', ')
  const problem = `must be ${words} or a mapping such as { mode: transparent }, not ${show(input)}`
  if (input === false) return { problem, suggestion: meant('off') }
  if (typeof input !== 'string') return { problem, isOtherKind: typeof input === 'object' }
  const near = nearest(input, failoverModes)
  return { problem, suggestion: near && meant(near) }
}

function readReason(input: unknown): Reading<'lost' | number> {
  if (input === 'lost') return { value: input }
  const code = readWhole(input, { min: 1_000, max: 4_999 })
  if (code.problem === undefined && mayTravel(code.value)) return { value: code.value }
  const problem = `must be lost or a close code that a server may send, such as 1012, not ${show(input)}`
  // 1006 is what a client's library calls the end of a connection without a Close (RFC 6455 §7.1.5).
  const isLost = code.problem === undefined ? code.value === 1006 : isLostMeant(input)
  return { problem, suggestion: isLost ? meant('lost') : undefined }
}

function isLostMeant(input: unknown): boolean {
  return typeof input === 'string' && nearest(input, ['lost']) !== undefined
}

const maxMessageBytes = 65_536 // it is kept once for each session that is on its way

function readMessage(input: unknown): Reading<string> {
  if (typeof input !== 'string') {
    const suggestion = `put it in quotes, such as '{"type":"failover"}'`
    return { problem: `must be text, not ${show(input)}`, suggestion }
  }
  if (!input.isWellFormed())
    return { problem: 'must be text that UTF-8 can say: it has half of a surrogate pair' }
  const bytes = Buffer.byteLength(input)
  if (bytes <= maxMessageBytes) return { value: input }
  return { problem: `may have ${maxMessageBytes} bytes of UTF-8, and has ${bytes}` }
}
