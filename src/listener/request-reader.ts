/**
 * One client connection, request after request: reads each head, follows the body, and hands the
 * request to whoever serves it. Ends when an upgrade takes the stream over.
 *
 * Requests are served one at a time, in order. Bytes behind a request whose answer is still coming
 * wait here, and the stream is paused as soon as there is more than one chunk of them.
 */
import type { BodySink } from '../core/body.ts'
import type { ByteStream, ByteStreamHandler } from '../core/byte-stream.ts'
import type { ErrorCode } from '../core/errors.ts'
import { BodyFollower } from '../wire/http-body.ts'
import { HeadError, HeadReader, type HeadLimits } from '../wire/http-head.ts'
import { readRequestHead } from '../wire/http-request.ts'
import type { TrailerRules } from '../wire/http-trailer.ts'
import { ClientRequest, type Refusal, type RequestOwner } from './client-request.ts'
import type { ListenerClient } from './opening.ts'
import { encodeRefusal } from './refuse.ts'

export interface ReaderOptions {
  /** The listener's name, which may change. */
  readonly listener: string
  readonly limits: HeadLimits
  /** From a head's first byte, or the connection's start, to the head's end. */
  readonly headTimeoutMs: number
  /** The longest silence inside a request's body. */
  readonly bodyTimeoutMs: number
  /** Between two requests. */
  readonly idleTimeoutMs: number
  readonly onRequest: (request: ClientRequest, client: ListenerClient) => void
  readonly onRefuse: (refusal: Refusal) => void
  /** The connection is gone, or somebody else's. */
  readonly onRelease: (reader: RequestReader) => void
}

/** Bytes that are held without a pause: pausing and resuming cost more than a small body. */
const maxHeldBytes = 16_384
/** Bytes of answers a client may leave untaken before its next pipelined request is looked at. */
const maxUntakenBytes = 65_536

export class RequestReader implements ByteStreamHandler, RequestOwner, TrailerRules {
  readonly stream: ByteStream
  readonly client: ListenerClient
  readonly #options: ReaderOptions
  readonly #head: HeadReader
  /** The request being served, from its head until its answer is whole. */
  #request: ClientRequest | undefined
  #body: BodyFollower | undefined
  #sink: BodySink | undefined
  /** What arrived and may not be read yet: body without a sink, or bytes behind the request. */
  #rest: Buffer | undefined
  #timer: Timer | undefined
  #isReading = false
  /** Whoever reads the body cannot take more at the moment. */
  #isBodyPaused = false
  /** No request has come yet. */
  #isFresh = true
  /** This is the last request. */
  #isLeaving = false
  /** No further request is read; what still arrives is discarded. */
  #isEnding = false

  constructor(stream: ByteStream, client: ListenerClient, options: ReaderOptions) {
    this.stream = stream
    this.client = client
    this.#options = options
    this.#head = new HeadReader(options.limits)
    stream.handler = this
    this.#setTimer(options.headTimeoutMs)
  }

  get listener(): string {
    return this.#options.listener
  }

  get isLeaving(): boolean {
    return this.#isLeaving
  }

  get isBodyRead(): boolean {
    return this.#body?.isComplete ?? true
  }

  /** Whether no request is being served or arriving. */
  get isIdle(): boolean {
    return this.#request === undefined && !this.#head.hasBegun
  }

