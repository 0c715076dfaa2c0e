/**
 * The whole configuration: what a file may say (configSchema) and what the gateway is told (Config).
 * Invariant: a Config is complete. Every default is filled in, every name in it exists, and every
 * number carries its unit in its name.
 */
import { z } from 'zod'
import { choice, duration, filledList, section } from './schema/keys.ts'
import { listenerSchema } from './schema/listener.ts'
import { routeSchema } from './schema/route.ts'
import { upstreamNameSchema, upstreamSchema } from './schema/upstream.ts'
import type { Endpoint } from './schema/endpoint.ts'

export interface Config {
  readonly listeners: readonly ListenerConfig[]
  /** The named ones, then those that a route gives by URL, whose name is that URL as written. */
  readonly upstreams: readonly UpstreamConfig[]
  readonly routes: readonly RouteConfig[]
  /** On SIGTERM: nothing changes for `delayMs`, then sessions are closed spread over `windowMs`. */
  readonly leave: { readonly delayMs: number; readonly windowMs: number }
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'off'
    /** undefined: pretty on a terminal, else json. */
    readonly format: 'json' | 'pretty' | undefined
  }
}

export interface ListenerConfig {
  /** Unique. */
  readonly name: string
  /** An IP address or localhost; `::` is every address of both families. */
  readonly address: string
  /** 0 is any free port. */
  readonly port: number
  readonly limits: {
    readonly headBytes: number
    /** Header lines of one request. */
    readonly headers: number
    /** Open client connections; undefined: what the descriptor limit allows. */
    readonly clients: number | undefined
  }
  readonly timeout: {
    /** From the first byte of a request (or the accept) to the end of its head. */
    readonly headMs: number
    /** The longest silence inside a request body. */
    readonly bodyMs: number
    /** Between requests on a kept-alive connection. */
    readonly idleMs: number
  }
}

export interface UpstreamConfig {
  /** Unique. */
  readonly name: string
  /** At least one, all of one scheme. */
  readonly endpoints: readonly EndpointConfig[]
  readonly timeout: {
    readonly connectMs: number
    /** From the request sent to the head of the answer. */
    readonly answerMs: number
  }
  readonly keepAlive: {
    /** Idle HTTP connections kept per endpoint; 0 keeps none. */
    readonly connections: number
    readonly idleMs: number
  }
}

export type EndpointConfig = Endpoint

export interface RouteConfig {
  /** Unique. */
  readonly name: string
  /** Names of listeners; empty: every listener. */
  readonly listeners: readonly string[]
  /** Lower case, `*.example.com` being every name below; empty: any host. */
  readonly host: readonly string[]
  /** `/chat`, `/chat/:room`, `/chat/*`; checked: literal segments are unreserved characters only. */
  readonly path: string
  /** A name in `upstreams`. Exactly one of `upstream` and `respond` is given. */
  readonly upstream: string | undefined
  /** The headers hold a content type where there is a body. */
  readonly respond:
    | {
        readonly status: number
        readonly headers: Readonly<Record<string, string>>
        readonly body: string
      }
    | undefined
  /** Lower case, as browsers send them; undefined: any origin is let in. */
  readonly origins: readonly string[] | undefined
  readonly limits: {
    readonly sessions: number | undefined
    readonly messageBytes: number
    readonly frameBytes: number
    /** Held in each direction before its sender is paused. */
    readonly pendingBytes: number
  }
  readonly timeout: {
    readonly handshakeMs: number
    readonly idleMs: number | undefined
    readonly sendMs: number
    readonly closeMs: number
    readonly ageMs: number | undefined
  }
}

const leave = section({
  delay: duration({
    doc: 'How long all goes on as before once the readiness check has turned, so that balancers notice.',
    fallback: '0s',
    min: '0ms',
    max: '10m',
  }),
  window: duration({
    doc: 'Over how long the closing of sessions is spread, so that clients do not return all at once.',
    fallback: '10s',
    min: '0ms',
    max: '1d',
  }),
})

const log = section({
  level: choice({
    doc: 'The least severe events that are written.',
    words: ['debug', 'info', 'warn', 'error', 'off'],
  }).prefault('info'),
  format: choice({
    doc: 'How events are written; pretty on a terminal and json elsewhere by default.',
    words: ['json', 'pretty'],
  }).optional(),
})

export const configSchema = section(
  {
    listeners: filledList(listenerSchema, {
      error: 'must be a list such as [8080]',
      empty: 'needs at least one listener, such as [8080]',
    }).describe('The ports that accept clients.'),
    upstreams: z
      .record(upstreamNameSchema, upstreamSchema, {
        error: 'must be a mapping of names to endpoints',
      })
      .prefault({})
      .describe('Named sets of endpoints that do the same job.'),
    routes: filledList(routeSchema, {
      error: 'must be a list of mappings',
      empty: 'needs at least one route',
    }).describe('What requests are matched to; their order does not matter.'),
    leave: leave.prefault({}).describe('How the gateway leaves on SIGTERM.'),
    log: log.prefault({}).describe('What the gateway writes about itself.'),
  },
  'must be a mapping of keys such as listeners and routes',
)
