/**
 * Finds the endpoints of one upstream by DNS or in a file, and knows who waits for the first of them. Where and how may
 * change.
 *
 * Invariant: what was found before stays, while nothing is found or what is found speaks something else.
 */
import type { EndpointSource } from '../core/events.ts'
import { createDiscovery, type DiscoverOptions } from './discovery/discovery.ts'
import type { Discovery } from './discovery/source.ts'
import type { EndpointOptions } from './endpoint-options.ts'
import type { PoolHost } from './pool-options.ts'
import { WaitingLine } from './waiting-line.ts'

/** How long a request waits at most for the first endpoints to be found. */
const waitMs = 5_000

export interface FinderHost extends Pick<PoolHost, 'clock' | 'random' | 'query' | 'emit'> {
  /** The upstream's. */
  readonly name: string
  /** What the endpoints speak that are known. @param isFirst those that another discovery has found do not count. */
  readonly scheme: (isFirst: boolean) => 'ws' | 'http' | undefined
  readonly onEndpoints: (found: readonly EndpointOptions[], source: EndpointSource) => void
}

export class Finder {
  readonly #host: FinderHost
  readonly #waiting: WaitingLine<true>
  #isAtStart = false
  /** What was told to fail, and not yet that it works again. */
  #failing: EndpointSource | undefined
  #stop: (() => void) | undefined

  constructor(host: FinderHost) {
    this.#host = host
    this.#waiting = new WaitingLine(host.clock)
  }

  /** Nothing was found yet. */
  get isAtStart(): boolean {
    return this.#isAtStart
  }

  /**
   * In place of what was started before.
   * @param discover undefined: nothing is to be found any more.
   * @param knowsSome whether there are endpoints already, which nobody need wait for.
   */
  start(discover: DiscoverOptions | undefined, knowsSome: boolean): void {
    this.#stop?.()
    this.#stop = undefined
    if (discover === undefined || knowsSome) this.found()
    else this.#isAtStart = true
    if (discover === undefined) this.#recover(0)
    else this.#stop = this.#begin(createDiscovery(discover, this.#host))
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

  #begin(discovery: Discovery): () => void {
    const { name, emit, scheme: known, onEndpoints } = this.#host
    const { source } = discovery
    let isFirst = true
    const fail = (detail: string) => {
      this.#failing = source
      this.found()
      emit({ type: 'discovery-failed', upstream: name, source, detail })
    }
    return discovery.start({
      onEndpoints: (found) => {
        const [before, scheme] = [known(isFirst), found[0]?.scheme]
        if (before !== undefined && scheme !== before)
          return fail(`its endpoints speak ${scheme} and not ${before} as before`)
        isFirst = false
        this.#recover(found.length)
        onEndpoints(found, source)
      },
      onFailure: fail,
    })
  }

  #recover(endpoints: number): void {
    const source = this.#failing
    this.#failing = undefined
    const { name: upstream, emit } = this.#host
    if (source !== undefined) emit({ type: 'discovery-recovered', upstream, source, endpoints })
  }
}
