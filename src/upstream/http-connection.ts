/**
 * One connection to an endpoint, on which requests are sent and answers read, one at a time.
 *
 * An answer's head is given as a promise; its body waits here, with the stream paused, until somebody
 * reads it, so nothing is lost in between. A 101 ends with `takeOver`.
 */
import type { BodySink } from '../core/body.ts'
import type { ByteStream, ByteStreamHandler, StreamClose } from '../core/byte-stream.ts'
import { GatewayError, type ErrorCode } from '../core/errors.ts'
import { BodyFollower } from '../wire/http-body.ts'
import { HeadError, HeadReader } from '../wire/http-head.ts'
import { readResponseHead, type ResponseHead } from '../wire/http-response.ts'
import type { TrailerRules } from '../wire/http-trailer.ts'

/** What an upstream's answer may have; servers send more than clients, cookies above all. */
const headLimits = { headBytes: 65_536, headers: 200 }
/** Bytes of a body that are held without a pause: whoever reads it is about to. */
const maxHeldBytes = 16_384
/** Interim answers before the final one; a server that sends more is broken. */
const maxInterim = 16

export interface AnswerSink extends BodySink {
  /** The body broke off. */
  bodyOnFailure(error: GatewayError): void
}

/** What happens on the connection besides the answer. */
export interface ExchangeEvents {
  /** A 1xx other than 101. */
  onInterim?: (head: ResponseHead) => void
  /** Everything that was written has been taken. */
  onDrain?: () => void
}

export class HttpConnection implements ByteStreamHandler, TrailerRules {
  readonly stream: ByteStream
  /** By what its TLS was agreed, to be told from what it would be by now; undefined: it has none. */
  readonly security: object | undefined
  /** Whether a request was answered on it before: then it may have been closed without our knowing. */
  isReused = false
  readonly #head = new HeadReader(headLimits, 'HTTP/')
  /** Hears that the connection is gone while it is idle. */
  #onIdleClose: ((connection: HttpConnection) => void) | undefined
  #method = ''
  #events: ExchangeEvents = {}
  #answer: PromiseWithResolvers<ResponseHead> | undefined
  #answerHead: ResponseHead | undefined
  #answerTimer: Timer | undefined
  #interim = 0
  #body: BodyFollower | undefined
  #sink: AnswerSink | undefined
  /** What came behind the head and nobody reads yet. */
  #rest: Buffer | undefined
  /** More came than the answer. */
  #isSpoiled = false
  /** How the stream ended, if that happened before the body was read. */
  #ended: StreamClose | undefined

  constructor(stream: ByteStream, security?: object) {
    this.stream = stream
    this.security = security
    stream.handler = this
  }

  /** Whether another request may be sent once the body of this answer has ended. */
  get isReusable(): boolean {
    return (
      this.#ended === undefined &&
      !this.#isSpoiled &&
      this.stream.bufferedBytes === 0 &&
      this.#answerHead?.isKeptAlive === true &&
      this.#body?.isComplete === true
    )
  }

  /** The answer is complete, and the next request not yet there. */
  park(onIdleClose: (connection: HttpConnection) => void): void {
    this.isReused = true
    // A slow client may have paused the end of its answer; nobody else would resume it.
    this.stream.resume()
    this.#answer = undefined
    this.#answerHead = undefined
    this.#events = {}
    this.#onIdleClose = onIdleClose
  }

  /** Sends a request's head. Its body follows with `write`. */
  send(head: Buffer, method: string, events: ExchangeEvents): void {
    this.#method = method
    this.#events = events
    this.#answer = Promise.withResolvers()
    this.#answerHead = undefined
    this.#body = undefined
    this.#sink = undefined
    this.#interim = 0
    this.#onIdleClose = undefined
    // The answer may fail before anybody awaits it.
    this.#answer.promise.catch(() => {})
    this.stream.write(head)
  }

  write(bytes: Uint8Array): number {
    return this.stream.write(bytes)
  }

