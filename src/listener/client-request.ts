/**
 * One request of a client connection, for whoever serves it: its head, its body, and the way to answer.
 *
 * After `finish`, `abort`, `refuse` or `takeOver` the request is over, and every further call does
 * nothing: the connection may be busy with the next request by then.
 */
import type { BodySink } from '../core/body.ts'
import type { ByteStream } from '../core/byte-stream.ts'
import type { ClientInfo } from '../core/client-info.ts'
import { GatewayError, type ErrorCode } from '../core/errors.ts'
import type { RequestHead } from '../wire/http-request.ts'
import { encodeRefusal } from './refuse.ts'

/** The client connection a request came on, as far as the request needs it. */
export interface RequestOwner {
  readonly stream: ByteStream
  readonly client: ClientInfo
  readonly listener: string
  readonly isBodyRead: boolean
  /** Whether this is the last request the connection serves. */
  readonly isLeaving: boolean
  readBody(sink: BodySink): void
  pauseBody(): void
  resumeBody(): void
  /** The answer is written; the connection goes on with the next request or ends. */
  requestOnFinish(isKeptAlive: boolean): void
  requestOnRefuse(refusal: Refusal): void
  /** The stream is somebody else's from now on. */
  requestOnTakeOver(): void
}

/** A request that was answered by the gateway itself, with an error. */
export interface Refusal {
  readonly code: ErrorCode
  readonly detail: string | undefined
  readonly address: string
  /** Undefined where the head itself was at fault. */
  readonly head: RequestHead | undefined
  /** The name of the route it was for, and what the request is called in logs, if it came that far. */
  readonly route?: string | undefined
  readonly request?: string | undefined
}

export class ClientRequest {
  readonly head: RequestHead
  readonly client: ClientInfo
  /** The listener's name. */
  readonly listener: string
  /** The name of the route it was matched to, and what it is called in logs, for whoever reads of its refusal. */
  route: string | undefined
  id: string | undefined
  /** The client's; that of the last proxy before this one until somebody has read what proxies tell. */
  address: string
  /** Whether the first byte of a final answer has been written. */
  isAnswered = false
  /**
   * Hears that the request is over before it was answered whole: the client is gone, or it was refused.
   * Whoever serves the request gives up what it does for it.
   */
  onGone: ((error: GatewayError) => void) | undefined
  /** Hears that a client which was slow has taken everything that was written. */
  onDrain: (() => void) | undefined
  #owner: RequestOwner | undefined

  constructor(head: RequestHead, owner: RequestOwner) {
    this.head = head
    this.client = owner.client
    this.listener = owner.listener
    this.address = owner.client.address
    this.#owner = owner
  }

  get isOver(): boolean {
    return this.#owner === undefined
  }

  /** Whether all of the body has been read. */
  get isBodyRead(): boolean {
    return this.#owner?.isBodyRead ?? true
  }

  /** Whether the connection can go on after an answer that is whole: what the answer may promise. */
  get isKeptAlive(): boolean {
    return this.head.isKeptAlive && this.isBodyRead && this.#owner?.isLeaving !== true
  }

  /** How long the client may take nothing of an answer. */
  set sendTimeoutMs(timeoutMs: number) {
    if (this.#owner !== undefined) this.#owner.stream.sendTimeoutMs = timeoutMs
  }

  /** Starts the body, which waits with the client until now. */
  readBody(sink: BodySink): void {
    this.#owner?.readBody(sink)
  }

  pauseBody(): void {
    this.#owner?.pauseBody()
  }

  resumeBody(): void {
    this.#owner?.resumeBody()
  }

  /** @returns the bytes the client has not taken yet, as `ByteStream.write`. */
  write(bytes: Uint8Array): number {
    this.isAnswered = true
    return this.#owner?.stream.write(bytes) ?? 0
  }

  /** A 1xx response, before the final one. */
  writeInterim(bytes: Uint8Array): void {
    if (this.head.minor === 1) this.#owner?.stream.write(bytes)
  }

  /** The answer is whole. @param isKeptAlive false if the answer ends with the connection. */
  finish(isKeptAlive: boolean): void {
    this.#leave()?.requestOnFinish(isKeptAlive && this.head.isKeptAlive)
  }

  /** The answer broke off: the client must not take it for whole. */
  abort(): void {
    this.#owner?.stream.destroy()
  }

  /** Answers with the status of this error, if there is still time for an answer. */
  refuse(code: ErrorCode, detail?: string): void {
    if (this.isAnswered) return this.abort()
    const { onGone } = this
    // Bytes that came too early would be taken for the next request.
    const isKeptAlive = this.isKeptAlive && code !== 'EARLY_DATA' && code !== 'LEAVING'
    const owner = this.#leave()
    if (owner === undefined) return
    owner.stream.write(
      encodeRefusal(code, {
        detail,
        isKeptAlive,
        isHeadRequest: this.head.method === 'HEAD',
        origin: this.head.fields.get('origin'),
      }),
    )
    owner.requestOnFinish(isKeptAlive)
    owner.requestOnRefuse({
      head: this.head,
      address: this.address,
      route: this.route,
      request: this.id,
      code,
      detail,
    })
    onGone?.(new GatewayError(code))
  }

  /** The stream itself, after an upgrade was answered. Its next bytes go to its new handler. */
  takeOver(): ByteStream | undefined {
    const owner = this.#leave()
    owner?.requestOnTakeOver()
    return owner?.stream
  }

  /** The client is gone. */
  ownerOnClose(): void {
    const { onGone } = this
    this.#leave()
    onGone?.(new GatewayError('CLIENT_GONE'))
  }

  #leave(): RequestOwner | undefined {
    const owner = this.#owner
    this.#owner = undefined
    this.onGone = undefined
    this.onDrain = undefined
    return owner
  }
}
