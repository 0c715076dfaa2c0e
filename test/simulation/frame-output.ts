/**
 * What one end of a simulated connection sends: messages in fragments and fragments in pieces, with pauses
 * between them, and control frames wherever one may be.
 */
import type { ByteStream } from '../../src/core/byte-stream.ts'
import { RawDeflate } from '../../src/wire/raw-deflate.ts'
import {
  encodeClose,
  encodeFrame,
  headerBytesOf,
  writeFrame,
} from '../../src/wire/frame-encoder.ts'
import type { Network } from './network.ts'

export interface FrameOutputOptions {
  readonly network: Network
  readonly stream: ByteStream
  /** True for a client. */
  readonly isMasked: boolean
  /** How messages are compressed, where it was agreed; whether the window outlasts a message. */
  readonly deflate: { readonly isTakeover: boolean } | undefined
  /** Out of 100 gaps, how many are long ones. */
  readonly slowness: number
}

interface Job {
  /** Whole frames. */
  readonly frames: Buffer[]
  /** Called when the last byte was written. */
  readonly onSent: (() => void) | undefined
}

const nothing = Buffer.alloc(0)
/** Of whoever keeps no window. */
const shared = new RawDeflate(15, 1)
/** What a writer leaves to its stream, before it waits until that is taken. */
const mostBufferedBytes = 4_096

export class FrameOutput {
  readonly #options: FrameOutputOptions
  readonly #deflate: RawDeflate | undefined
  readonly #jobs: Job[] = []
  readonly #controls: Buffer[] = []
  /** Of the frame under way. */
  #rest: Buffer | undefined
  #isWaiting = false
  isOver = false
  #goodbye: Buffer | undefined
  #isSayingGoodbye = false
  #onGoodbye: (() => void) | undefined

  constructor(options: FrameOutputOptions) {
    this.#options = options
    if (options.deflate?.isTakeover === true) this.#deflate = new RawDeflate(15, 1)
  }

  /** Messages that have begun to be written and are not yet, and those that wait. */
  get isIdle(): boolean {
    return this.#jobs.length === 0 && this.#rest === undefined && this.#controls.length === 0
  }

  message(opcode: number, payload: Buffer, onSent?: () => void): void {
    if (this.isOver || this.#goodbye !== undefined) return
    const { random } = this.#options.network
    const isCompressed = this.#options.deflate !== undefined && random.below(4) > 0
    const body = isCompressed ? this.#deflated(payload) : payload
    const count = random.below(3) > 0 ? 1 : 1 + random.below(4)
    const cuts = Array.from({ length: count - 1 }, () => random.below(body.length + 1))
    const ends = [...cuts.toSorted((a, b) => a - b), body.length]
    const frames = ends.map((end, index) => {
      const last = index === ends.length - 1 ? 0x80 : 0
      const first = index > 0 ? last : last | (isCompressed ? 0x40 : 0) | opcode
      return this.#frame(first, body.subarray(ends[index - 1] ?? 0, end))
    })
    this.#jobs.push({ frames, onSent })
    this.#pump()
  }

  control(opcode: number, payload: Buffer): void {
    if (this.isOver || this.#goodbye !== undefined) return
    this.#controls.push(encodeFrame(opcode, payload, this.#options))
    this.#pump()
  }

  /** Says goodbye. @param isPatient whether behind all messages, not only behind the frame under way. */
  close(code: number | undefined, isPatient: boolean, onSent: () => void): void {
    if (this.isOver || this.#goodbye !== undefined) return
    this.#goodbye =
      code === undefined
        ? encodeFrame(8, nothing, this.#options)
        : encodeClose(code, 'simulated', this.#options)
    this.#onGoodbye = onSent
    // The frame under way is written to its end, and may be the last of its message.
    const [job] = this.#jobs
    const isLast = this.#rest !== undefined && job?.frames.length === 0
    if (!isPatient) this.#jobs.length = isLast ? 1 : 0
    this.#pump()
  }

  /** Nothing more is written. */
  stop(): void {
    if (this.isOver) return
    this.isOver = true
    this.#deflate?.close()
  }

  /** The stream has room. */
  drained(): void {
    this.#pump()
  }

  #frame(first: number, payload: Buffer): Buffer {
    const { isMasked } = this.#options
    const bytes = Buffer.alloc(headerBytesOf(payload.length, isMasked) + payload.length)
    writeFrame(bytes, 0, first, payload, isMasked)
    return bytes
  }

  #deflated(payload: Buffer): Buffer {
    const deflate = this.#deflate ?? shared
    if (deflate === shared) deflate.reset()
    return Buffer.from(deflate.deflate(payload).subarray(0, -4))
  }

  #pump(): void {
    if (this.#isWaiting || this.isOver) return
    const { network, stream, slowness } = this.#options
    while (!this.isOver) {
      if (stream.bufferedBytes > mostBufferedBytes) return
      if (!this.#writeNext()) return
      const { random } = network
      if (random.below(3) > 0) continue
      const isLong = random.below(100) < slowness
      this.#isWaiting = true
      network.clock.after(isLong ? random.below(120) : random.below(3), () => {
        this.#isWaiting = false
        this.#pump()
      })
      return
    }
  }

  /** @returns whether there was something. */
  #writeNext(): boolean {
    const { network, stream } = this.#options
    this.#rest ??= this.#controls.shift() ?? this.#nextFrame()
    const rest = this.#rest
    if (rest === undefined) return false
    const bytes = network.partOf(rest.length)
    this.#rest = bytes === rest.length ? undefined : rest.subarray(bytes)
    stream.write(Buffer.from(rest.subarray(0, bytes)))
    if (this.#rest === undefined) this.#frameWritten()
    return true
  }

  #nextFrame(): Buffer | undefined {
    const [job] = this.#jobs
    if (job !== undefined) return job.frames.shift()
    this.#isSayingGoodbye = this.#goodbye !== undefined
    return this.#goodbye
  }

  #frameWritten(): void {
    const [job] = this.#jobs
    if (job?.frames.length === 0) {
      this.#jobs.shift()
      job.onSent?.()
    } else if (this.#isSayingGoodbye) {
      this.stop()
      this.#onGoodbye?.()
    }
  }
}
