/**
 * A server that answers upgrades, echoes whole messages in order, says something of its own accord now and then,
 * and fails in every way in which servers fail.
 */
import type { Label } from './message.ts'
import type { Network } from './network.ts'
import { ServerConnection } from './server-connection.ts'
import type { SimulatedStream } from './simulated-stream.ts'

/** How a server is to whoever comes. `mute`: it accepts, and says nothing. */
export type ServerMood = 'well' | 'refusing' | 'mute' | 'dropping' | { readonly status: number }

export type Death = 'reset' | 'end' | 'vanish'

export interface ServerOptions {
  readonly url: string
  readonly network: Network
  /** How long an answer takes it at most. */
  readonly thinkMs: number
  /** Out of 100 gaps in what it sends, how many are long. */
  readonly slowness: number
  /** Out of 100 answers, with how many it says something else as well. */
  readonly talkativeness: number
  /** Whether it answers all that it was asked before it answers a Close. */
  readonly isOrderly: boolean
  /** Sizes of what it says of its own accord. */
  readonly size: () => number
  readonly onFault: (fault: string) => void
  readonly onProcessed: (connection: ServerConnection, label: Label) => void
}

export class SimulatedServer {
  readonly url: string
  readonly options: ServerOptions
  readonly connections = new Set<ServerConnection>()
  mood: ServerMood = 'well'
  /** Since when whoever comes is served; undefined: they are not. */
  wellSinceMs: number | undefined = 0
  /** Whether it has answered a 4xx. */
  hasRefused = false
  /** Whether it stands still, and can go on. */
  isFrozen = false

  constructor(options: ServerOptions) {
    this.url = options.url
    this.options = options
  }

  /** @param number names the connection, in all of the simulation. */
  accept(stream: SimulatedStream, number: number): ServerConnection {
    const connection = new ServerConnection(this, stream, number)
    this.connections.add(connection)
    if (this.isFrozen) stream.cut()
    return connection
  }

  /** As a process that is killed, or a machine that burns. It can be dialled no more until it is well again. */
  die(how: Death): void {
    if (how !== 'vanish') this.thaw()
    this.fail('refusing')
    this.isFrozen = false
    for (const connection of this.connections) connection.die(how)
    this.connections.clear()
  }

  /** As one that is told to stop. */
  leave(code: number, isPatient: boolean): void {
    this.fail('refusing')
    for (const connection of this.connections) connection.close(code, isPatient)
  }

  /** From now on whoever comes is treated like this. */
  fail(mood: ServerMood): void {
    this.mood = mood
    this.wellSinceMs = undefined
  }

  heal(): void {
    this.thaw()
    this.mood = 'well'
    this.wellSinceMs ??= this.options.network.clock.now()
  }

  freeze(): void {
    this.isFrozen = true
    this.wellSinceMs = undefined
    for (const connection of this.connections) {
      connection.hasBeenCut = true
      connection.stream.cut()
    }
  }

  thaw(): void {
    if (!this.isFrozen) return
    this.isFrozen = false
    for (const { stream } of this.connections) stream.mend()
  }
}
