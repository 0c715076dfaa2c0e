/**
 * Finds the endpoints of one upstream by DNS or in a file, and knows who waits for the first of them.
 *
 * Invariant: what was found before stays, while nothing is found or what is found speaks something else.
 */
import type { EndpointSource } from '../core/events.ts'
import { createDiscovery, type DiscoverOptions } from './discovery/discovery.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { PoolHost } from './pool-options.ts'
import { WaitingLine } from './waiting-line.ts'

/** How long a request waits at most for the first endpoints to be found. */
const waitMs = 5_000

export interface FinderHost extends Pick<PoolHost, 'clock' | 'random' | 'query' | 'emit'> {
  /** The upstream's. */
  readonly name: string
  /** What the endpoints speak that are known. */
  readonly scheme: () => 'ws' | 'http' | undefined
  readonly onEndpoints: (found: readonly EndpointOptions[], source: EndpointSource) => void
}

export class Finder {
  readonly #host: FinderHost
  readonly #waiting: WaitingLine<true>
  #isAtStart = false
  #stop: (() => void) | undefined

  constructor(host: FinderHost) {
    this.#host = host
    this.#waiting = new WaitingLine(host.clock)
  }

  /** Nothing was found yet. */
  get isAtStart(): boolean {
    return this.#isAtStart
  }

  /** @param knowsSome whether there are endpoints already, which nobody need wait for. */
  start(discover: DiscoverOptions, knowsSome: boolean): void {
    this.#isAtStart = !knowsSome
    const { name, emit, scheme: known, onEndpoints } = this.#host
    const discovery = createDiscovery(discover, this.#host)
    const told = { upstream: name, source: discovery.source }
    let isFailing = false
    const fail = (detail: string) => {
      isFailing = true
      this.found()
      emit({ type: 'discovery-failed', ...told, detail })
    }
    this.#stop = discovery.start({
      onEndpoints: (found) => {
        const [before, scheme] = [known(), found[0]?.scheme]
        if (before !== undefined && scheme !== before)
          return fail(`its endpoints speak ${scheme} and not ${before} as before`)
        if (isFailing) emit({ type: 'discovery-recovered', ...told, endpoints: found.length })
        isFailing = false
        onEndpoints(found, discovery.source)
      },
      onFailure: fail,
    })
  }

  stop(): void {
    this.#stop?.()
    this.found()
  }

  /** There is something to know of the endpoints, or nothing to wait for. */
  found(): void {
    if (!this.#isAtStart) return
    this.#isAtStart = false
    this.#waiting.serve()
  }

  /** @returns undefined where nobody need wait. */
  untilFound(signal: AbortSignal): Promise<unknown> | undefined {
    if (!this.#isAtStart) return undefined
    const attempt = () => (this.#isAtStart ? undefined : true)
    return this.#waiting.wait({ attempt, limitMs: waitMs, signal })
  }
}
