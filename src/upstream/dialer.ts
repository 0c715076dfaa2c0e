/**
 * Opens connections to one endpoint, and keeps idle ones for the next request.
 */
import { GatewayError, type ErrorCode } from '../core/errors.ts'
import { connectTcp, type ConnectTarget } from '../net/connect.ts'
import { descriptors } from '../net/descriptors.ts'
import { resolveHost } from '../net/resolve.ts'
import { secureClient, SecureError } from '../net/secure-client.ts'
import type { TcpStream } from '../net/tcp-stream.ts'
import { DialGate } from './dial-gate.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import { HttpConnection } from './http-connection.ts'
import { orAborted } from './or-aborted.ts'
import { certificateFault, type UpstreamTls } from './upstream-tls.ts'

export interface EndpointTimes {
  readonly connectMs: number
  readonly answerMs: number
}

export interface KeepAlive {
  /** Idle connections kept. */
  readonly connections: number
  readonly idleMs: number
}

/** May change, for all endpoints of an upstream at once: dials to come go by it. */
export interface DialSettings {
  readonly options: { readonly timeout: EndpointTimes; readonly keepAlive: KeepAlive }
  /** How those with TLS are spoken to. */
  readonly tls: UpstreamTls | undefined
}

export class Dialer {
  readonly options: EndpointOptions
  readonly #settings: DialSettings
  readonly #gate = new DialGate()
  /** The one used last is at the end, and is used again first, so that the others time out. */
  readonly #idle = new Map<HttpConnection, Timer>()
  #isOver = false

  constructor(options: EndpointOptions, settings: DialSettings) {
    this.options = options
    this.#settings = settings
  }

  get timeout(): EndpointTimes {
    return this.#settings.options.timeout
  }

  /** Whether a dial could start at once, or need not. @param isSession which takes a connection of its own. */
  hasRoom(isSession: boolean): boolean {
    return this.#gate.hasRoom || (!isSession && this.#idle.size > 0)
  }

  /** Whether dials hang. */
  get isSuspect(): boolean {
    return this.#gate.isSuspect
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
    const { connections, idleMs } = this.#settings.options.keepAlive
    if (
      this.#isOver ||
      !connection.isReusable ||
      connection.security !== this.#tls ||
      this.#idle.size >= connections ||
      !descriptors.mayDial
    ) {
      return connection.stream.end()
    }
    connection.park((closed) => this.#forget(closed))
    this.#idle.set(
      connection,
      setTimeout(() => this.#drop(connection), idleMs),
    )
  }

  /**
   * Opens a connection, TLS included: the addresses of the host in turn, until one accepts.
   * @param dial stands for this one attempt: aborted by the caller to give up, and here when it takes
   * too long.
   * @param timeoutMs where the caller has less time than the upstream's `timeout.connect`.
   * @param lateCode what it then throws where that says nothing of the endpoint.
   * @throws GatewayError `UPSTREAM_UNREACHABLE`, `UPSTREAM_CERTIFICATE`, `UPSTREAM_CONNECT_TIMEOUT`,
   * `TOO_MANY_CONNECTIONS`, or what the caller aborted with.
   */
  async connect(
    dial: AbortController,
    timeoutMs = Infinity,
    lateCode: ErrorCode = 'UPSTREAM_CONNECT_TIMEOUT',
  ): Promise<HttpConnection> {
    const limitMs = Math.min(timeoutMs, this.timeout.connectMs)
    const timer = setTimeout(abortLate, limitMs, dial, lateCode)
    try {
      const tls = this.#tls
      const through = (place: ConnectTarget) => this.#dial(place)
      return new HttpConnection(await this.#dialAny(dial.signal, limitMs, tls, through), tls)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * A connection for a check, which waits for nobody: there is one at a time, and it finds out whether dials hang.
   * @param limitMs what addresses share between them; the signal is what ends it. @throws as `connect`.
   */
  probe(signal: AbortSignal, limitMs: number): Promise<TcpStream> {
    return this.#dialAny(signal, limitMs, this.#tls, async (place) => {
      if (!descriptors.mayDial) throw new GatewayError('TOO_MANY_CONNECTIONS')
      const stream = await connectTcp(place)
      this.#gate.trust()
      return stream
    })
  }

  /** Closes the idle connections, and keeps none any more. */
  leave(): void {
    this.#isOver = true
    this.dropIdle()
  }

  /** At once, so that their descriptors are free: nothing is under way on them. */
  dropIdle(): void {
    for (const connection of this.#idle.keys()) connection.destroy()
  }

  /** undefined: it is spoken to without. */
  get #tls(): UpstreamTls | undefined {
    return this.options.isTls ? this.#settings.tls : undefined
  }

  /** Each address but the last has its share of the time: one that swallows packets must not take it all. */
  async #dialAny(
    signal: AbortSignal,
    limitMs: number,
    tls: UpstreamTls | undefined,
    connect: (place: ConnectTarget) => Promise<TcpStream>,
  ): Promise<TcpStream> {
    if (!descriptors.mayDial) this.dropIdle()
    const { port, unix } = this.options
    const endsAtMs = performance.now() + limitMs
    const addresses = await this.#addresses(signal)
    let failure: unknown = 'the name has no address'
    for (const [index, address] of addresses.entries()) {
      const left = addresses.length - index
      const shareMs = Math.max(0, endsAtMs - performance.now()) / left
      const attempt = left === 1 ? signal : AbortSignal.any([signal, AbortSignal.timeout(shareMs)])
      try {
        const stream = await connect({ address, port, unix, signal: attempt })
        if (tls !== undefined) await this.#secure(stream, tls, attempt)
        return stream
      } catch (error) {
        if (signal.aborted || error instanceof GatewayError) throw error
        failure = error
      }
    }
    throw this.#unreachable(failure)
  }

  /** Not at the gate any more: the kernel is done with the dial, and what is given up here is closed at once. */
  async #secure(stream: TcpStream, tls: UpstreamTls, signal: AbortSignal): Promise<void> {
    const { host, serverName = host, url } = this.options
    const { isVerified } = tls
    try {
      await secureClient(stream, { tls: tls.optionsFor(serverName), isVerified, signal })
    } catch (error) {
      if (!(error instanceof SecureError) || !error.isCertificate) throw error
      const fault = certificateFault(error, tls.serverName(serverName), 'as tls.ca of the upstream')
      throw new GatewayError('UPSTREAM_CERTIFICATE', `${url} is not believed: ${fault}`)
    }
  }

