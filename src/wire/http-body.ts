/**
 * Follows the body of an HTTP/1.1 message through a stream of bytes without touching it: says where
 * it ends, so that the bytes can be passed on as they are. Chunks are checked strictly (RFC 9112 §7.1).
 *
 * No I/O; the state is a few numbers.
 */
import type { HttpFields } from './http-fields.ts'
import { HeadError } from './http-head.ts'
import { TrailerFollower, type TrailerRules } from './http-trailer.ts'

/** How a message says where its body ends (RFC 9112 §6). */
export type BodyFraming =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

/** Bytes of a chunk's size line: 13 hexadecimal digits and an extension nobody uses. */
const maxSizeLineBytes = 256

/** What the fields say of the body; undefined where they say nothing. */
export function bodyFraming(fields: HttpFields, minor: 0 | 1): BodyFraming | HeadError | undefined {
  const coding = fields.get('transfer-encoding')
  const length = fields.get('content-length')
  if (fields.count('content-length') > 1 || fields.count('transfer-encoding') > 1) {
    return new HeadError('malformed', 'the length of the body is given twice')
  }
  if (coding !== undefined) {
    // RFC 9112 §6.1: both is how smuggling starts; and HTTP/1.0 knows no codings.
    if (length !== undefined)
      return new HeadError('malformed', 'both content-length and transfer-encoding')
    if (minor === 0) return new HeadError('malformed', 'transfer-encoding in HTTP/1.0')
    if (coding.toLowerCase() !== 'chunked')
      return new HeadError('coding', 'the transfer coding is not chunked')
    return { kind: 'chunked' }
  }
  if (length === undefined) return undefined
  if (!/^[0-9]{1,15}$/.test(length))
    return new HeadError('malformed', 'the content-length is not a number')
  return { kind: 'length', bytes: Number(length) }
}

type ChunkState = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer'

export class BodyFollower {
  readonly #kind: BodyFraming['kind']
  readonly #rules: TrailerRules
  /** Bytes still to come of the body, or of the chunk. */
  #remaining: number
  #state: ChunkState = 'size'
  #digits = 0
  #lineBytes = 0
  /** Behind the last chunk. */
  #trailer: TrailerFollower | undefined
  /** Whether the whole body has passed. A body that ends with the connection never says so itself. */
  isComplete: boolean
  /** What is wrong with the chunks, once something is. */
  fault: string | undefined

  constructor(framing: BodyFraming, rules: TrailerRules) {
    this.#kind = framing.kind
    this.#rules = rules
    this.#remaining = framing.kind === 'length' ? framing.bytes : 0
    this.isComplete = framing.kind === 'length' && framing.bytes === 0
  }

  /**
   * @returns the offset behind the last byte, from `start`, that belongs to this body. It is short of
   * the chunk's end only when the body `isComplete` or has a `fault`.
   */
  follow(chunk: Buffer, start: number): number {
    if (this.#kind === 'until-close') return chunk.length
    if (this.#kind === 'chunked') return this.#followChunks(chunk, start)
    const end = Math.min(chunk.length, start + this.#remaining)
    this.#remaining -= end - start
    this.isComplete = this.#remaining === 0
    return end
  }

  #followChunks(chunk: Buffer, start: number): number {
    let offset = start
    while (offset < chunk.length && !this.isComplete) {
      if (this.#state === 'data') {
        const end = Math.min(chunk.length, offset + this.#remaining)
        this.#remaining -= end - offset
        offset = end
        if (this.#remaining === 0) this.#state = 'data-cr'
        continue
      }
      this.#step(chunk[offset]!)
      if (this.fault !== undefined) return offset
      offset++
    }
    return offset
  }

  /** One byte of what stands around the data. */
  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        return this.#stepSize(byte)
      case 'extension':
        if (byte === CR) this.#state = 'size-lf'
        else if (isControl(byte) || ++this.#lineBytes > maxSizeLineBytes)
          this.fault = 'a chunk extension is malformed'
        return
      case 'size-lf':
        if (byte !== LF) return this.#fail('a chunk size line ends without LF')
        this.#state = this.#remaining === 0 ? 'trailer' : 'data'
        this.#lineBytes = 0
        return
      case 'data-cr':
        if (byte !== CR) return this.#fail('a chunk is longer than its size')
        this.#state = 'data-lf'
        return
      case 'data-lf':
        if (byte !== LF) return this.#fail('a chunk is longer than its size')
        this.#state = 'size'
        this.#digits = 0
        return
      case 'trailer':
        return this.#stepTrailer(byte)
    }
  }

  #stepSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      // 13 digits are 2^52: whole in a double.
      if (++this.#digits > 13) return this.#fail('a chunk size is too large')
      this.#remaining = this.#remaining * 16 + digit
    } else if (this.#digits === 0) {
      this.#fail('a chunk has no size')
    } else if (byte === CR) {
      this.#state = 'size-lf'
    } else if (byte === SEMICOLON) {
      this.#state = 'extension'
    } else {
      this.#fail('a chunk size is not hexadecimal')
    }
  }

  #stepTrailer(byte: number): void {
    const trailer = (this.#trailer ??= new TrailerFollower(this.#rules))
    trailer.step(byte)
    this.isComplete = trailer.isComplete
    this.fault = trailer.fault
  }

  #fail(fault: string): void {
    this.fault = fault
  }
}

const CR = 0x0d
const LF = 0x0a
const SEMICOLON = 0x3b

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
