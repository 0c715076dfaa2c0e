/**
 * One end of a WebSocket connection as a bare socket: it sends whatever a test wants it to, well formed or
 * not, and reads frames by the slow oracle of the tests, so that it owes nothing to the code under test.
 */
import type { Socket } from 'node:net'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { decode } from '../support/frame-oracle.ts'
import { frame, masked, someKey, type FrameParts, type MaskingKey } from '../support/frames.ts'
import { pieces, type Cuts } from '../support/pieces.ts'

export interface ReceivedFrame {
  readonly isFinal: boolean
  readonly reserved: number
  readonly opcode: number
  readonly key: MaskingKey | undefined
  /** Unmasked. */
  readonly payload: Buffer
  /** All of it, as it came. */
  readonly bytes: Buffer
}

export interface ReceivedMessage {
  readonly opcode: number
  /** Joined, and inflated. */
  readonly payload: Buffer
  readonly frames: readonly ReceivedFrame[]
}

export interface ReceivedClose {
  /** 1005: it had none. */
  readonly code: number
  readonly reason: string
}

/** What a flush leaves at the end of a compressed message, and is taken off it (RFC 7692 §7.2.1). */
const flushed = Buffer.from([0x00, 0x00, 0xff, 0xff])
const windowBytes = 32_768

export class End {
  /** The head of the request a server got, or of the 101 a client got. */
  readonly head: string
  /** How the other side left: with FIN, or with RST. */
  readonly farewell: Promise<'ended' | 'reset'>
  /** Control frames that were passed over while something else was waited for. */
  readonly controls: ReceivedFrame[] = []
  readonly #socket: Socket
  readonly #key: MaskingKey | undefined
  #received = Buffer.alloc(0)
  #isOver = false
  #onChange: (() => void) | undefined
  /** What the last compressed messages that came were, as far as later ones may refer back to it. */
  #window = Buffer.alloc(0)

  /** @param socket behind the handshake. */
  constructor(socket: Socket, role: 'client' | 'server', head: string) {
    this.head = head
    this.#socket = socket
    this.#key = role === 'client' ? someKey : undefined
    this.farewell = new Promise((resolve) => {
      socket.on('end', () => resolve('ended'))
      socket.on('error', () => resolve('reset'))
      socket.on('close', () => resolve('ended'))
    })
    void this.farewell.then(() => {
      this.#isOver = true
      this.#onChange?.()
    })
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#onChange?.()
    })
    socket.resume()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What came and was not taken. */
  get untaken(): Buffer {
    return this.#received
  }

  /** A frame as this end has to send it: masked or not. */
  frame(parts: FrameParts): Buffer {
    return frame({ key: this.#key, ...parts })
  }

  /** All of it in one write. */
  send(...bytes: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(bytes))
  }

  sendFrames(...frames: readonly FrameParts[]): void {
    this.send(...frames.map((parts) => this.frame(parts)))
  }

  /** Each piece is read before the next is sent: the gateway has this event loop too, and gets its turn. */
  async sendInPieces(bytes: Buffer, cuts: Cuts): Promise<void> {
    for (const piece of pieces(bytes, cuts)) {
      this.#socket.write(piece)
      await turn()
    }
  }

  /** The next frame. */
  async read(): Promise<ReceivedFrame> {
    for (;;) {
      const taken = this.#take()
      if (taken !== undefined) return taken
      await this.#change()
    }
  }

  /** When so many bytes have come that are not taken, be they a whole frame or not. */
  async arrival(bytes: number): Promise<void> {
    while (this.#received.length < bytes) await this.#change()
  }

  /** The next message. */
  async message(): Promise<ReceivedMessage> {
    const frames: ReceivedFrame[] = []
    for (;;) {
      const next = await this.read()
      if (next.opcode >= 8) this.controls.push(next)
      else frames.push(next)
      if (next.opcode === 8)
        throw new Error(`a Close came first: ${next.payload.toString('latin1')}`)
      if (next.opcode < 8 && next.isFinal) break
    }
    const [first] = frames
    if (first === undefined) throw new Error('a message without a frame')
    const payload = Buffer.concat(frames.map((each) => each.payload))
    const isCompressed = first.reserved === 4
    return {
      opcode: first.opcode,
      payload: isCompressed ? this.#inflate(payload) : payload,
      frames,
    }
  }

  /** The next frame of this opcode, what comes before it passed over. */
  async control(opcode: number): Promise<ReceivedFrame> {
    for (;;) {
      const next = await this.read()
      if (next.opcode === opcode) return next
    }
  }

  async close(): Promise<ReceivedClose> {
    const { payload } = await this.control(8)
    return {
      code: payload.length === 0 ? 1005 : payload.readUInt16BE(0),
      reason: payload.subarray(2).toString(),
    }
  }

  /** FIN. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  async #change(): Promise<void> {
    const untaken = this.#received.toString('hex', 0, 100)
    if (this.#isOver) throw new Error(`the connection is over; untaken: ${untaken}`)
    await new Promise<void>((resolve) => (this.#onChange = resolve))
  }

  #take(): ReceivedFrame | undefined {
    const header = decode(this.#received)
    if (header === undefined) return undefined
    const end = header.headerBytes + Number(header.length)
    if (this.#received.length < end) return undefined
    const bytes = this.#received.subarray(0, end)
    const payload = bytes.subarray(header.headerBytes)
    this.#received = this.#received.subarray(end)
    const { isFinal, reserved, opcode, key } = header
    return { isFinal, reserved, opcode, key, bytes, payload: key ? masked(payload, key) : payload }
  }

  #inflate(compressed: Buffer): Buffer {
    const message = inflateRawSync(Buffer.concat([compressed, flushed]), {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(this.#window.length > 0 && { dictionary: this.#window }),
    })
    this.#window = Buffer.concat([this.#window, message]).subarray(-windowBytes)
    return message
  }
}

export interface Deflating {
  /** What was sent before, if it may be referred back to. */
  readonly dictionary?: Buffer
  readonly windowBits?: number
  readonly level?: number
}

/** A message as permessage-deflate has it (RFC 7692 §7.2.1). */
export function deflated(message: Uint8Array | string, options: Deflating = {}): Buffer {
  const bytes = deflateRawSync(Buffer.from(message), {
    ...options,
    finishFlush: constants.Z_SYNC_FLUSH,
  })
  return bytes.subarray(0, -flushed.length)
}

/**
 * A message in a window of that size, into which only the end of what came before it fits.
 * @throws Error where it refers back further, but for the 64 bytes that are inflated at a time.
 */
export function inflated(
  compressed: Uint8Array,
  windowBits = 15,
  before = Buffer.alloc(0),
): Buffer {
  return inflateRawSync(Buffer.concat([compressed, flushed]), {
    finishFlush: constants.Z_SYNC_FLUSH,
    windowBits,
    chunkSize: 64,
    ...(before.length > 0 && { dictionary: before.subarray(-(2 ** windowBits)) }),
  })
}

/** What is ready to be read is read. */
export async function turn(): Promise<void> {
  for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve))
}
