/**
 * What a seed makes of a simulation: how the gateway is configured, who is there, and what befalls them when.
 */
import { Random } from '../support/random.ts'
import type { Death, ServerMood } from './simulated-server.ts'
import type { Departure } from './simulated-client.ts'

export interface Schedule {
  readonly seed: number
  readonly mode: 'off' | 'close' | 'notify' | 'transparent'
  readonly framing: Framing
  readonly on: { readonly lost: boolean; readonly codes: readonly number[] }
  readonly holdBytes: number
  readonly pendingBytes: number
  readonly waitMs: number
  readonly settleMs: number
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number } | undefined
  readonly servers: readonly ServerPlan[]
  readonly clients: readonly ClientPlan[]
  readonly incidents: readonly Incident[]
  /** Out of 100 servers that take a session over, how many come to harm while they do. */
  readonly traps: number
}

/** `tunnel`: the ends agree on compression or not; else who of them the gateway compresses with. */
export interface Framing {
  readonly kind: 'tunnel' | 'framed'
  readonly client: Deflate | undefined
  readonly upstream: boolean
}

/** What a client offers. */
export interface Deflate {
  readonly clientTakeover: boolean
  readonly serverTakeover: boolean
}

export interface ServerPlan {
  readonly thinkMs: number
  readonly slowness: number
  readonly talkativeness: number
  readonly isOrderly: boolean
}

export interface ClientPlan {
  readonly slowness: number
  readonly says: readonly { readonly atMs: number; readonly size: number }[]
  readonly pings: readonly number[]
  /** When it reads nothing, and for how long. */
  readonly pauses: readonly { readonly atMs: number; readonly forMs: number }[]
  readonly departure: { readonly atMs: number; readonly how: Departure } | undefined
}

export type Incident = {
  readonly atMs: number
  readonly server: number
  readonly forMs: number
} & (
  | { readonly kind: 'death'; readonly how: Death }
  | { readonly kind: 'leave'; readonly code: number; readonly isPatient: boolean }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'mood'; readonly mood: ServerMood }
  /** Its sessions are moved in order, or given up. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'rebalance' }
  | { readonly kind: 'unhealthy' }
  | { readonly kind: 'talk' }
  | { readonly kind: 'ping' }
)

/** How long incidents go on; afterwards all servers are well. */
export const eventfulMs = 3_000

export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed)
  const { below, pick } = bound(random)
  const servers = Array.from({ length: 1 + below(4) }, () => ({
    thinkMs: pick([0, 20, 300]),
    slowness: pick([0, 5, 40]),
    talkativeness: pick([0, 20, 60]),
    isOrderly: below(2) === 0,
  }))
  const holdBytes = pick([0, 200, 1_000, 4_000])
  const sizes = () => sizeOf(random, holdBytes)
  return {
    seed,
    mode: pick(['transparent', 'transparent', 'transparent', 'notify', 'notify', 'close', 'off']),
    framing: framingOf(random),
    on: {
      lost: below(12) > 0,
      codes: pick([[], [1001], [1001, 1012], [1001, 1012], [1001, 1012]]),
    },
    holdBytes,
    pendingBytes: pick([300, 2_000, 16_000]),
    waitMs: pick([400, 2_000, 20_000, 20_000]),
    settleMs: pick([0, 50, 250]),
    heartbeat: below(2) === 0 ? undefined : { intervalMs: 300, timeoutMs: 200 },
    servers,
    clients: Array.from({ length: 1 + below(2) }, () => clientOf(random, sizes)),
    incidents: Array.from({ length: below(7) }, () => incidentOf(random, servers.length)),
    traps: pick([0, 0, 30, 80]),
  }
}

function framingOf(random: Random): Framing {
  const { below } = bound(random)
  const deflate = () => ({ clientTakeover: below(2) === 0, serverTakeover: below(2) === 0 })
  const client = below(5) < 2 ? undefined : deflate()
  if (below(3) > 0) return { kind: 'tunnel', client, upstream: client !== undefined }
  return { kind: 'framed', client, upstream: client !== undefined && below(2) === 0 }
}

function clientOf(random: Random, size: () => number): ClientPlan {
  const { below, pick } = bound(random)
  const times = (most: number) => Array.from({ length: below(most + 1) }, () => below(eventfulMs))
  const leaves = below(4) === 0
  return {
    slowness: pick([0, 5, 40]),
    says: times(pick([4, 12, 40])).map((atMs) => ({ atMs, size: size() })),
    pings: times(3),
    pauses: below(3) === 0 ? times(3).map((atMs) => ({ atMs, forMs: below(700) })) : [],
    departure: leaves
      ? { atMs: below(eventfulMs), how: pick(['close', 'end', 'reset', 'vanish'] as const) }
      : undefined,
  }
}

/** Short ones mostly; some about as long as what is held, some longer. */
function sizeOf(random: Random, holdBytes: number): number {
  const { below } = bound(random)
  const kind = below(10)
  if (kind < 6) return below(200)
  if (kind < 8) return below(1_500)
  return kind < 9 ? Math.max(0, holdBytes - 60 + below(80)) : below(3 * holdBytes + 200)
}

function incidentOf(random: Random, servers: number): Incident {
  const { below, pick } = bound(random)
  const when = { atMs: below(eventfulMs), server: below(servers), forMs: below(1_200) }
  switch (below(12)) {
    case 0:
    case 1:
    case 2:
      return { ...when, kind: 'death', how: pick(['reset', 'end', 'vanish']) }
    case 3:
    case 4: {
      const code = pick([1001, 1001, 1012, 1000, 4_001])
      return { ...when, kind: 'leave', code, isPatient: below(2) === 0 }
    }
    case 5:
      return { ...when, kind: 'freeze' }
    case 6:
      return {
        ...when,
        kind: 'mood',
        mood: pick<ServerMood>(['refusing', 'mute', 'dropping', { status: 503 }, { status: 403 }]),
      }
    case 7:
    case 8:
      return { ...when, kind: 'drain' }
    case 9:
      return { ...when, kind: 'rebalance' }
    case 10:
      return { ...when, kind: 'unhealthy' }
    default:
      return { ...when, kind: pick(['talk', 'ping'] as const) }
  }
}

function bound(random: Random) {
  return {
    below: (bound: number) => random.below(bound),
    pick: <T>(items: readonly T[]): T => random.pick(items),
  }
}
