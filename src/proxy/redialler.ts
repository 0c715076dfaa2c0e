/**
 * How a session finds the server it goes on at.
 */
import type { ByteStream } from '../core/byte-stream.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Direction } from './direction.ts'

export interface Redial {
  /** Where the session was last: asked only where there is no other. */
  readonly from: Endpoint
  /** The one to ask; undefined: the balancer's choice. */
  readonly to?: Endpoint | undefined
  /** The how manieth server after its first one it is to be. */
  readonly moves: number
  /** Whether everybody is asked again and again, for as long as the signal lets; else each once. */
  readonly isPatient: boolean
  readonly signal: AbortSignal
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
  /** @param direction what the server before has sent through. @returns the one for this server. */
  renew(direction: Direction): Direction
}

export interface Redialler {
  /** @throws GatewayError where nobody will take it, or what the signal was aborted with; then nothing is left behind. */
  redial(options: Redial): Promise<NextServer>
  /** Where a new session with its request would go. */
  placeNow(): Endpoint | undefined
}

/** It is not wanted any more. */
export function discard({ endpoint, connection }: NextServer): void {
  connection.stream.destroy()
  endpoint.leave(true)
}

/** An endpoint that was asked to take a session over has answered that the client may not. */
export class RedialRefusal extends Error {
  override readonly name = 'RedialRefusal'
  /** 400 to 499. */
  readonly status: number

  constructor(status: number) {
    super(`the next server answered ${status}`)
    this.status = status
  }
}
