// Runs bytes through the readers of HTTP/1.1, in one piece or several.

import { BodyFollower, type BodyFraming } from '../../src/wire/http-body.ts'
import { HttpFields } from '../../src/wire/http-fields.ts'
import { HeadError, HeadReader, type HeadLimits, type RawHead } from '../../src/wire/http-head.ts'
import { readRequestHead, type RequestHead } from '../../src/wire/http-request.ts'
import { readResponseHead, type ResponseHead } from '../../src/wire/http-response.ts'
import type { TrailerRules } from '../../src/wire/http-trailer.ts'
import { type Cuts, pieces } from './pieces.ts'

export const roomy: HeadLimits = { headBytes: 16_384, headers: 100 }

/** The lines of a head, and the empty one behind them. One character is one byte. */
export function head(...lines: readonly string[]): Buffer {
  return Buffer.from([...lines, '', ''].join('\r\n'), 'latin1')
}

export function fieldsOf(...lines: readonly string[]): HttpFields {
  const fields = new HttpFields()
  for (const line of lines) {
    const colon = line.indexOf(':')
    fields.add(line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''))
  }
  return fields
}

export interface WholeHead {
  readonly raw: RawHead
  /** Bytes of the input that are the head. */
  readonly consumed: number
}

/** @returns undefined if the input ends inside the head. */
export function readHead(
  input: Buffer,
  cuts: Cuts = [],
  limits: HeadLimits = roomy,
): WholeHead | HeadError | undefined {
  const reader = new HeadReader(limits)
  let before = 0
  for (const piece of pieces(input, cuts)) {
    const raw = reader.read(piece, 0)
    if (raw instanceof HeadError) return raw
    if (raw !== undefined) return { raw, consumed: before + reader.consumed }
    before += piece.length
  }
  return undefined
}

/** @throws Error if the lines are not even a head. */
export function readRequest(...lines: readonly string[]): RequestHead | HeadError {
  return readRequestHead(rawOf(lines))
}

/** @throws Error if the lines are not even a head. */
export function readResponse(...lines: readonly string[]): ResponseHead | HeadError {
  return readResponseHead(rawOf(lines), 'GET')
}

function rawOf(lines: readonly string[]): RawHead {
  const whole = readHead(head(...lines))
  if (whole === undefined || whole instanceof HeadError)
    throw new Error(`no head: ${whole?.detail}`)
  return whole.raw
}

/** What was meant to be read. @throws Error if it was refused. */
export function accepted<T>(read: T | HeadError | undefined): T {
  if (read === undefined) throw new Error('incomplete')
  if (read instanceof HeadError) throw new Error(`refused: ${read.detail}`)
  return read
}

/** `fault: detail` of a refusal. @throws Error if it was not refused. */
export function refusal(read: unknown): string {
  if (read instanceof HeadError) return `${read.fault}: ${read.detail}`
  throw new Error(read === undefined ? 'incomplete' : 'accepted')
}

export interface FollowedBody {
  /** Bytes of the input that belong to the body, as far as it came. */
  readonly passed: number
  readonly isComplete: boolean
  readonly fault: string | undefined
}

/** Names that may stand behind a body: all but those that begin with an X. */
export const someTrailers: TrailerRules = { mayTrail: (name) => !name.startsWith('x') }

export function followBody(input: Buffer, framing: BodyFraming, cuts: Cuts = []): FollowedBody {
  const body = new BodyFollower(framing, someTrailers)
  let passed = 0
  for (const piece of pieces(input, cuts)) {
    const end = body.follow(piece, 0)
    passed += end
    if (body.isComplete || body.fault !== undefined) break
    if (end !== piece.length) throw new Error('a body stopped before its end')
  }
  return { passed, isComplete: body.isComplete, fault: body.fault }
}
