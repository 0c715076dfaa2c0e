// One process of a gateway: an event loop that works in turns. While a turn lasts, who comes waits in the
// backlog of its socket, where there is a bounded number of places; at the next turn it accepts them all.
import type { Attempt, Failure } from './attempt.ts'
import { SimulatedDialGate } from './dial-gate.ts'
import type { Engine } from './engine.ts'
import type { SimulatedServers } from './servers.ts'
import type { Bounds, Costs, Network } from './settings.ts'

/** What it has to know of the world, and to tell it. */
export interface ProcessHost {
  readonly engine: Engine
  readonly servers: SimulatedServers
  readonly costs: Costs
  readonly bounds: Bounds
  readonly network: Network
  onOpened(attempt: Attempt, place: number, server: number): void
  onFailed(attempt: Attempt, failure: Failure): void
}

interface Job {
  us: number
  done(): void
}

// What epoll hands over at once.
const jobsInTurn = 1024
// The sessions that are there leave at least so much of a core: past it all of them are late.
const leastShare = 0.05

export class SimulatedProcess {
  readonly place: number
  isListening = true
  /** That it holds; those under way count for its bounds too. */
  sessions = 0
  /** CPU time for what is not in `sessionUsPerSecond`, since it was last asked for. */
  busyUs = 0
  readonly #host: ProcessHost
  readonly #backlog: Attempt[] = []
  #ready: Job[] = []
  #underWay = 0
  #isBusy = false
  readonly #gates = new Map<number, SimulatedDialGate>()

  constructor(place: number, host: ProcessHost) {
    this.place = place
    this.#host = host
  }

  get hasBacklog(): boolean {
    return this.#backlog.length < this.#host.bounds.backlog
  }

  /** A connection that the kernel has made; ask `hasBacklog` before. */
  arrive(attempt: Attempt): void {
    this.#backlog.push(attempt)
    this.#wake()
  }

  /** Work of another kind: a session is closed, a server is dialled. */
  work(us: number, done: () => void): void {
    this.#ready.push({ us, done })
    this.#wake()
  }

  /** Dials a server and asks it for a handshake. @param answered with the server that did. */
  dial(answered: (server: number) => void): void {
    const { engine, servers, network, bounds } = this.#host
    const server = servers.choose()
    const gate = this.#gates.getOrInsertComputed(server, () => new SimulatedDialGate(bounds.dials))
    gate.enter(() =>
      engine.after(network.serverRoundTripMs, () => {
        gate.leave()
        const answerMs = servers.answer(server, engine.nowMs) + network.serverRoundTripMs
        engine.after(answerMs, () => answered(server))
      }),
    )
  }

  /** Whoever is in it is cut off: the machine is gone. */
  die(): void {
    this.isListening = false
    this.#backlog.length = 0
    this.#ready = []
    this.sessions = 0
  }

  /** Accepts new clients, none of whom it knows. */
  restart(): void {
    this.isListening = true
    this.#underWay = 0
  }

  #wake(): void {
    if (!this.#isBusy) this.#turn()
  }

  #turn(): void {
    const { costs, engine } = this.#host
    for (const attempt of this.#backlog.splice(0)) this.#accept(attempt)
    const turn = this.#ready.splice(0, jobsInTurn)
    if (turn.length === 0) return
    const us = turn.reduce((sum, job) => sum + job.us, 0)
    this.busyUs += us
    const share = Math.max(leastShare, 1 - (this.sessions * costs.sessionUsPerSecond) / 1e6)
    this.#isBusy = true
    engine.after(us / 1000 / share, () => {
      for (const job of turn) job.done()
      this.#isBusy = false
      this.#turn()
    })
  }

  #accept(attempt: Attempt): void {
    const { bounds, costs, engine } = this.#host
    // It has gone already; that is found out with the first read.
    if (attempt.isSettled) return this.#refuse(attempt)
    if (this.sessions + this.#underWay >= bounds.clients)
      return this.#refuse(attempt, 'refused: full')
    if (this.#underWay >= bounds.handshakes) return this.#refuse(attempt, 'refused: busy')
    this.#underWay++
    const untilMs = engine.nowMs + bounds.handshakeMs
    const dial = () =>
      this.dial((server) =>
        this.work(attempt.isSettled ? 0 : costs.answerUs, () =>
          this.#answer(attempt, server, untilMs),
        ),
      )
    // What it has sent is read in the next turn: accepting does not wait for that.
    this.#ready.push({ us: costs.acceptUs, done: () => this.work(costs.readUs, dial) })
  }

  #refuse(attempt: Attempt, failure?: Failure): void {
    this.#ready.push({
      us: this.#host.costs.refuseUs,
      done: () => failure && this.#host.onFailed(attempt, failure),
    })
  }

  #answer(attempt: Attempt, server: number, untilMs: number): void {
    this.#underWay = Math.max(0, this.#underWay - 1)
    if (!this.isListening) return this.#host.onFailed(attempt, 'unreachable')
    if (this.#host.engine.nowMs > untilMs) return this.#host.onFailed(attempt, 'refused: late')
    this.#host.onOpened(attempt, this.place, server)
  }
}
