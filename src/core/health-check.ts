/**
 * What asks an endpoint whether it is well. When it is asked, how often, and what follows from the answers is
 * not its business.
 */
import type { ByteStream } from './byte-stream.ts'
import type { Extension } from './extension.ts'

export interface HealthTarget {
  /** What goes into `Host`. */
  readonly authority: string
  /** The path of the endpoint's URL, put in front of every path; empty or without slash at its end. */
  readonly path: string
  /** Opens a new connection, TLS included. The stream is the caller's: it MUST end or destroy it. @throws Error with a sentence. */
  readonly connect: (signal: AbortSignal) => Promise<ByteStream>
}

export interface HealthCheck {
  /**
   * Asks once. MUST leave no connection behind, however it ends, and MUST settle soon after the signal is
   * aborted.
   * @returns how long a ping took, in ms, where the check sends one; else undefined.
   * @throws Error whose message says what is wrong: `answered 503`, `connection refused`.
   */
  check(target: HealthTarget, signal: AbortSignal): Promise<number | undefined>
}

export type HealthCheckExtension = Extension<HealthCheck>