  /**
   * Starts the time the upstream has for the head of its answer: the request has been sent whole.
   * @param lateCode what becomes of the answer when it is over.
   */
  expectAnswer(timeoutMs: number, lateCode: ErrorCode = 'UPSTREAM_ANSWER_TIMEOUT'): void {
    if (this.#answerHead !== undefined || this.#answer === undefined) return
    clearTimeout(this.#answerTimer)
    this.#answerTimer = setTimeout(connectionOnTimeout, timeoutMs, this, lateCode)
  }

  /** @throws GatewayError if no proper answer comes. */
  answer(): Promise<ResponseHead> {
    if (this.#answer === undefined) throw new TypeError('No request was sent on this connection')
    return this.#answer.promise
  }

  readBody(sink: AnswerSink): void {
    this.#sink = sink
    const rest = this.#rest
    this.#rest = undefined
    this.stream.resume()
    if (this.#body?.isComplete === true) this.#completeBody(rest !== undefined)
    else if (rest !== undefined) this.#followBody(rest)
    if (this.#sink === sink && this.#ended !== undefined) this.#endBody(this.#ended)
  }

  /** @returns what the upstream sent behind its 101. The stream is the caller's from now on. */
  takeOver(): Buffer | undefined {
    const rest = this.#rest
    this.#rest = undefined
    return rest
  }

  /** Whether the stream ended before it was taken over. */
  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /** @param error what whoever awaits the answer gets. */
  destroy(error?: GatewayError): void {
    clearTimeout(this.#answerTimer)
    if (this.#answerHead === undefined)
      this.#answer?.reject(error ?? new GatewayError('UPSTREAM_RESET'))
    this.#sink = undefined
    this.#events = {}
    this.stream.destroy()
  }

  // What the stream says.

  streamOnData(chunk: Buffer): void {
    if (this.#sink !== undefined) this.#followBody(chunk)
    else if (this.#answerHead !== undefined) this.#hold(chunk)
    else if (this.#answer !== undefined) this.#readHead(chunk)
    // Nobody asked: often a 408 before the server closes.
    else this.destroy()
  }

  streamOnDrain(): void {
    this.#events.onDrain?.()
  }

  streamOnEnd(): void {
    this.#onEnded('ended')
    // An endpoint that has ended its side reads no further request; a half-open one is of no use.
    if (this.#answer === undefined || this.#sink !== undefined) this.stream.end()
  }

  streamOnClose(reason: StreamClose): void {
    clearTimeout(this.#answerTimer)
    this.#onEnded(reason)
  }

  onTimeout(code: ErrorCode): void {
    this.destroy(new GatewayError(code))
  }

  // Reading.

  #readHead(chunk: Buffer): void {
    let offset = 0
    while (offset < chunk.length && this.#answerHead === undefined) {
      const raw = this.#head.read(chunk, offset)
      if (raw === undefined) return
      const head = raw instanceof HeadError ? raw : readResponseHead(raw, this.#method)
      if (head instanceof HeadError)
        return this.destroy(new GatewayError('UPSTREAM_MALFORMED', head.detail))
      offset += this.#head.consumed
      if (head.status >= 200 || head.status === 101) this.#acceptHead(head)
      else if (++this.#interim > maxInterim)
        return this.destroy(new GatewayError('UPSTREAM_MALFORMED', 'too many 1xx'))
      else this.#events.onInterim?.(head)
    }
    if (offset === chunk.length) return
    this.#rest = chunk.subarray(offset)
    if (this.#rest.length > maxHeldBytes) this.stream.pause()
  }

  #acceptHead(head: ResponseHead): void {
    clearTimeout(this.#answerTimer)
    this.#answerHead = head
    this.#body = new BodyFollower(head.body, this)
    this.#answer?.resolve(head)
  }

  #hold(chunk: Buffer): void {
    this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.stream.pause()
  }

  #followBody(chunk: Buffer): void {
    const body = this.#body
    const sink = this.#sink
    if (body === undefined || sink === undefined) return
    const end = body.follow(chunk, 0)
    if (end > 0) sink.bodyOnData(end === chunk.length ? chunk : chunk.subarray(0, end))
    if (body.fault !== undefined)
      return this.#failBody(new GatewayError('UPSTREAM_MALFORMED', body.fault))
    if (body.isComplete) this.#completeBody(end < chunk.length)
  }

  mayTrail(name: string): boolean {
    return this.#sink?.mayTrail?.(name) ?? true
  }

  /** @param isMore whether bytes came behind the answer: they belong to no request, so the connection cannot be trusted. */
  #completeBody(isMore: boolean): void {
    this.#isSpoiled = isMore
    const sink = this.#sink
    this.#sink = undefined
    sink?.bodyOnEnd()
  }

  #onEnded(reason: StreamClose): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    if (this.#answer === undefined) return this.#onIdleClose?.(this)
    if (this.#answerHead === undefined) {
      return this.destroy(
        new GatewayError(reason === 'stalled' ? 'UPSTREAM_STALLED' : 'UPSTREAM_RESET'),
      )
    }
    if (this.#sink !== undefined) this.#endBody(reason)
  }

  /** The stream is over while a body is read: that is its proper end only if nothing else marks it. */
  #endBody(reason: StreamClose): void {
    if (this.#answerHead?.body.kind !== 'until-close' || reason !== 'ended') {
      return this.#failBody(new GatewayError('UPSTREAM_RESET', 'the answer broke off'))
    }
    const sink = this.#sink
    this.#sink = undefined
    sink?.bodyOnEnd()
  }

  #failBody(error: GatewayError): void {
    const sink = this.#sink
    this.destroy()
    sink?.bodyOnFailure(error)
  }
}

function connectionOnTimeout(connection: HttpConnection, code: ErrorCode): void {
  connection.onTimeout(code)
}
