// What is fuzzed: each target reads any bytes, in one piece and in several, and says how that went.
// It throws where a parser does, or where one does not keep what it promises of every input.

import { readClientHello } from '../../src/wire/client-hello.ts'
import { parseExtensions } from '../../src/wire/extension-header.ts'
import type { FrameRules } from '../../src/wire/frame-header.ts'
import { HeadError, type HeadLimits } from '../../src/wire/http-head.ts'
import { readRequestHead } from '../../src/wire/http-request.ts'
import { readResponseHead } from '../../src/wire/http-response.ts'
import { readProxyHeader } from '../../src/wire/proxy-protocol.ts'
import { judgeChunks, judgeFraming, judgeHead, judgeRequest } from './http-oracle.ts'
import { deflateRawSync } from 'node:zlib'
import { frame } from './frames.ts'
import { type Cuts, pieces } from './pieces.ts'
import { followBody, readHead, type WholeHead } from './reading.ts'
import { fromClient, fromServer, scan, scanAsOracle } from './scanning.ts'
import { readAsOracle, type Reading, readMessages } from './wire-messages.ts'

export type Outcome = 'complete' | 'incomplete' | 'refused'
export type Target = (input: Buffer, cuts: Cuts) => Outcome

const limits: HeadLimits = { headBytes: 512, headers: 12 }
const chunked = { kind: 'chunked' } as const

function demand(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}

function same(one: unknown, other: unknown, what: string): void {
  if (!Bun.deepEquals(one, other))
    throw new Error(`${what}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`)
}

function frames(rules: FrameRules): Target {
  return (input, cuts) => {
    const whole = scanAsOracle(input, rules)
    same(scan(input, rules, cuts), whole, 'cut otherwise')
    if (whole.violation !== undefined) return 'refused'
    const isOver = whole.closeCode !== undefined || whole.passed === input.length
    return isOver && whole.toBoundary === 0 ? 'complete' : 'incomplete'
  }
}

