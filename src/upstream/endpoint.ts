/**
 * One address of an upstream: opens connections to it, and keeps idle ones for the next request.
 */
import { GatewayError } from '../core/errors.ts'
import { connectTcp } from '../net/connect.ts'
import { descriptors } from '../net/descriptors.ts'
import { resolveHost } from '../net/resolve.ts'
import type { TcpStream } from '../net/tcp-stream.ts'
import { DialGate } from './dial-gate.ts'
import { HttpConnection } from './http-connection.ts'

export interface EndpointOptions {
  readonly url: string
  readonly scheme: 'ws' | 'http'
  readonly host: string
  readonly port: number
  /** Put in front of every path; empty or without trailing slash. */
  readonly path: string
}

export interface EndpointTimes {
  readonly connectMs: number
  readonly answerMs: number
}

export interface KeepAlive {
  /** Idle connections kept. */
  readonly connections: number
  readonly idleMs: number
}

export class Endpoint {
  readonly options: EndpointOptions
  readonly timeout: EndpointTimes
  readonly #keepAlive: KeepAlive
  readonly #gate = new DialGate()
  /** The one used last is at the end, and is used again first: the others time out. */
  readonly #idle = new Map<HttpConnection, Timer>()

  constructor(options: EndpointOptions, timeout: EndpointTimes, keepAlive: KeepAlive) {
    this.options = options
    this.timeout = timeout
    this.#keepAlive = keepAlive
  }

  /** An idle connection if there is one, otherwise a new one. @throws GatewayError as `connect`. */
  async take(dial: AbortController): Promise<HttpConnection> {
    const idle = [...this.#idle.keys()].at(-1)
    if (idle === undefined) return this.connect(dial)
    this.#forget(idle)
    return idle
  }

  /** Takes back a connection whose answer is complete. */
  give(connection: HttpConnection): void {
    if (
      !connection.isReusable ||
      this.#idle.size >= this.#keepAlive.connections ||
      !descriptors.mayDial
    ) {
      return connection.stream.end()
    }
    connection.park((closed) => this.#forget(closed))
    this.#idle.set(
      connection,
      setTimeout(() => this.#drop(connection), this.#keepAlive.idleMs),
    )
  }

  /**
   * Opens a connection: the addresses of the host in turn, until one accepts.
   * @param dial stands for this one attempt: aborted by the caller to give up, and here when it takes
   * too long.
   * @param timeoutMs where the caller has less time than the upstream's `timeout.connect`.
   * @throws GatewayError `UPSTREAM_UNREACHABLE`, `UPSTREAM_CONNECT_TIMEOUT`, `TOO_MANY_CONNECTIONS`, or
   * what the caller aborted with.
   */
  async connect(dial: AbortController, timeoutMs = Infinity): Promise<HttpConnection> {
    if (!descriptors.mayDial) this.#dropIdle()
    if (!descriptors.mayDial) throw new GatewayError('TOO_MANY_CONNECTIONS')
    const timer = setTimeout(abortLate, Math.min(timeoutMs, this.timeout.connectMs), dial)
    try {
      return new HttpConnection(await this.#dialAny(dial.signal))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the idle connections. */
  leave(): void {
    this.#dropIdle()
  }

  async #dialAny(signal: AbortSignal): Promise<TcpStream> {
    let failure: unknown = 'the name has no address'
    for (const address of await this.#addresses()) {
      try {
        await this.#gate.enter(signal)
        return await this.#dial(address, signal)
      } catch (error) {
        if (signal.aborted) throw error
        failure = error
      }
    }
    throw this.#unreachable(failure)
  }

  async #addresses(): Promise<readonly string[]> {
    try {
      return await resolveHost(this.options.host)
    } catch (error) {
      throw this.#unreachable(error)
    }
  }

  async #dial(address: string, signal: AbortSignal): Promise<TcpStream> {
    let isSettled = false
    let isLeftBehind = false
    const onSettled = () => {
      isSettled = true
      if (isLeftBehind) this.#gate.settledLate()
      else this.#gate.answered()
    }
    try {
      return await connectTcp({ address, port: this.options.port, signal, onSettled })
    } finally {
      isLeftBehind = !isSettled
      if (isLeftBehind) this.#gate.leftBehind(isTimeout(signal.reason))
    }
  }

  #unreachable(cause: unknown): GatewayError {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    return new GatewayError(
      'UPSTREAM_UNREACHABLE',
      `${this.options.url} cannot be reached: ${code}`,
    )
  }

  #drop(connection: HttpConnection): void {
    this.#forget(connection)
    connection.stream.end()
  }

  #dropIdle(): void {
    for (const connection of this.#idle.keys()) this.#drop(connection)
  }

  #forget(connection: HttpConnection): void {
    clearTimeout(this.#idle.get(connection))
    this.#idle.delete(connection)
  }
}

function abortLate(dial: AbortController): void {
  dial.abort(new GatewayError('UPSTREAM_CONNECT_TIMEOUT'))
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof GatewayError && reason.code === 'UPSTREAM_CONNECT_TIMEOUT'
}
