// The simulated clients: where each is, and since when. Connected, waiting and gone are all of them at every
// moment.

export const nowhere = 0xffff

type State = 'connected' | 'waiting' | 'gone'
const codes: Readonly<Record<State, number>> = { waiting: 0, connected: 1, gone: 2 }

export class Population {
  readonly size: number
  /** The process that has its session, and the server it is at; `nowhere` while it waits. */
  readonly places: Uint16Array
  readonly servers: Uint16Array
  readonly #states: Uint8Array
  readonly #lostAtMs: Float64Array
  #connected = 0
  #gone = 0
  /** How long each return has taken. */
  readonly returnsMs: number[] = []
  #lastBackAtMs = 0

  constructor(size: number) {
    this.size = size
    this.places = new Uint16Array(size).fill(nowhere)
    this.servers = new Uint16Array(size).fill(nowhere)
    this.#states = new Uint8Array(size)
    this.#lostAtMs = new Float64Array(size).fill(NaN)
  }

  get connected(): number {
    return this.#connected
  }

  get gone(): number {
    return this.#gone
  }

  get waiting(): number {
    return this.size - this.#connected - this.#gone
  }

  /** When the last one who had lost its session had one again. */
  get lastBackAtMs(): number {
    return this.#lastBackAtMs
  }

  isWaiting(client: number): boolean {
    return this.#states[client] === codes.waiting
  }

  isConnected(client: number): boolean {
    return this.#states[client] === codes.connected
  }

  connect(client: number, place: number, server: number, nowMs: number): void {
    if (!this.isWaiting(client)) throw new Error(`client ${client} cannot be connected twice`)
    this.#states[client] = codes.connected
    this.places[client] = place
    this.servers[client] = server
    this.#connected++
    const lostAtMs = this.#lostAtMs[client] ?? NaN
    if (Number.isNaN(lostAtMs)) return
    this.returnsMs.push(nowMs - lostAtMs)
    this.#lastBackAtMs = nowMs
  }

  lose(client: number, nowMs: number): void {
    if (!this.isConnected(client)) throw new Error(`client ${client} has nothing to lose`)
    this.#states[client] = codes.waiting
    this.places[client] = nowhere
    this.servers[client] = nowhere
    this.#connected--
    this.#lostAtMs[client] = nowMs
  }

  /** It does not try any more. */
  giveUp(client: number): void {
    if (!this.isWaiting(client)) throw new Error(`client ${client} has not been waiting`)
    this.#states[client] = codes.gone
    this.#gone++
  }

  /** What the counters say, counted anew: for tests. */
  count(): Record<State, number> {
    const of = (state: State) =>
      this.#states.reduce((sum, one) => sum + Number(one === codes[state]), 0)
    return { connected: of('connected'), waiting: of('waiting'), gone: of('gone') }
  }

  /** Clients of a process, in the order of their numbers. */
  at(place: number): number[] {
    const found: number[] = []
    for (let client = 0; client < this.size; client++)
      if (this.places[client] === place) found.push(client)
    return found
  }

  ofServer(server: number): number[] {
    const found: number[] = []
    for (let client = 0; client < this.size; client++)
      if (this.servers[client] === server) found.push(client)
    return found
  }
}
