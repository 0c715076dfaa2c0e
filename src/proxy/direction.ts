/**
 * One direction of a session: what becomes of the bytes that one side sends on their way to the other.
 * In a tunnel they pass as they are, on a framed route they are read and written anew.
 */
import type { OwnPings } from '../wire/own-pings.ts'
import type { FrameViolation } from '../wire/frame-header.ts'

export interface Direction {
  /**
   * @returns what is to be written to the other side now; it belongs to the caller. There may be more of
   * the chunk to come: see `isFull` and `takeRest`.
   */
  pass(chunk: Buffer): Buffer
  /** Only listens for a Close from now on: nothing passes any more. */
  hear(chunk: Buffer): void
  /** Whether `pass` stopped since it had enough for one go; it goes on with the next call. */
  readonly isFull: boolean
  /**
   * @returns what `pass` did not look at: it comes before the next chunk, also where it is empty, since more may
   * come of what was read. undefined: nothing is left, or it is stopped.
   */
  takeRest(): Buffer | undefined
  /**
   * Of what `pass` returned last, the bytes up to the end of the last whole message; a control frame outside
   * of one counts as whole. -1: all of it belongs to a message that began before and goes on; 0 with
   * nothing returned between two messages.
   */
  readonly wholeBytes: number
  /**
   * Where control frames lie inside the message that is not whole, in what `pass` returned last: start and
   * end of each in turn, from the beginning of what was returned. undefined: there is none, as almost always.
   */
  readonly innerControls: readonly number[] | undefined
  /** Whether what has passed ends between two frames, and how many bytes have to pass until it does. */
  readonly isAtBoundary: boolean
  readonly bytesToBoundary: number

  /** Messages that have begun to pass. */
  readonly begun: number
  /** How many may: nothing passes from the next one on. */
  mostBegun: number
  /** Messages that passed whole, and bytes as they were sent; framed also those of a frame that is waited for. */
  readonly messages: number
  readonly bytes: number

  /** A Close frame was read, or a violation was found. Nothing passes after it. */
  readonly isStopped: boolean
  /** The code of that Close frame; 1005 for one without code. */
  readonly closeCode: number | undefined
  readonly violation: FrameViolation | undefined

  /** Closes of this side that end here: those with one of these codes, or every one. */
  withheldCodes: ReadonlySet<number> | 'all'

  /** What the gateway's own pings to this side carried; whoever follows this direction takes them over. */
  ownPings: OwnPings | undefined
  /** The gateway has pinged this side: one pong with this payload ends here. */
  expectPong(payload: Buffer): void
  /** The payload of the ping that passed last; whoever sees its answer pass clears it. */
  pinged: Buffer | undefined
  /** Whether a pong has passed; whoever looks clears it. */
  hasPonged: boolean
  /** Whether the pong that was expected last has come; whoever looks clears it. */
  hasAnswered: boolean

  /** Gives back what it holds, once the session is over. */
  release(): void
}

/** Whether a Close of this side has passed to the other: there is only one. */
export function hasPassedClose({ closeCode, withheldCodes }: Direction): boolean {
  if (closeCode === undefined || withheldCodes === 'all') return false
  return !withheldCodes.has(closeCode)
}
