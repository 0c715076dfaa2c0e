/**
 * What a side of a session is made of, and what it tells.
 */
import type { ByteStream, StreamClose } from '../core/byte-stream.ts'
import type { Clock } from '../core/clock.ts'
import { encodeClose } from '../wire/frame-encoder.ts'
import type { Direction } from './direction.ts'
import type { Throttle } from './throttle.ts'

/** Hears of a side, who tells of itself. */
export interface SideEvents<Teller> {
  /** The side sent a Close frame, or violated the protocol: nothing of what it sends passes any more. */
  sideOnStop(side: Teller): void
  /** The side sends more than its rate: it is to be closed. */
  sideOnExcess(side: Teller, detail: string): void
  /** The side will send nothing more, but can be sent to. */
  sideOnEnd(side: Teller): void
  sideOnClose(side: Teller, reason: StreamClose): void
  /** The stream of a side that may be replaced is over. @returns whether it is replaced: then nothing else is told. */
  sideOnLoss(side: Teller, reason: StreamClose): boolean
  /** The ping of `ask` is answered. */
  sideOnAnswer(side: Teller): void
  /** All that it had sent before it was lost has passed. */
  sideOnFlushed(side: Teller): void
}

export interface SideOptions<Teller> {
  readonly events: SideEvents<Teller>
  /** Bytes this side's peer may leave untaken before this side is paused. */
  readonly pendingBytes: number
  readonly sendTimeoutMs: number
  /** Whether `lastReadMs` is kept. */
  readonly isTimed: boolean
  readonly clock: Clock
}

export interface SideParts {
  readonly stream: ByteStream
  /** What becomes of what this side sends. */
  readonly direction: Direction
  /** What this side may send; undefined: as much as it can. */
  readonly throttle?: Throttle | undefined
  /** Set for a server that may be replaced by another: messages up to this are not cut by that. */
  readonly holdBytes?: number | undefined
}

/** A Close frame of the gateway's own, sent between two frames. */
export interface OwnClose {
  readonly code: number
  readonly reason: string
  /** Set where the side is not to be heard any more: how long it may take to end after our FIN. */
  readonly lingerMs?: number
}

interface Closable {
  readonly name: 'client' | 'upstream'
  readonly stream: ByteStream
  readonly peer: { readonly isAtBoundary: boolean }
}

/** Where its peer broke off inside a frame, which will never end, there is no place for a Close: it is ended without. */
export function sendClose(
  { name, stream, peer }: Closable,
  { code, reason, lingerMs }: OwnClose,
): void {
  if (!peer.isAtBoundary) return stream.end(lingerMs)
  // Frames towards an upstream are a client's, so masked.
  stream.write(encodeClose(code, reason, { isMasked: name === 'upstream' }))
  if (lingerMs !== undefined) stream.end(lingerMs)
}

/** How often a side passes as much as is enough before others have a turn: about ten milliseconds if all has to be deflated. */
export const mostGoes = 4

export const nothing = Buffer.alloc(0)

/** What came first, and what came behind it. */
export function joined(first: Buffer | undefined, second: Buffer | undefined): Buffer | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return Buffer.concat([first, second])
}
