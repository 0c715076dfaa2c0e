/**
 * Makes the routes of a test's gateways framed, so that the journeys of a tunnel are made once more:
 * `SLUICE_FRAMING=plain` without compression, `SLUICE_FRAMING=deflate` with permessage-deflate spoken to
 * clients and to endpoints, of every message, with windows that are kept.
 */
import type { Config, RouteConfig } from '../../src/config/config.ts'

const everything = {
  thresholdBytes: 0,
  windowBits: 15,
  clientTakeover: true,
  serverTakeover: true,
  level: 1,
  upstream: true,
}

export const framing = framingOf(process.env['SLUICE_FRAMING'])

function framingOf(name: string | undefined): 'plain' | 'deflate' | undefined {
  if (name === undefined || name === 'plain' || name === 'deflate') return name
  throw new Error(`SLUICE_FRAMING is plain or deflate, not ${name}`)
}

/** Every session may keep its windows: bare servers answer an offer in one way, whatever there is memory for. */
const limits = { compressionBytes: 4e9 }

/** Routes that would be tunnels become framed; what says itself how it compresses stays as it is. */
export function withFraming(config: Config): Config {
  return framing === undefined ? config : { ...config, limits, routes: config.routes.map(framed) }
}

function framed(route: RouteConfig): RouteConfig {
  if (route.framed || route.compression === 'off') return { ...route, framed: true }
  return { ...route, framed: true, compression: framing === 'deflate' ? everything : 'off' }
}
