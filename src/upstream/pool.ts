/**
 * The endpoints of one upstream, taken in turn.
 */
import type { CertificateEvent } from '../core/events.ts'
import { Endpoint, type EndpointOptions, type EndpointTimes, type KeepAlive } from './endpoint.ts'
import { UpstreamTls, type UpstreamTlsOptions } from './upstream-tls.ts'

export interface PoolOptions {
  readonly name: string
  readonly endpoints: readonly EndpointOptions[]
  /** How those with TLS are spoken to. */
  readonly tls: UpstreamTlsOptions
  readonly timeout: EndpointTimes
  readonly keepAlive: KeepAlive
}

export class Pool {
  readonly name: string
  /** Whether WebSockets can be opened to it. */
  readonly isWebSocket: boolean
  readonly #endpoints: readonly Endpoint[]
  readonly #tls: UpstreamTls | undefined
  #next = 0

  /** @throws Error with a sentence if a file that TLS needs cannot be read or is wrong. */
  constructor(options: PoolOptions, onCertificate: (event: CertificateEvent) => void) {
    const { name, endpoints, timeout, keepAlive } = options
    this.name = name
    const hasTls = endpoints.some(({ isTls }) => isTls)
    const tls = hasTls ? new UpstreamTls(options.tls, onCertificate) : undefined
    this.#tls = tls
    this.#endpoints = endpoints.map((endpoint) => new Endpoint(endpoint, timeout, keepAlive, tls))
    this.isWebSocket = options.endpoints.every((endpoint) => endpoint.scheme === 'ws')
  }

  pick(): Endpoint {
    const endpoint = this.#endpoints[this.#next++ % this.#endpoints.length]
    if (endpoint === undefined) throw new RangeError(`The upstream ${this.name} has no endpoints`)
    return endpoint
  }

  /** Ends the idle connections of all endpoints, and looks after certificates no more. */
  leave(): void {
    this.#tls?.stop()
    for (const endpoint of this.#endpoints) endpoint.leave()
  }
}
