/**
 * What one end of a simulated connection makes of the frames it gets, read strictly and independently of the
 * gateway's own readers: a frame that no peer may send is a fault, and so is a message that cannot be inflated.
 */
import { RawInflate } from '../../src/wire/raw-deflate.ts'
import { mask, readKey } from '../../src/wire/mask.ts'
import { mayClose } from '../support/frame-oracle.ts'

export interface FrameInputOptions {
  /** True for what clients send. */
  readonly isMasked: boolean
  /** How the sender compresses, where it was agreed; whether its window outlasts a message. */
  readonly deflate: { readonly isTakeover: boolean } | undefined
  readonly onMessage: (opcode: number, payload: Buffer, wireBytes: number) => void
  readonly onControl: (opcode: number, payload: Buffer) => void
  readonly onFault: (fault: string) => void
}

const flushTail = Buffer.from([0, 0, 0xff, 0xff])
const nothing = Buffer.alloc(0)
/** Of whoever keeps no window, who is done with it before anybody else runs. */
const shared = new RawInflate(15)

export class FrameInput {
  readonly #options: FrameInputOptions
  readonly #inflate: RawInflate | undefined
  #rest: Buffer = nothing
  #pieces: Buffer[] | undefined
  #opcode = 0
  #isCompressed = false
  /** Of the whole frames of the message under way. */
  #wireBytes = 0
  isFaulty = false
  /** A Close was read: nothing may follow. */
  isClosed = false

  constructor(options: FrameInputOptions) {
    this.#options = options
    this.#inflate = options.deflate?.isTakeover === true ? new RawInflate(15) : undefined
  }

  /** Whether all that came ends between two frames. */
  get isAtBoundary(): boolean {
    return this.#rest.length === 0
  }

  /** Bytes that came of a message that is not whole. */
  get unfinishedBytes(): number {
    return this.#wireBytes + this.#rest.length
  }

  get isInMessage(): boolean {
    return this.#pieces !== undefined || this.#rest.length > 0
  }

  feed(chunk: Buffer): void {
    if (this.isFaulty) return
    if (this.isClosed) return void this.#fail(`${chunk.length} bytes behind a Close`)
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (!this.isFaulty && this.#readFrame());
    if (this.isClosed && this.#rest.length > 0) this.#fail('bytes behind a Close')
  }

  close(): void {
    this.#inflate?.close()
  }

  #readFrame(): boolean {
    if (this.isClosed) return false
    const [first, second] = this.#rest
    if (first === undefined || second === undefined) return false
    const headerBytes = headerBytesOf(second)
    if (this.#rest.length < headerBytes) return false
    const length = lengthOf(this.#rest)
    const opcode = first & 0x0f
    const reserved = (first >> 4) & 7
    const isFinal = first >= 0x80
    const isMasked = second >= 0x80
    const isControl = opcode >= 8
    if (isMasked !== this.#options.isMasked) return this.#fail('a frame masked wrongly')
    if (isControl && (length > 125 || !isFinal || reserved !== 0 || opcode > 10))
      return this.#fail('a control frame that is none')
    if (!isControl && opcode > 2) return this.#fail(`opcode ${opcode}`)
    if (!isControl && (opcode === 0) !== (this.#pieces !== undefined))
      return this.#fail(opcode === 0 ? 'a continuation of nothing' : 'a message inside a message')
    const mayCompress = this.#options.deflate !== undefined && opcode !== 0
    if (!isControl && reserved !== 0 && !(reserved === 4 && mayCompress))
      return this.#fail('reserved bits')
    const end = headerBytes + length
    if (this.#rest.length < end) return false
    const payload = Buffer.from(this.#rest.subarray(headerBytes, end))
    if (isMasked) mask(payload, 0, payload.length, readKey(this.#rest, headerBytes - 4))
    this.#rest = this.#rest.subarray(end)
    if (isControl) return this.#control(opcode, payload)
    if (opcode !== 0) {
      this.#opcode = opcode
      this.#isCompressed = reserved === 4
      this.#wireBytes = 0
      this.#pieces = []
    }
    this.#wireBytes += end
    this.#pieces?.push(payload)
    if (isFinal) this.#message(this.#pieces ?? [])
    return true
  }

  #control(opcode: number, payload: Buffer): boolean {
    if (opcode === 8 && !mayClose(payload)) return this.#fail('a Close that may not travel')
    if (opcode === 8) this.isClosed = true
    this.#options.onControl(opcode, payload)
    return true
  }

  #message(pieces: Buffer[]): void {
    this.#pieces = undefined
    const wire = Buffer.concat(pieces)
    const payload = this.#isCompressed ? this.#inflated(wire) : wire
    const wireBytes = this.#wireBytes
    this.#wireBytes = 0
    if (payload !== undefined) this.#options.onMessage(this.#opcode, payload, wireBytes)
  }

  #inflated(wire: Buffer): Buffer | undefined {
    const inflate = this.#inflate ?? shared
    if (inflate === shared) inflate.reset()
    const pieces: Buffer[] = []
    inflate.feed(Buffer.concat([wire, flushTail]))
    while (!inflate.isDone) pieces.push(Buffer.from(inflate.next()))
    if (!inflate.isCorrupt) return Buffer.concat(pieces)
    this.#fail(`a message of ${wire.length} bytes that cannot be inflated`)
    return undefined
  }

  #fail(fault: string): false {
    if (!this.isFaulty) this.#options.onFault(fault)
    this.isFaulty = true
    return false
  }
}

function headerBytesOf(second: number): number {
  const short = second & 0x7f
  return (short < 126 ? 2 : short === 126 ? 4 : 10) + (second >= 0x80 ? 4 : 0)
}

/** Of the payload of the frame these bytes begin with, its header being whole. */
function lengthOf(bytes: Buffer): number {
  const short = bytes.readUInt8(1) & 0x7f
  if (short < 126) return short
  return short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
}
