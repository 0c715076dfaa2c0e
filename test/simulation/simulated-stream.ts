/**
 * One end of a simulated connection: a `ByteStream` to the letter of its contract, the way `net/tcp-stream`
 * behaves on a kernel.
 *
 * Two buffers lie between a writer and the peer's reader: what the kernel has not taken, which is its own, and
 * what it has, which is of bounded size and travels even where the writer is gone, unless by a reset.
 */
import type { ByteStream, ByteStreamHandler, StreamClose } from '../../src/core/byte-stream.ts'
import type { Network } from './network.ts'

const defaultLingerMs = 2_000
/** How long a kernel takes to find out that the other one is gone. */
const keepAliveMs = 40_000
const nobody: ByteStreamHandler = {
  streamOnData() {},
  streamOnDrain() {},
  streamOnEnd() {},
  streamOnClose() {},
}

export class SimulatedStream implements ByteStream {
  handler: ByteStreamHandler = nobody
  sendTimeoutMs = 60_000
  readonly remoteAddress = '192.0.2.1'
  isPaused = false
  isClosed = false
  mostBufferedBytes = 0
  /** Hears of bytes the kernel takes, and of bytes the handler is about to get. */
  onTaken: ((bytes: Buffer) => void) | undefined
  onRead: ((bytes: Buffer) => void) | undefined

  readonly #network: Network
  readonly #kernelBytesMost: number
  #peer: SimulatedStream | undefined
  /** Not taken by the kernel. */
  #queue: Buffer = nothing
  /** Taken, and not read by the peer. */
  #kernel: Buffer = nothing
  /** FIN is behind what the kernel has. */
  #hasFin = false
  #isFinRead = false
  #isEnding = false
  /** The peer's FIN was read. */
  #isPeerDone = false
  #lingerMs = Infinity
  #callOffLinger: (() => void) | undefined
  #callOffStall: (() => void) | undefined
  #hasProgressed = false
  #isTravelling = false
  #isFlushing = false
  /** Nothing travels from here, for now or for ever. */
  #isCut = false
  /** How often that was so. */
  #cuts = 0
  /** The end of this side is not told by a FIN. */
  #isReset = false

  constructor(network: Network) {
    this.#network = network
    this.#kernelBytesMost = network.bufferBytes()
  }

  join(peer: SimulatedStream): void {
    this.#peer = peer
  }

  get bufferedBytes(): number {
    return this.#queue.length
  }

  /** Whether nothing gets through, at the moment or ever. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Bytes that the kernel has taken and the peer has not read. */
  get travellingBytes(): number {
    return this.#kernel.length
  }

