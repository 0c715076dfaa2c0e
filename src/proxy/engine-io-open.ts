/**
 * The answer to the first poll of an Engine.IO session, on its way to the client: the session id in it gets
 * the endpoint's tag.
 *
 * Invariant: what is no open packet, or too long for one, passes as it came, head and framing included.
 */
import { isUtf8 } from 'node:buffer'
import type { GatewayError } from '../core/errors.ts'
import type { AnswerSink } from '../upstream/http-connection.ts'
import { HttpFields } from '../wire/http-fields.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { unchunked } from '../wire/unchunk.ts'

/** An open packet has some 120 bytes; what the application says at once may come behind it. */
export const maxOpenAnswerBytes = 65_536

const openPacket = 0x30 // '0'
const separator = 0x1e

export interface OpenAnswerOptions {
  readonly answer: ResponseHead
  /** Of the endpoint that gave it. */
  readonly tag: string
  /** Sends the head. Called before the first byte of the body, and once. */
  readonly sendHead: (answer: ResponseHead) => void
  /** Where the body goes. */
  readonly sink: AnswerSink
}

/** Collects the body until it can be told what it is. */
export class OpenAnswer implements AnswerSink {
  readonly #options: OpenAnswerOptions
  /** undefined once it passes as it comes. */
  #collected: Buffer[] | undefined = []
  #bytes = 0

  constructor(options: OpenAnswerOptions) {
    this.#options = options
    const { status, fields, body } = options.answer
    const coding = fields.get('content-encoding')?.toLowerCase() ?? 'identity'
    const isLong = body.kind === 'length' && body.bytes > maxOpenAnswerBytes
    if (status !== 200 || coding !== 'identity' || isLong) this.#passAsItComes()
  }

  bodyOnData(bytes: Buffer): void {
    if (this.#collected === undefined) return this.#options.sink.bodyOnData(bytes)
    this.#collected.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > maxOpenAnswerBytes) this.#passAsItComes()
  }

  bodyOnEnd(): void {
    const { answer, tag, sink, sendHead } = this.#options
    const tagged = this.#collected && tagOpenPacket(this.#body(), tag)
    if (tagged === undefined) this.#passAsItComes()
    else {
      this.#collected = undefined
      sendHead(withLength(answer, tagged.length))
      sink.bodyOnData(tagged)
    }
    sink.bodyOnEnd()
  }

  bodyOnFailure(error: GatewayError): void {
    this.#options.sink.bodyOnFailure(error)
  }

  mayTrail(name: string): boolean {
    return this.#options.sink.mayTrail?.(name) ?? true
  }

  #body(): Buffer {
    const whole = Buffer.concat(this.#collected ?? [])
    return this.#options.answer.body.kind === 'chunked' ? unchunked(whole) : whole
  }

  #passAsItComes(): void {
    const collected = this.#collected
    if (collected === undefined) return
    this.#collected = undefined
    const { answer, sendHead, sink } = this.#options
    sendHead(answer)
    for (const bytes of collected) sink.bodyOnData(bytes)
  }
}

/**
 * @param body one packet or several, separated.
 * @returns the same with `.tag` behind the sid; undefined if the first packet does not open a session.
 */
export function tagOpenPacket(body: Buffer, tag: string): Buffer | undefined {
  if (body[0] !== openPacket) return undefined
  const end = body.indexOf(separator)
  const packet = body.subarray(1, end < 0 ? body.length : end)
  const said = readObject(packet)
  if (typeof said?.['sid'] !== 'string') return undefined
  const tagged = `0${JSON.stringify({ ...said, sid: `${said['sid']}.${tag}` })}`
  return Buffer.concat([Buffer.from(tagged), body.subarray(1 + packet.length)])
}

function readObject(json: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(json)) return undefined
  try {
    const value: unknown = JSON.parse(json.toString())
    const isObject = typeof value === 'object' && value !== null
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    // Not JSON, so no open packet.
    return undefined
  }
}

/** The same head for a body of this length. */
function withLength(answer: ResponseHead, bytes: number): ResponseHead {
  const fields = new HttpFields()
  for (const { name, key, value } of answer.fields.list)
    if (!framing.has(key)) fields.add(name, value)
  fields.add('Content-Length', String(bytes))
  return { ...answer, fields, body: { kind: 'length', bytes } }
}

const framing = new Set(['content-length', 'transfer-encoding', 'trailer'])
