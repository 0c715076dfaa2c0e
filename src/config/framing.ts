/**
 * Whether the sessions of a route are framed, and what follows from it for compression and heartbeats.
 * Invariant: compression by the gateway is framed, and compression that is passed is a tunnel's: whoever
 * says one of `framed` and `compression` has said the other, and whoever says both must mean the same.
 */
import type { RouteConfig } from './config.ts'
import type { Issue, Item, Path } from './issue.ts'
import type { Mapping } from './mapping.ts'
import { compressionSchema, framedSchema, gatewayCompression } from './schema/compression.ts'
import type { HeartbeatWritten } from './schema/limits.ts'

/** As written; undefined where nothing is said. */
interface Framing {
  readonly framed?: RouteConfig['framed'] | undefined
  readonly compression?: RouteConfig['compression'] | undefined
}

const heartbeatMs = 30_000 // below the minute after which most balancers and routers forget an idle connection

/** What a route comes to that says this; conflicts have been told before. */
export function framingOf(
  said: Framing & { readonly heartbeat: HeartbeatWritten },
): Pick<RouteConfig, 'framed' | 'compression' | 'heartbeat'> {
  const isFramed = framedBy(said) ?? false
  const { clientMs, upstreamMs, timeoutMs } = said.heartbeat
  const fallback = isFramed ? heartbeatMs : 'off'
  return {
    framed: isFramed,
    compression: said.compression ?? (isFramed ? gatewayCompression : 'pass'),
    heartbeat: {
      clientMs: msOf(clientMs ?? fallback),
      upstreamMs: msOf(upstreamMs ?? fallback),
      timeoutMs,
    },
  }
}

/** Of a route as written, or of the defaults of routes: each held against itself alone. */
export function framingConflicts({ path, value }: Item<Mapping>): Issue[] {
  const { framed, compression } = saidIn(value)
  const meant = framedBy({ compression })
  if (framed === undefined || meant === undefined || framed === meant) return []
  return [framed ? passedBesideFramed(path) : gatewayBesideTunnel(path)]
}

function passedBesideFramed(path: Path): Issue {
  return {
    path: [...path, 'compression'],
    message: 'pass is for a tunnel, and with framed: true the gateway reads the messages itself',
    suggestion: 'write gateway, or off for messages without compression',
    isAboutKey: true,
  }
}

function gatewayBesideTunnel(path: Path): Issue {
  return {
    path: [...path, 'framed'],
    message: 'cannot be false beside compression by the gateway, which has to read the messages',
    suggestion: 'leave framed out, or write compression: pass',
    isAboutKey: true,
  }
}

/** Those of the defaults that hold for a route: what it says itself they do not contradict. */
export function framingDefaults(defaults: Mapping, own: Mapping): Mapping {
  const isFramed = framedBy(saidIn(own))
  if (isFramed === undefined) return defaults
  const { framed, compression } = saidIn(defaults)
  const kept: Record<string, unknown> = { ...defaults }
  if (framedBy({ framed }) === !isFramed) delete kept['framed']
  if (framedBy({ compression }) === !isFramed) delete kept['compression']
  return kept
}

/** undefined where nothing is said that settles it: nobody compresses in a tunnel or out of one. */
function framedBy({ framed, compression }: Framing): boolean | undefined {
  if (framed !== undefined) return framed
  if (compression === 'pass') return false
  return typeof compression === 'object' ? true : undefined
}

/** What cannot be read says nothing here; it is told where it is read. */
function saidIn({ framed, compression }: Mapping): Framing {
  return {
    framed: framedSchema.safeParse(framed).data,
    compression: compressionSchema.safeParse(compression).data,
  }
}

function msOf(heartbeat: number | 'off'): number | undefined {
  return heartbeat === 'off' ? undefined : heartbeat
}