  write(bytes: Uint8Array): number {
    if (this.isClosed || this.#isEnding || bytes.length === 0) return this.#queue.length
    const isWaiting = this.#queue.length > 0
    // A view: a writer who changes later what was written is found out by a kernel that takes it later.
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#queue = isWaiting ? Buffer.concat([this.#queue, view]) : view
    if (!isWaiting) this.#take()
    this.mostBufferedBytes = Math.max(this.mostBufferedBytes, this.#queue.length)
    if (isWaiting) return this.#queue.length
    if (this.#queue.length > 0) this.#watchProgress()
    return this.#queue.length
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.#peer?.travel()
    // As the sockets of Bun do.
    if (this.#network.random.below(8) === 0) this.#network.after(() => this.#tellDrain())
  }

  end(lingerMs = defaultLingerMs): void {
    if (this.isClosed) return
    this.#lingerMs = Math.min(this.#lingerMs, lingerMs)
    this.#isEnding = true
    if (this.#queue.length === 0) this.#finish()
  }

  destroy(): void {
    this.#close('destroyed', true)
  }

  // What the network does.

  /** Nothing travels from here any more, nor does anything get here, until `mend`. */
  cut(): void {
    for (const end of [this, this.#peer]) {
      if (end === undefined || end.#isCut) continue
      end.#isCut = true
      const cuts = ++end.#cuts
      // What finds it in the end, where nobody says a word.
      this.#network.clock.after(keepAliveMs, () => {
        if (end.#isCut && end.#cuts === cuts) end.#closeReset()
      })
    }
  }

  mend(): void {
    for (const end of [this, this.#peer]) {
      if (end === undefined || !end.#isCut) continue
      end.#isCut = false
      end.travel()
      if (end.isClosed && end.#isReset) end.#tellReset()
    }
  }

  /** Lets go on what can. */
  travel(): void {
    if (this.#isTravelling || this.#isCut || this.#isReset) return
    const hasEnd = this.#hasFin && !this.#isFinRead
    if (this.#kernel.length === 0 && !hasEnd) return
    const peer = this.#peer
    if (peer === undefined || (peer.isPaused && !peer.isClosed)) return
    this.#isTravelling = true
    this.#network.after(() => this.#arrive())
  }

  #arrive(): void {
    this.#isTravelling = false
    const peer = this.#peer
    if (peer === undefined || this.#isCut || this.#isReset) return
    if (peer.isClosed) {
      // Nobody is there to read it: the peer's kernel answers with a reset.
      if (this.#kernel.length > 0) peer.#isReset = true
      this.#kernel = nothing
      if (peer.#isReset) peer.#tellReset()
      return
    }
    if (peer.isPaused) return
    if (this.#kernel.length > 0) {
      this.#deliver(this.#network.partOf(this.#kernel.length))
      if (this.#queue.length > 0) this.#flushLater()
    } else if (this.#hasFin && !this.#isFinRead) {
      this.#isFinRead = true
      peer.#readFin()
    }
    this.travel()
  }

  #deliver(bytes: number): void {
    const peer = this.#peer
    if (peer === undefined || bytes === 0) return
    // With memory of its own, as it belongs to the receiver.
    const chunk = Buffer.from(this.#kernel.subarray(0, bytes))
    this.#kernel = this.#kernel.subarray(bytes)
    // A copy, as the receiver may change what is its own.
    peer.onRead?.(Buffer.from(chunk))
    peer.handler.streamOnData(chunk)
  }

  #readFin(): void {
    this.#isPeerDone = true
    this.handler.streamOnEnd()
    if (this.#isEnding && this.#queue.length === 0) this.#close('ended', false)
  }

  /** The kernel takes some of what waits, as far as it has room. */
  #take(): void {
    const room = this.#kernelBytesMost - this.#kernel.length
    const most = Math.min(room, this.#queue.length)
    const bytes = most <= 0 ? 0 : this.#network.partOf(most)
    if (bytes > 0) {
      const taken = this.#queue.subarray(0, bytes)
      this.#queue = this.#queue.subarray(bytes)
      this.#kernel = Buffer.concat([this.#kernel, taken])
      this.#hasProgressed = true
      this.onTaken?.(taken)
      this.travel()
    }
    if (this.#queue.length > 0 && this.#kernel.length < this.#kernelBytesMost) this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#network.after(() => {
      this.#isFlushing = false
      if (this.isClosed || this.#queue.length === 0) return
      this.#take()
      if (this.#queue.length > 0) return
      this.#callOffStall?.()
      this.#callOffStall = undefined
      if (this.#isEnding) this.#finish()
      else this.handler.streamOnDrain()
    })
  }

  #tellDrain(): void {
    if (!this.isClosed && !this.#isEnding && this.#queue.length === 0) this.handler.streamOnDrain()
  }

  #watchProgress(): void {
    this.#hasProgressed = false
    this.#callOffStall?.()
    this.#callOffStall = this.#network.clock.after(this.sendTimeoutMs, () => {
      this.#callOffStall = undefined
      if (this.#queue.length === 0) return
      if (this.#hasProgressed) this.#watchProgress()
      else this.#close('stalled', true)
    })
  }

  #finish(): void {
    if (this.isClosed) return
    this.#hasFin = true
    this.travel()
    if (this.#isPeerDone || this.#lingerMs === 0) return this.#close('ended', false)
    // A paused stream would never see the peer's FIN.
    this.resume()
    this.#callOffLinger?.()
    this.#callOffLinger = this.#network.clock.after(this.#lingerMs, () => this.end(0))
  }

  #close(reason: StreamClose, isReset: boolean): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#callOffLinger?.()
    this.#callOffStall?.()
    this.#network.open.delete(this)
    const peer = this.#peer
    if (isReset) {
      this.#isReset = true
      if (!this.#isCut) this.#tellReset()
    } else if (peer !== undefined) peer.travel()
    this.handler.streamOnClose(reason)
    this.#queue = nothing
  }

  /** The peer hears of a reset: whatever has not arrived by then never will, but for some of it. */
  #tellReset(): void {
    this.#network.after(() => {
      const peer = this.#peer
      if (peer === undefined || peer.isClosed) return
      if (this.#isCut) return
      const { random } = this.#network
      if (this.#kernel.length > 0 && random.below(2) === 0)
        this.#deliver(1 + random.below(this.#kernel.length))
      this.#kernel = nothing
      peer.#closeReset()
    })
  }

  #closeReset(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#isReset = true
    this.#callOffLinger?.()
    this.#callOffStall?.()
    this.#network.open.delete(this)
    this.#kernel = nothing
    this.handler.streamOnClose('reset')
    this.#queue = nothing
  }
}

const nothing = Buffer.alloc(0)
