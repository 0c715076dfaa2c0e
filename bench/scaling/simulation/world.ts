// Clients, a balancer, machines with processes, and servers, put together; and once a second what can be seen
// of them. A seed decides everything that is left to chance.
import { createRandom, type Random } from '../random.ts'
import { Attempt, outcomes, type Failure } from './attempt.ts'
import { Engine } from './engine.ts'
import { Population } from './population.ts'
import { SimulatedProcess } from './process.ts'
import { SimulatedServers } from './servers.ts'
import type { Settings } from './settings.ts'

/** What there was at the end of a second. */
export interface Sample {
  atMs: number
  connected: number
  waiting: number
  gone: number
  /** Sessions that have lost their server and have no other yet. */
  between: number
  /** How busy the cores of each machine were. */
  busy: number[]
}

// Linux sends a SYN again after one second, then two, then four (tcp_syn_retries).
const firstRetransmitMs = 1000
const sampleMs = 1000

export class World {
  readonly engine = new Engine()
  readonly settings: Settings
  readonly population: Population
  readonly servers: SimulatedServers
  readonly processes: SimulatedProcess[]
  readonly samples: Sample[] = []
  readonly failures = new Map<Failure, number>(outcomes.map((outcome) => [outcome, 0]))
  /** Handshakes of TCP for which a backlog had no place: they are tried again by the client's kernel. */
  droppedSyns = 0
  between = 0
  readonly #random: Random
  /** Machines that the balancer sends clients to. */
  #listed: readonly number[]
  /** By machine: sessions, and attempts on their way. */
  readonly #counts: number[]

  constructor(settings: Settings) {
    this.settings = settings
    const { sessions, machines, workers, seed } = settings
    this.population = new Population(sessions)
    this.servers = new SimulatedServers(settings.servers)
    this.#random = createRandom(seed)
    const { engine, servers } = this
    const { costs, bounds, network } = settings
    const { onOpened, onFailed } = this
    const host = { engine, servers, costs, bounds, network, onOpened, onFailed }
    this.processes = Array.from(
      { length: machines * workers },
      (_, place) => new SimulatedProcess(place, host),
    )
    this.#listed = Array.from({ length: machines }, (_, machine) => machine)
    this.#counts = Array.from({ length: machines }, () => 0)
    for (let client = 0; client < sessions; client++) {
      const round = Math.floor(client / this.processes.length)
      this.#join(client, client % this.processes.length, round % settings.servers.count)
    }
    this.#sampleLater()
  }

  machineOf(place: number): number {
    return Math.floor(place / this.settings.workers)
  }

  processesOf(machine: number): SimulatedProcess[] {
    const { workers } = this.settings
    return this.processes.slice(machine * workers, (machine + 1) * workers)
  }

  /** The balancer sends clients there, or does not any more. */
  list(machine: number, isListed: boolean): void {
    const others = this.#listed.filter((one) => one !== machine)
    this.#listed = isListed ? [...others, machine] : others
  }

  /** Its session is over. It tries for another one as its kind does, after it has noticed. */
  lose(client: number, noticeMs = 0): void {
    const { population, engine, settings } = this
    const place = population.places[client] ?? 0
    const process = this.processes[place]
    if (process !== undefined) process.sessions = Math.max(0, process.sessions - 1)
    this.#count(this.machineOf(place), -1)
    population.lose(client, engine.nowMs)
    const delayMs = noticeMs * this.#random() + settings.reconnect.delayMs(0, this.#random)
    engine.after(delayMs, () => this.#attempt(new Attempt(client, 0)))
  }

  readonly onFailed = (attempt: Attempt, failure: Failure): void => {
    if (attempt.isSettled) return
    this.#settle(attempt)
    this.failures.set(failure, (this.failures.get(failure) ?? 0) + 1)
    const failures = attempt.failures + 1
    if (failures >= this.settings.attempts) return this.population.giveUp(attempt.client)
    const delayMs = this.settings.reconnect.delayMs(failures, this.#random)
    this.engine.after(delayMs, () => this.#attempt(new Attempt(attempt.client, failures)))
  }

  readonly onOpened = (attempt: Attempt, place: number, server: number): void => {
    if (attempt.isSettled) return
    this.#settle(attempt)
    this.#join(attempt.client, place, server)
  }

  #join(client: number, place: number, server: number): void {
    this.population.connect(client, place, server, this.engine.nowMs)
    const process = this.processes[place]
    if (process !== undefined) process.sessions++
    this.#count(this.machineOf(place), 1)
  }

  #settle(attempt: Attempt): void {
    attempt.isSettled = true
    if (attempt.machine !== undefined) this.#count(attempt.machine, -1)
  }

  #count(machine: number, change: number): void {
    this.#counts[machine] = (this.#counts[machine] ?? 0) + change
  }

  #attempt(attempt: Attempt): void {
    const { engine, settings } = this
    engine.after(settings.bounds.clientMs, () => this.onFailed(attempt, 'timed out'))
    const machine = this.#chooseMachine()
    const { leastRoundTripMs, mostRoundTripMs, unreachableMs } = settings.network
    if (machine === undefined) {
      engine.after(unreachableMs, () => this.onFailed(attempt, 'unreachable'))
      return
    }
    attempt.machine = machine
    this.#count(machine, 1)
    const worker = Math.floor(this.#random() * settings.workers)
    const process = this.processes[machine * settings.workers + worker]
    if (process === undefined) throw new RangeError(`machine ${machine} has no worker ${worker}`)
    const spreadMs = (mostRoundTripMs - leastRoundTripMs) * this.#random()
    engine.after(leastRoundTripMs + spreadMs, () =>
      this.#knock(attempt, process, firstRetransmitMs),
    )
  }

  /** @param againMs when its kernel tries again where there is no place. */
  #knock(attempt: Attempt, process: SimulatedProcess, againMs: number): void {
    if (attempt.isSettled) return
    const { engine, settings } = this
    if (!process.isListening) {
      engine.after(settings.network.unreachableMs, () => this.onFailed(attempt, 'unreachable'))
    } else if (process.hasBacklog) process.arrive(attempt)
    else {
      this.droppedSyns++
      engine.after(againMs, () => this.#knock(attempt, process, 2 * againMs))
    }
  }

  #chooseMachine(): number | undefined {
    const listed = this.#listed
    if (this.settings.balancer.choice === 'random') {
      return listed[Math.floor(this.#random() * listed.length)]
    }
    const countOf = (machine: number) => this.#counts[machine] ?? 0
    const [first, ...others] = listed
    if (first === undefined) return undefined
    return others.reduce((least, one) => (countOf(one) < countOf(least) ? one : least), first)
  }

  #sampleLater(): void {
    this.engine.after(sampleMs, () => {
      this.samples.push(this.#sample())
      this.#sampleLater()
    })
  }

  #sample(): Sample {
    const { population, settings, engine } = this
    const { connected, waiting, gone } = population
    const busy = Array.from({ length: settings.machines }, (_, machine) => this.#busyOf(machine))
    return { atMs: engine.nowMs, connected, waiting, gone, between: this.between, busy }
  }

  #busyOf(machine: number): number {
    const { workers, costs } = this.settings
    let us = 0
    for (const process of this.processesOf(machine)) {
      const forSessions = process.sessions * costs.sessionUsPerSecond * (sampleMs / 1000)
      // What a turn takes that is longer than what is left of this second is that of the next one.
      const used = Math.min(process.busyUs, Math.max(0, sampleMs * 1000 - forSessions))
      process.busyUs -= used
      us += used + forSessions
    }
    return us / (workers * sampleMs * 1000)
  }
}