  /**
   * Lets a request under way be answered, then ends the connection.
   * @param isPatient whoever has not asked for anything yet may do so, for as long as a head may take.
   */
  leave(isPatient = false): void {
    this.#isLeaving = true
    if (this.isIdle && !(isPatient && this.#isFresh)) this.#end()
  }

  destroy(): void {
    this.stream.destroy()
  }

  // What the stream says.

  streamOnData(chunk: Buffer): void {
    if (this.#isEnding) return
    if (this.#rest === undefined) return this.#read(chunk)
    this.#rest = Buffer.concat([this.#rest, chunk])
    this.stream.pause()
  }

  streamOnDrain(): void {
    this.#request?.onDrain?.()
    this.#readRest()
  }

  /** A client that ends its side has gone away; nginx and Node's server see it so too. */
  streamOnEnd(): void {
    const isHalfAnswered = this.#request?.isAnswered === true
    this.#request?.ownerOnClose()
    this.#request = undefined
    // It must not take the part of the answer that it got for the whole.
    if (isHalfAnswered) this.stream.destroy()
    else this.stream.end()
  }

  streamOnClose(): void {
    this.#release()
    this.#request?.ownerOnClose()
    this.#request = undefined
  }

  // What the request says.

  readBody(sink: BodySink): void {
    this.#sink = sink
    this.#setTimer(this.#options.bodyTimeoutMs)
    if (this.isBodyRead) return this.#endBody()
    this.#readRest()
  }

  pauseBody(): void {
    this.#isBodyPaused = true
    clearTimeout(this.#timer)
    this.stream.pause()
  }

  resumeBody(): void {
    if (!this.#isBodyPaused) return
    this.#isBodyPaused = false
    if (!this.isBodyRead) this.#setTimer(this.#options.bodyTimeoutMs)
    if (this.#rest === undefined) this.stream.resume()
  }

  requestOnFinish(isKeptAlive: boolean): void {
    const isBodyRead = this.isBodyRead
    this.#request = undefined
    this.#body = undefined
    this.#sink = undefined
    this.#isBodyPaused = false
    if (!isKeptAlive || !isBodyRead || this.#isLeaving) return this.#end()
    this.#setTimer(this.#options.idleTimeoutMs)
    if (this.#rest === undefined) this.stream.resume()
    else this.#readRest()
  }

  requestOnRefuse(refusal: Refusal): void {
    this.#options.onRefuse(refusal)
  }

  requestOnTakeOver(): void {
    this.#request = undefined
    this.#release()
  }

  // Reading.

  /** Reads as much of the chunk as may be read now, and keeps what is left. */
  #read(chunk: Buffer): void {
    let offset = 0
    this.#isReading = true
    while (offset < chunk.length && !this.#isEnding && this.#mayRead()) {
      offset =
        this.#request === undefined ? this.#readHead(chunk, offset) : this.#readBody(chunk, offset)
    }
    this.#isReading = false
    if (this.#isEnding) return
    if (offset === chunk.length) {
      if (!this.#isBodyPaused) this.stream.resume()
      return
    }
    this.#rest = offset === 0 ? chunk : chunk.subarray(offset)
    if (this.#rest.length > maxHeldBytes) this.stream.pause()
    // Unless they are a body, which an upgrade must not have: that is refused as such.
    const isEarly = this.#request?.head.isUpgrade === true && this.isBodyRead
    if (isEarly) this.#request?.refuse('EARLY_DATA')
  }

  #readRest(): void {
    // While `#read` is on the stack, its loop goes on by itself.
    if (this.#rest === undefined || this.#isReading || !this.#mayRead()) return
    const rest = this.#rest
    this.#rest = undefined
    this.#read(rest)
  }

  /** Whether the next bytes belong to a head, or to a body that has a reader. */
  #mayRead(): boolean {
    if (this.#request === undefined) return this.stream.bufferedBytes <= maxUntakenBytes
    return this.#sink !== undefined && !this.isBodyRead
  }

  #readHead(chunk: Buffer, offset: number): number {
    if (!this.#head.hasBegun) this.#setTimer(this.#options.headTimeoutMs)
    const raw = this.#head.read(chunk, offset)
    if (raw === undefined) return chunk.length
    const head = raw instanceof HeadError ? raw : readRequestHead(raw)
    if (head instanceof HeadError) return this.#refuse(faultCodes[head.fault], head.detail, chunk)
    clearTimeout(this.#timer)
    this.#isFresh = false
    this.#body = new BodyFollower(head.body, this)
    this.#request = new ClientRequest(head, this)
    this.#options.onRequest(this.#request, this.client)
    return offset + this.#head.consumed
  }

  #readBody(chunk: Buffer, offset: number): number {
    const body = this.#body
    if (body === undefined) return chunk.length
    const end = body.follow(chunk, offset)
    if (end > offset) this.#sink?.bodyOnData(chunk.subarray(offset, end))
    if (body.fault !== undefined) {
      this.#request?.refuse('MALFORMED_REQUEST', body.fault)
      return chunk.length
    }
    if (body.isComplete) this.#endBody()
    else if (!this.#isBodyPaused) this.#timer?.refresh()
    return end
  }

  #endBody(): void {
    // The request may be over: then the timer is that of a connection that waits for the next.
    if (this.#sink === undefined) return
    clearTimeout(this.#timer)
    this.#sink.bodyOnEnd()
  }

  mayTrail(name: string): boolean {
    return this.#sink?.mayTrail?.(name) ?? true
  }

  /** Refuses bytes that do not make a request, and ends the connection: what follows cannot be understood. */
  #refuse(code: ErrorCode, detail: string, chunk: Buffer): number {
    this.stream.write(encodeRefusal(code, { detail, isKeptAlive: false, isHeadRequest: false }))
    this.#options.onRefuse({ code, detail, address: this.client.address, head: undefined })
    this.#end()
    return chunk.length
  }

  #end(): void {
    this.#isEnding = true
    this.#rest = undefined
    clearTimeout(this.#timer)
    this.stream.end()
  }

  #release(): void {
    clearTimeout(this.#timer)
    this.#options.onRelease(this)
  }

  #setTimer(delayMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(readerOnTimeout, delayMs, this)
  }

  /** Nothing came in time: a head, a body, or a next request. */
  onTimeout(): void {
    if (this.#request !== undefined)
      return this.#request.refuse('REQUEST_TIMEOUT', 'the body stopped arriving')
    if (this.isIdle) return this.#end()
    this.#refuse('REQUEST_TIMEOUT', 'the request head stopped arriving', Buffer.alloc(0))
  }
}

function readerOnTimeout(reader: RequestReader): void {
  reader.onTimeout()
}

const faultCodes = {
  malformed: 'MALFORMED_REQUEST',
  'too-large': 'HEAD_TOO_LARGE',
  version: 'HTTP_VERSION',
  method: 'METHOD_NOT_ALLOWED',
  coding: 'TRANSFER_CODING',
} as const