/** Reads a head both ways; whatever is accepted has no byte in it that another reader could stumble over. */
function readTwice(input: Buffer, cuts: Cuts): WholeHead | HeadError | undefined {
  const whole = readHead(input, [], limits)
  same(readHead(input, cuts, limits), whole, 'cut otherwise')
  if (whole === undefined || whole instanceof HeadError) return whole
  const text = input.toString('latin1', 0, whole.consumed)
  demand(!/[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/.test(text), 'a head with a stray byte')
  return whole
}

const request: Target = (input, cuts) => {
  const whole = readTwice(input, cuts)
  const judged = judgeHead(input.toString('latin1'), limits)
  const wanted = judged === undefined ? undefined : judgeRequest(judged)
  const read =
    whole === undefined || whole instanceof HeadError ? whole : readRequestHead(whole.raw)
  demand((wanted !== undefined) === isRead(read), 'the oracle does not agree')
  if (read === undefined) return 'incomplete'
  if (read instanceof HeadError || whole === undefined || whole instanceof HeadError)
    return 'refused'
  const { method, target, host, body } = read
  same({ method, target, host, body }, wanted, 'the oracle reads another request')
  same(whole.consumed, judged?.length, 'the oracle ends elsewhere')
  const fields = whole.raw.fields.list.map(({ key, value }) => [key, value])
  same(fields, judged?.fields, 'the oracle reads other fields')
  return 'complete'
}

const response: Target = (input, cuts) => {
  const whole = readTwice(input, cuts)
  const judged = judgeHead(input.toString('latin1'), limits)
  const line = /^HTTP\/1\.([01]) [1-9]\d\d(?: |$)/.exec(judged?.startLine ?? '')
  const framing =
    judged === undefined || line === null ? undefined : judgeFraming(judged, line[1] ?? '')
  const read =
    whole === undefined || whole instanceof HeadError ? whole : readResponseHead(whole.raw, 'GET')
  demand((framing !== undefined) === isRead(read), 'the oracle does not agree')
  if (read === undefined) return 'incomplete'
  if (read instanceof HeadError) return 'refused'
  const hasNoBody = read.status < 200 || read.status === 204 || read.status === 304
  if (!hasNoBody)
    same(read.body, framing ?? { kind: 'until-close' }, 'the oracle reads another body')
  return 'complete'
}

function isRead(read: object | undefined): boolean {
  return read !== undefined && !(read instanceof HeadError)
}

const chunks: Target = (input, cuts) => {
  const whole = followBody(input, chunked)
  same(followBody(input, chunked, cuts), whole, 'cut otherwise')
  const length = judgeChunks(input.toString('latin1'))
  same(whole.isComplete ? whole.passed : undefined, length, 'the oracle ends elsewhere')
  if (whole.isComplete) return 'complete'
  if (whole.fault !== undefined) return 'refused'
  demand(whole.passed === input.length, 'a body stopped without a fault')
  return 'incomplete'
}

/** A header has no pieces; what is read must be read the same when it is written again. */
const extensions: Target = (input) => {
  const read = parseExtensions(input.toString('latin1'))
  if (read === undefined) return 'refused'
  same(parseExtensions(read.map(({ text }) => text).join(',')), read, 'written again')
  return 'complete'
}

/** What comes first on a connection: read, incomplete or refused by any piece as by all of it. */
function beginning(read: (bytes: Buffer) => { readonly kind: string }): Target {
  return (input, cuts) => {
    const whole = read(input)
    for (const cut of cuts) {
      const piece = read(input.subarray(0, cut))
      if (piece.kind !== 'incomplete') same(piece.kind, whole.kind, 'a piece reads otherwise')
    }
    if (whole.kind === 'incomplete') return 'incomplete'
    return whole.kind === 'fault' ? 'refused' : 'complete'
  }
}

const deflating = { ...fromServer, mayCompress: true }
const narrow = { ...fromClient, frameBytes: 30, messageBytes: 40 }

/** The same directions as somebody reads them who inflates and checks. */
export const readingsFuzzed = {
  'messages of a client': { rules: fromClient },
  'messages of a client that compresses': {
    rules: { ...fromClient, mayCompress: true, frameBytes: 300, messageBytes: 600 },
  },
  'messages of a server that compresses': { rules: deflating, isTakeover: true },
} as const satisfies Record<string, Reading>

function messages(reading: Reading): Target {
  return (input, cuts) => {
    const { violation, isComplete } = readAsOracle(input, reading, cuts)
    return violation !== undefined ? 'refused' : isComplete ? 'complete' : 'incomplete'
  }
}

const hello = frame({ opcode: 1, reserved: 4, payload: deflateRawSync('Hello').subarray(0, -1) })
/** The oracle inflates all of a message with each. */
const mostFragments = 6
const bounded = { ...deflating, messageBytes: 100_000 }

/**
 * The payload of a compressed message, in one frame for each piece, and another message behind it; read
 * by all kinds of inflaters.
 */
const inflate: Target = (input, cuts) => {
  const parts = pieces(input, cuts.slice(0, mostFragments))
  const frames = parts.map((payload, index) =>
    frame({
      opcode: index === 0 ? 2 : 0,
      reserved: index === 0 ? 4 : 0,
      isFinal: index === parts.length - 1,
      payload,
    }),
  )
  const stream = Buffer.concat([...frames, hello])
  const { messages: read } = readAsOracle(stream, { rules: bounded })
  readAsOracle(stream, { rules: bounded, isTakeover: true }, [stream.length >> 1])
  for (const windowBits of [8, 9, 12]) readMessages(stream, { rules: bounded, windowBits })
  return read.length === 0 ? 'refused' : 'complete'
}

export const rulesFuzzed = {
  'frames of a client': narrow,
  'frames of a server': fromServer,
  'frames of a server that compresses': deflating,
} as const satisfies Record<string, FrameRules>

export const targets = {
  'frames of a client': frames(narrow),
  'frames of a server': frames(fromServer),
  'frames of a server that compresses': frames(deflating),
  'messages of a client': messages(readingsFuzzed['messages of a client']),
  'messages of a client that compresses': messages(
    readingsFuzzed['messages of a client that compresses'],
  ),
  'messages of a server that compresses': messages(
    readingsFuzzed['messages of a server that compresses'],
  ),
  inflate,
  request,
  response,
  chunks,
  extensions,
  'client hello': beginning(readClientHello),
  'proxy header': beginning(readProxyHeader),
} as const satisfies Record<string, Target>

export type TargetName = keyof typeof targets
