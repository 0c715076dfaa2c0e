/**
 * That one listener of several could not be bound: which, where, and the system's error as its cause.
 */
import type { Place } from '../core/place.ts'

export class ListenError extends Error {
  override readonly name = 'ListenError'
  /** The listener's name. */
  readonly listener: string
  readonly place: Place
  /** The system's word, such as EADDRINUSE; undefined where the message is a sentence. */
  readonly code: string | undefined

  constructor({ name, address, port, unix }: Place & { readonly name: string }, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.listener = name
    this.place = { address, port, unix }
    this.code =
      cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
        ? cause.code
        : undefined
  }
}
