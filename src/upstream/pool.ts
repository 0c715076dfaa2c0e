/**
 * The endpoints of one upstream, taken in turn.
 */
import { Endpoint, type EndpointOptions, type EndpointTimes, type KeepAlive } from './endpoint.ts'

export interface PoolOptions {
  readonly name: string
  readonly endpoints: readonly EndpointOptions[]
  readonly timeout: EndpointTimes
  readonly keepAlive: KeepAlive
}

export class Pool {
  readonly name: string
  /** Whether WebSockets can be opened to it. */
  readonly isWebSocket: boolean
  readonly #endpoints: readonly Endpoint[]
  #next = 0

  constructor(options: PoolOptions) {
    this.name = options.name
    this.#endpoints = options.endpoints.map(
      (endpoint) => new Endpoint(endpoint, options.timeout, options.keepAlive),
    )
    this.isWebSocket = options.endpoints.every((endpoint) => endpoint.scheme === 'ws')
  }

  pick(): Endpoint {
    const endpoint = this.#endpoints[this.#next++ % this.#endpoints.length]
    if (endpoint === undefined) throw new RangeError(`The upstream ${this.name} has no endpoints`)
    return endpoint
  }

  /** Ends the idle connections of all endpoints. */
  leave(): void {
    for (const endpoint of this.#endpoints) endpoint.leave()
  }
}
