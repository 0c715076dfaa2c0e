/**
 * Raw DEFLATE (RFC 1951) without a stream around it: one synchronous call a message, and a state that
 * can be kept from one message to the next.
 *
 * It leans on the object inside zlib's streams, which is the same in Bun and Node but private: nothing
 * else in them compresses at once and keeps its window. `test/wire/raw-deflate.test.ts` fails when the
 * runtime changes it. Results are views of one buffer a class, valid until its next call.
 */
import { constants, createDeflateRaw } from 'node:zlib'

/** What is used of it. */
interface ZlibHandle {
  onerror: (message: string, errno: number, code: string) => void
  init(
    windowBits: number,
    level: number,
    memLevel: number,
    strategy: number,
    left: Uint32Array,
    callback: () => void,
    dictionary: undefined,
  ): void
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputBytes: number,
    output: Uint8Array,
    outputOffset: number,
    outputBytes: number,
  ): void
  reset(): void
  close(): void
}

/** What a sync flush ends with, and senders of messages leave out (RFC 7692 §7.2.1). */
export const flushTail = Buffer.from([0x00, 0x00, 0xff, 0xff])
const nothing = Buffer.alloc(0)
/** Room for one result; a larger one comes in pieces. */
const outputBytes = 64 * 1024
const deflated = Buffer.allocUnsafeSlow(outputBytes)
const inflated = Buffer.allocUnsafeSlow(outputBytes)
/** After each call: room left in the output, and bytes of the input that were not used. */
const left = new Uint32Array(2)
/** zlib's default: what a deflater keeps of its own output. */
const memLevel = 8

const Handle = handleClass()
let hasFailed = false

function handleClass(): new (mode: number) => ZlibHandle {
  const stream: unknown = createDeflateRaw()
  const handle = (stream as { readonly _handle?: unknown })._handle
  if (typeof handle !== 'object' || handle === null || !('writeSync' in handle))
    throw new TypeError('zlib streams of this runtime have no handle: compression cannot work')
  return handle.constructor as new (mode: number) => ZlibHandle
}

function open(mode: number, windowBits: number, level: number): ZlibHandle {
  const handle = new Handle(mode)
  handle.init(
    windowBits,
    level,
    memLevel,
    constants.Z_DEFAULT_STRATEGY,
    left,
    noCallback,
    undefined,
  )
  handle.onerror = fail
  return handle
}

function fail(): void {
  hasFailed = true
}

function noCallback(): void {}

/**
 * Memory of a deflater, once it has met bytes that it cannot make smaller: tables, whose size does not depend
 * on the window, and four times the window (measured with the pinned runtime).
 */
export function deflaterBytes(windowBits: number): number {
  return 186 * 1024 + 2 ** (windowBits + 2)
}

/** Memory of an inflater once its window is full. */
export function inflaterBytes(windowBits: number): number {
  return 16 * 1024 + 2 ** windowBits
}

export class RawDeflate {
  readonly #handle: ZlibHandle

  /** @param windowBits 9 to 15. @param level 1 to 9. */
  constructor(windowBits: number, level: number) {
    this.#handle = open(constants.DEFLATERAW, windowBits, level)
  }

  /** @returns all of it, `flushTail` at the end; nothing where there was nothing to say. */
  deflate(input: Buffer): Buffer {
    let offset = 0
    let pieces: Buffer[] | undefined
    for (;;) {
      const rest = input.length - offset
      this.#handle.writeSync(constants.Z_SYNC_FLUSH, input, offset, rest, deflated, 0, outputBytes)
      const piece = deflated.subarray(0, outputBytes - left[0]!)
      offset = input.length - left[1]!
      if (left[0]! > 0) return pieces === undefined ? piece : Buffer.concat([...pieces, piece])
      pieces ??= []
      pieces.push(Buffer.from(piece))
    }
  }

  /** Forgets everything before. */
  reset(): void {
    this.#handle.reset()
  }

  close(): void {
    this.#handle.close()
  }
}

export class RawInflate {
  readonly #handle: ZlibHandle
  #input: Buffer = nothing
  #offset = 0
  /** Whether all of the input has been used, and all that comes of it given out. */
  isDone = true
  /** Whether the input is no DEFLATE. */
  isCorrupt = false

  /** @param windowBits 8 to 15; a sender that refers back further is corrupt. */
  constructor(windowBits: number) {
    this.#handle = open(constants.INFLATERAW, windowBits, 0)
  }

  /** Gives it the next input, once it is done with the last. */
  feed(input: Buffer): void {
    this.#input = input
    this.#offset = 0
    this.isDone = false
  }

  /** @returns what comes next of the input, up to 64 KB; may be empty. */
  next(): Buffer {
    hasFailed = false
    let produced = this.#inflate(0)
    // Input is left and so is room: a block was the last of its stream. More may follow it (RFC 7692
    // §7.2.3.4), so begin anew behind it.
    while (!this.isDone && !this.isCorrupt && produced < outputBytes) {
      this.#handle.reset()
      produced = this.#inflate(produced)
    }
    if (this.isCorrupt) this.isDone = true
    if (this.isDone) this.#input = nothing
    return inflated.subarray(0, produced)
  }

  /** @param produced bytes that are in the output already. @returns how many are then. */
  #inflate(produced: number): number {
    const rest = this.#input.length - this.#offset
    this.#handle.writeSync(
      constants.Z_SYNC_FLUSH,
      this.#input,
      this.#offset,
      rest,
      inflated,
      produced,
      outputBytes - produced,
    )
    if (hasFailed) {
      this.isCorrupt = true
      return 0
    }
    this.#offset = this.#input.length - left[1]!
    this.isDone = left[1] === 0 && left[0]! > 0
    return outputBytes - left[0]!
  }

  reset(): void {
    this.#handle.reset()
    this.#input = nothing
    this.isDone = true
    this.isCorrupt = false
  }

  close(): void {
    this.#handle.close()
  }
}
