/**
 * One simulation: servers, clients, the network between them, and a gateway that is real but for its sockets
 * and its clock. All of it follows from a schedule.
 */
import type { GatewayEvent } from '../../src/core/events.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import { HttpConnection } from '../../src/upstream/http-connection.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { endpointOptions, startPool } from '../support/pool.ts'
import { Random } from '../support/random.ts'
import { Link } from './link.ts'
import { Network } from './network.ts'
import type { Schedule } from './schedule.ts'
import { SimulatedServer } from './simulated-server.ts'
import { WorldClock } from './world-clock.ts'

/** What `notify` sends. */
export const notice = '{"type":"failover"}'

/** Else a session might never find a server that stays. */
const mostHarmed = 6
/** As good as for ever. */
const neverMs = 1e9

export class World {
  readonly schedule: Schedule
  /** The gateway's, and the one by which all time passes. */
  readonly ownClock = new FakeClock()
  readonly clock = new WorldClock(this.ownClock)
  readonly random: Random
  readonly network: Network
  readonly servers: readonly SimulatedServer[]
  readonly pool: Pool
  readonly violations: string[] = []
  readonly events: GatewayEvent[] = []
  /** What happened, for somebody who looks for a fault; only where it is asked for. */
  readonly story: string[] | undefined
  /** Every connection to a server, in the order of their dials. */
  readonly links: Link[] = []
  /** What was thrown where nothing may be. */
  readonly mistakes: readonly unknown[]
  /** Nothing befalls anybody any more. */
  isOver = false
  /** Servers that came to harm while they took a session over. */
  #harmed = 0

  constructor(schedule: Schedule, isTold: boolean) {
    this.schedule = schedule
    this.story = isTold ? [] : undefined
    this.random = new Random(schedule.seed ^ 0x5bd1e995)
    this.network = new Network({ clock: this.clock, random: this.random })
    this.servers = schedule.servers.map(
      (plan, index) =>
        new SimulatedServer({
          ...plan,
          url: `ws://10.0.0.${index + 1}:80`,
          network: this.network,
          size: () => this.random.below(this.random.below(6) === 0 ? 5_000 : 300),
          onFault: (fault) => this.violate(fault),
          onProcessed: (connection, label) =>
            this.tell(() => `server link ${connection.number} got ${label.number}`),
        }),
    )
    const { mode, on, holdBytes, waitMs, settleMs } = schedule
    const { pool, mistakes } = startPool(
      this.servers.map(({ url }) => endpointOptions(url)),
      {
        failover: { mode, on, holdBytes, waitMs, message: notice },
        drain: { perSecond: 1_000, settleMs },
        eject: undefined,
      },
      { clock: this.ownClock, random: () => this.random.below(2 ** 32) / 2 ** 32 },
    )
    this.pool = pool
    this.mistakes = mistakes
    for (const endpoint of pool.endpoints) this.#wire(endpoint)
  }

  /** Calls of the gateway's that are still to come. */
  get pendingCalls(): number {
    return this.ownClock.pending - this.clock.pending
  }

  violate(violation: string): void {
    this.tell(() => `VIOLATION ${violation}`)
    if (this.violations.length < 20) this.violations.push(`${this.#moment} ${violation}`)
  }

  tell(text: () => string): void {
    this.story?.push(`${this.#moment} ${text()}`)
  }

  emit(event: GatewayEvent): void {
    this.tell(() => `event ${JSON.stringify(event)}`)
    this.events.push(event)
    if (event.type === 'mistake') this.violate(`a mistake: ${Bun.inspect(event.error)}`)
  }

  endpointOf(server: SimulatedServer): Endpoint {
    const endpoint = this.pool.endpoint(server.url)
    if (endpoint === undefined) throw new Error('an endpoint is missing')
    return endpoint
  }

  /** Lets time pass, with everything that is put off until other callbacks have run. */
  async advance(ms: number, isDone: () => boolean = () => false): Promise<void> {
    const untilMs = this.clock.now() + ms
    while (!isDone() && this.ownClock.runNext(untilMs)) await turn()
  }

  /** @throws what a dial throws. */
  async dial(endpoint: Endpoint, signal: AbortSignal): Promise<HttpConnection> {
    const server = this.servers.find(({ url }) => url === endpoint.url)
    if (server === undefined) throw new Error(`nobody is at ${endpoint.url}`)
    await this.#wait(this.network.latencyMs(), signal)
    if (server.isFrozen && this.random.below(2) === 0) await this.#wait(neverMs, signal)
    if (server.mood === 'refusing')
      throw new GatewayError('UPSTREAM_UNREACHABLE', `${endpoint.url} cannot be reached`)
    const number = this.links.length
    const { near, far } = this.network.connect(`link ${number} to ${server.url}`)
    const connection = server.accept(far, number)
    const link = new Link({
      number,
      url: server.url,
      stream: near,
      connection,
      onFault: (fault) => this.violate(fault),
      onHanded: (label) => this.tell(() => `link ${number} has taken ${label.number}`),
    })
    this.links.push(link)
    this.tell(() => `link ${number} to ${server.url}`)
    if (number >= this.schedule.clients.length) this.#trap(server)
    return new HttpConnection(near)
  }

  /** Harm that comes to a server at some step of a switch to it. */
  #trap(server: SimulatedServer): void {
    const { random, clock, schedule } = this
    if (this.#harmed >= mostHarmed || random.below(100) >= schedule.traps) return
    this.#harmed++
    const kind = random.below(5)
    clock.after(random.below(random.below(3) === 0 ? 80 : 12), () => {
      if (this.isOver) return
      this.tell(() => `trap ${kind} for ${server.url}`)
      if (kind === 0) server.die('reset')
      else if (kind === 1) server.die('end')
      else if (kind === 2) server.leave(1001, random.below(2) === 0)
      else if (kind === 3) server.leave(4_001, false)
      else server.freeze()
      clock.after(100 + random.below(600), () => this.heal(server))
    })
  }

  /** Whether any server answered 403. */
  get hasRefused(): boolean {
    return this.servers.some(({ hasRefused }) => hasRefused)
  }

  heal(server: SimulatedServer): void {
    this.tell(() => `${server.url} is well`)
    server.heal()
  }

  #wire(endpoint: Endpoint): void {
    // What a dialer opens are sockets; everything above them is the gateway's own.
    const connect = (dial: AbortController) => this.dial(endpoint, dial.signal)
    Object.defineProperty(endpoint.dialer, 'connect', { value: connect })
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const callOff = this.clock.after(ms, () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = () => {
        callOff()
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  get #moment(): string {
    return `${this.clock.now().toFixed(2)}ms`
  }
}

/** Until what was put off has run: promises, and what waits for its next turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
