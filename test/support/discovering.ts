/**
 * Discoveries under test: what they ask, what they tell, and a clock that stands still.
 */
import type { DnsAnswer, DnsAsked } from '../../src/net/dns-query.ts'
import type { DnsService } from '../../src/net/dns-message.ts'
import type { Discovery, DiscoveryHost } from '../../src/upstream/discovery/source.ts'
import type { EndpointOptions } from '../../src/upstream/endpoint-options.ts'
import { FakeClock } from './fake-clock.ts'
import { Journal } from './journal.ts'

/** A question that waits for the test to answer it. */
export interface OpenQuestion extends DnsAsked {
  readonly signal: AbortSignal
  answer(answer: Partial<DnsAnswer>): Promise<void>
  fail(detail: string): Promise<void>
}

/** A DNS that is the test itself. */
export class DnsByHand implements DiscoveryHost {
  readonly clock = new FakeClock()
  readonly questions: OpenQuestion[] = []
  /** In the middle: neither sooner nor later. */
  luck = 0.5

  readonly query = (asked: DnsAsked, signal: AbortSignal): Promise<DnsAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<DnsAnswer>()
    const nothing: DnsAnswer = { exists: true, addresses: [], services: [], ttlMs: Infinity }
    this.questions.push({
      ...asked,
      signal,
      answer: (answer) => (resolve({ ...nothing, ...answer }), settle()),
      fail: (detail) => (reject(new Error(detail)), settle()),
    })
    return promise
  }

  random(): number {
    return this.luck
  }

  /** The latest question. */
  get open(): OpenQuestion {
    const question = this.questions.at(-1)
    if (question === undefined) throw new Error('nothing was asked')
    return question
  }

  /** How long it is until the next question. */
  waitMs(): number {
    const asked = this.questions.length
    for (let ms = 0; ms <= 10_000_000; ms += 100) {
      if (this.questions.length > asked) return ms
      this.clock.advance(100)
    }
    throw new Error('nothing more is asked')
  }
}

export class Told {
  readonly lists = new Journal<readonly EndpointOptions[]>()
  readonly failures = new Journal<string>()
  readonly stop: () => void

  constructor(discovery: Discovery) {
    this.stop = discovery.start({
      onEndpoints: (endpoints) => this.lists.add(endpoints),
      onFailure: (detail) => this.failures.add(detail),
    })
  }

  get urls(): readonly (readonly string[])[] {
    return this.lists.items.map((list) => list.map(({ url }) => url))
  }
}

export function service(target: string, more: Partial<DnsService> = {}): DnsService {
  return { target, port: 9000, priority: 0, weight: 0, addresses: [], ...more }
}

/** Lets all that waits for nothing but its turn come to its end. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 20; count++) await Promise.resolve()
}