  async #addresses(signal: AbortSignal): Promise<readonly string[]> {
    if (this.options.unix !== undefined) return ['']
    try {
      const addresses = resolveHost(this.options.host)
      return addresses instanceof Promise ? await orAborted(addresses, signal) : addresses
    } catch (error) {
      if (signal.aborted) throw error
      throw this.#unreachable(error)
    }
  }

  /** When the gate lets it through. */
  async #dial(place: ConnectTarget): Promise<TcpStream> {
    const gate = this.#gate
    const { signal } = place
    await gate.enter(signal)
    // Many may have waited at the gate since there was room.
    if (signal.aborted || !descriptors.mayDial) {
      gate.leave()
      throw signal.reason ?? new GatewayError('TOO_MANY_CONNECTIONS')
    }
    try {
      const stream = await connectTcp(place)
      gate.answered()
      return stream
    } catch (error) {
      if (!signal.aborted) gate.answered()
      else if (isTimeout(signal.reason)) gate.timedOut()
      else gate.leave()
      throw error
    }
  }

  #unreachable(cause: unknown): GatewayError {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    if (cause instanceof SecureError)
      return new GatewayError(
        'UPSTREAM_UNREACHABLE',
        `${this.options.url}: TLS failed: ${cause.message}`,
      )
    return new GatewayError(
      'UPSTREAM_UNREACHABLE',
      `${this.options.url} cannot be reached: ${code}`,
    )
  }

  #drop(connection: HttpConnection): void {
    this.#forget(connection)
    connection.stream.end()
  }

  #forget(connection: HttpConnection): void {
    clearTimeout(this.#idle.get(connection))
    this.#idle.delete(connection)
  }
}

function abortLate(dial: AbortController, code: ErrorCode): void {
  dial.abort(new GatewayError(code))
}

/** Whether a dial was given up for its time, by `abortLate` or as one address of several. */
function isTimeout(reason: unknown): boolean {
  if (reason instanceof GatewayError) return reason.code === 'UPSTREAM_CONNECT_TIMEOUT'
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}
