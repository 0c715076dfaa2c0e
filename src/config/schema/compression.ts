/**
 * `framed` and `compression`: whether messages are read and written anew, and who compresses them.
 * Invariant: each is read by itself, and undefined where nothing is said; what follows from one for the
 * other is in framing.ts.
 */
import { z } from 'zod'
import type { CompressionConfig } from '../config.ts'
import { show, type Reading } from '../reading.ts'
import { count, flag, readWhole, size, value, wholeJson } from './keys.ts'
import { section } from './shapes.ts'

export const framedSchema = flag({
  doc: 'Whether messages are read and written anew; by default where the gateway compresses, else a session is a tunnel.',
}).optional()

const windowBits = { min: 9, max: 15 }

type Takeover = Pick<CompressionConfig, 'clientTakeover' | 'serverTakeover'>

const takeovers = new Map<unknown, Takeover>([
  [false, { clientTakeover: false, serverTakeover: false }],
  [true, { clientTakeover: true, serverTakeover: true }],
  ['client', { clientTakeover: true, serverTakeover: false }],
  ['server', { clientTakeover: false, serverTakeover: true }],
])

const mapping = section(
  {
    threshold: size({
      doc: 'How long a message must be to be compressed; shorter ones are sent as they are.',
      min: '0B',
      max: '1GB',
    }).prefault('1KB'), // what ws of Node does: shorter ones gain less than the work is worth
    'window-bits': value(
      {
        doc: 'How far back a message may refer, as a power of two: 15 is 32KB, 9 is 512 bytes.',
        json: wholeJson(windowBits),
      },
      readWindowBits,
    ).prefault(15),
    'context-takeover': value(
      {
        doc: 'Whose messages may refer back to earlier ones, for which each session keeps a window: those of the client, of the server, of both (true) or of none (false).',
        json: { anyOf: [{ type: 'boolean' }, { enum: ['client', 'server'] }] },
      },
      readTakeover,
    ).prefault(false), // a window to a client costs 190KB and more, and a session has two
    level: count({
      doc: 'How hard zlib tries, from 1, the fastest, to 9, the smallest.',
      min: 1,
      max: 9,
    }).prefault(2), // zlib-ng's 1 leaves a quarter more for a third of the time
    upstream: flag({
      doc: 'Whether compression is offered to endpoints too; else they are spoken to without.',
    }).prefault(false),
  },
  { error: 'must be pass, off, gateway or a mapping' },
).transform(
  ({
    threshold,
    'window-bits': bits,
    'context-takeover': takeover,
    level,
    upstream,
  }): CompressionConfig => ({
    thresholdBytes: threshold,
    windowBits: bits,
    ...takeover,
    level,
    upstream,
  }),
)

/** As the word `gateway` has it. */
export const gatewayCompression: CompressionConfig = mapping.parse({})

const doc =
  'Who compresses messages: pass, the client and the endpoint; gateway, or a mapping that says how; off, nobody; pass by default, gateway where framed.'

export const compressionSchema = z
  .union([value({ doc, json: { enum: ['pass', 'off', 'gateway'] } }, readWord), mapping])
  .optional()
  .describe(doc)

function readWord(input: unknown): Reading<'pass' | 'off' | CompressionConfig> {
  if (input === 'pass' || input === 'off') return { value: input }
  if (input === 'gateway') return { value: gatewayCompression }
  const problem = `must be pass, off, gateway or a mapping, not ${show(input)}`
  if (input === false) return { problem, suggestion: 'write off' }
  const isOn = input === true || input === 'on'
  if (isOn)
    return { problem, suggestion: 'write gateway, or pass to leave it to client and endpoint' }
  return { problem, isOtherKind: typeof input !== 'string' }
}

/** zlib inflates within a window of 256 bytes, which is 8 bits, and silently deflates within 512. */
function readWindowBits(input: unknown): Reading<number> {
  const reading = readWhole(input, windowBits)
  const isEight = input === 8 || input === '8'
  if (reading.problem === undefined || !isEight) return reading
  return { ...reading, suggestion: 'zlib cannot compress within a window of 256 bytes' }
}

function readTakeover(input: unknown): Reading<Takeover> {
  const isText = input === 'true' || input === 'false' // `${env:TAKEOVER}`
  const takeover = takeovers.get(isText ? input === 'true' : input)
  if (takeover !== undefined) return { value: takeover }
  const problem = `must be false, true, client or server, not ${show(input)}`
  return { problem, suggestion: input === 'off' ? 'write false' : undefined }
}
