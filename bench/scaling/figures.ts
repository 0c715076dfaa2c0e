// What one process was measured to cost: what the model and the simulation calculate with. Nothing in it
// tells where it was measured but the kind of machine.
import { join } from 'node:path'

/** What becomes of messages: passed as they are, over TLS, written anew, compressed. */
export const kinds = ['tunnel', 'tls', 'framed', 'compressed'] as const
export type Kind = (typeof kinds)[number]

/** A measured point: CPU time of the gateway for one message in one direction. */
export interface SizeCost {
  readonly bytes: number
  readonly us: number
}

export interface Figures {
  /** A date, and lines about the machine and the programs. */
  readonly measured: string
  readonly machine: readonly string[]
  /** By size, smallest first. Half of a round trip: one message in each direction. */
  readonly messageUs: Readonly<Record<Kind, readonly SizeCost[]>>
  /** CPU time from the accept to the 101, dial included. TLS: a full handshake, ECDSA on P-256. */
  readonly openUs: { readonly plain: number; readonly tls: number }
  /** CPU time to close a session in order with 1012, when the gateway leaves. */
  readonly closeUs: number
  /** CPU time of a ping to a client and its pong. */
  readonly heartbeatUs: number
  /** CPU time in a second of a session that is silent, and is not pinged. */
  readonly idleUsPerSecond: number
  /** Resident, of the gateway without a session, and of each session that is idle. */
  readonly processBytes: number
  readonly sessionBytes: Readonly<Record<Kind, number>>
  /** What the kernel holds for the two sockets of an idle session, buffers aside: they are empty. */
  readonly kernelBytes: number
  readonly descriptorsPerSession: number
  /** Of `net.ipv4.ip_local_port_range`: how many sessions one address has with one address and port. */
  readonly portsPerDestination: number
  /** Sessions opened in a second by one process, 64 at a time. */
  readonly opensPerSecond: { readonly plain: number; readonly tls: number }
  /** `leave.window` with many sessions: how it went. */
  readonly leave: LeaveFigures
}

export interface LeaveFigures {
  readonly sessions: number
  readonly windowMs: number
  /** When the last client was told. */
  readonly lastMs: number
  /** Which share of them was closed in the tenth of the window with the fewest and the most. */
  readonly leastTenth: number
  readonly mostTenth: number
}

export const figuresFile = join(import.meta.dir, 'figures.json')

export async function readFigures(): Promise<Figures> {
  return (await Bun.file(figuresFile).json()) as Figures
}

/**
 * CPU time of one message: on straight lines between what was measured, further on by the last line. Where a
 * larger message was measured to cost less than a smaller one, which is noise, it costs as much.
 */
export function messageUs({ messageUs: all }: Figures, kind: Kind, bytes: number): number {
  let [from, ...rest] = rising(all[kind])
  if (from === undefined || bytes <= from.bytes) return from?.us ?? NaN
  let slope = 0
  for (const to of rest) {
    slope = (to.us - from.us) / (to.bytes - from.bytes)
    if (bytes <= to.bytes) break
    from = to
  }
  return from.us + slope * (bytes - from.bytes)
}

function rising(points: readonly SizeCost[]): SizeCost[] {
  let most = 0
  return points.map(({ bytes, us }) => ({ bytes, us: (most = Math.max(most, us)) }))
}
