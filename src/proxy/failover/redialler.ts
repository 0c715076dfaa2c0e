/**
 * How a session finds the server it goes on at.
 */
import type { ByteStream } from '../../core/byte-stream.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import type { Direction } from '../direction.ts'
import type { MovingSession } from './moving-session.ts'

export interface Redial {
  readonly session: MovingSession
  /** The one to ask; undefined: the balancer's choice. */
  readonly to?: Endpoint | undefined
  /** The how manieth server after its first one it is to be. */
  readonly moves: number
  /** Whether everybody is asked again and again, until the search is over; else each once, but not where it was last. */
  readonly isPatient: boolean
  readonly search: Search
}

/** That somebody looks for a server, as long as it is wanted. It costs a twentieth of an AbortController. */
export class Search {
  isOver = false
  /** Why it is over. */
  reason: unknown
  /** What whoever is at work for it has then to give up. */
  onOver: ((reason: unknown) => void) | undefined

  end(reason: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.reason = reason
    this.onOver?.(reason)
  }

  throwIfOver(): void {
    if (this.isOver) throw this.reason
  }
}

/** An endpoint that has agreed to take the session over. Whoever gets it leaves the endpoint, and ends the stream. */
export interface NextServer {
  readonly endpoint: Endpoint
  readonly connection: {
    readonly stream: ByteStream
    readonly hasEnded: boolean
    /** @returns what came behind the 101. The stream is the caller's from now on. */
    takeOver(): Buffer | undefined
  }
  readonly renewal: Renewal
}

/** What becomes of what the next server sends. */
export interface Renewal {
  /** @param direction that of the server before. @returns the one for this server. */
  renew(direction: Direction): Direction
  /** Instead of that: gives back what it would have held. */
  release(): void
}

export interface Redialler {
  /** @throws GatewayError where nobody will take it, or why the search is over; then nothing is left behind. */
  redial(options: Redial): Promise<NextServer>
  /** @returns where the session would be sent if it came anew; undefined: one is as good as another. */
  placeNow(session: MovingSession): Endpoint | undefined
}

/** It is not wanted any more. */
export function discard({ endpoint, connection, renewal }: NextServer): void {
  renewal.release()
  connection.stream.destroy()
  endpoint.leave(true)
}

/** An endpoint that was asked to take a session over has answered with another status than 101. */
export class RedialRefusal extends Error {
  override readonly name = 'RedialRefusal'
  readonly status: number

  constructor(status: number) {
    super(`the next server answered ${status}`)
    this.status = status
  }

  /** Whether it is the client that can do something about it: no other endpoint is asked. */
  get isClients(): boolean {
    return this.status >= 400 && this.status < 500
  }
}
