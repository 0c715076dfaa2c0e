/**
 * A gateway that is told other configurations while visitors are there, and what a model says of it: who is in which
 * session, which endpoints there are and who has said so. A second gateway, started with each configuration, says what new requests
 * should get.
 */
import type { GatewayEvent } from '../../src/core/events.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import type { Random } from '../support/random.ts'
import { servers, yamlOf, type Setup, type Surroundings } from './setups.ts'
import { SlowEcho } from '../support/slow-echo.ts'
import { patienceMs, Visitor } from './visitor.ts'

export interface Stay {
  readonly visitor: Visitor
  readonly id: string
  readonly route: string
  readonly upstream: UpstreamModel
  /** Whether it could move when it was opened. */
  readonly mayMove: boolean
}

export interface EndpointModel {
  source: 'file' | 'admin'
  /** By who added it. */
  weight: number
}

/** One upstream for as long as it is there. */
export interface UpstreamModel {
  readonly name: string
  mode: string
  readonly endpoints: Map<string, EndpointModel>
  /** Weights by administrators, which hold also when an endpoint goes and comes again. */
  readonly weights: Map<string, number>
  /** Addresses that they have told to drain, which hold as long. */
  readonly drained: Set<string>
}

/** What became of a request. */
export interface Outcome {
  readonly type: GatewayEvent['type']
  readonly route: string | undefined
  readonly what: string | number
  readonly upstream: string | undefined
  /** The name of the one that is set. */
  readonly cookie?: string | undefined
}

export interface Target {
  readonly path: string
  readonly host: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Places extends Surroundings {
  readonly servers: readonly SlowEcho[]
}

export class World {
  readonly random: Random
  readonly places: Places
  readonly live: OpenGateway
  fresh: OpenGateway
  setup: Setup
  readonly stays = new Map<string, Stay>()
  readonly upstreams = new Map<string, UpstreamModel>()
  readonly story: string[] = []

  constructor(random: Random, setup: Setup, places: Places) {
    this.random = random
    this.places = places
    this.setup = setup
    this.live = startGatewayHere(this.yaml)
    this.fresh = this.startFresh()
    this.learnUpstreams([])
  }

  get yaml(): string {
    return yamlOf(this.setup, this.places)
  }

  startFresh(): OpenGateway {
    const ports = this.places.ports.map(() => 0)
    return startGatewayHere(yamlOf(this.setup, { ...this.places, ports }))
  }

  tell(text: string): void {
    this.story.push(text)
  }

  /** What the model knows of endpoints after the file has been taken. */
  learnUpstreams(before: Setup['upstreams']): void {
    const { upstreams } = this.setup
    for (const name of this.upstreams.keys())
      if (!upstreams.some((each) => each.name === name)) this.upstreams.delete(name)
    for (const { name, endpoints, keys } of upstreams) {
      const known = this.upstreams.get(name) ?? newUpstream(name)
      this.upstreams.set(name, known)
      known.mode = modeOf(keys['failover'])
      const urlOf = (server: number) => this.places.urls[server] ?? ''
      const was = before.find((each) => each.name === name)?.endpoints ?? []
      for (const [url, endpoint] of known.endpoints)
        if (endpoint.source === 'file' && !endpoints.some(({ server }) => urlOf(server) === url))
          known.endpoints.delete(url)
      for (const { server, weight } of endpoints) {
        if (was.some((each) => each.server === server && each.weight === weight)) continue
        known.weights.delete(urlOf(server))
        const there = known.endpoints.get(urlOf(server))
        if (there === undefined) known.endpoints.set(urlOf(server), { source: 'file', weight })
        else Object.assign(there, { source: 'file', weight })
      }
    }
  }

  /** @param index of a listener. */
  urlOf(gateway: OpenGateway, index: number, scheme: 'http' | 'ws', path: string): string {
    const secure = this.setup.listeners[index]?.certificate === undefined ? '' : 's'
    return `${scheme}${secure}://127.0.0.1:${gateway.gateway.listeners[index]?.port}${path}`
  }

  /** What a plain request gets. */
  async ask(gateway: OpenGateway, index: number, { path, host }: Target): Promise<Outcome> {
    const seen = gateway.events.length
    const response = await fetch(this.urlOf(gateway, index, 'http', path), {
      headers: { host },
      keepalive: false,
      tls: { rejectUnauthorized: false },
    })
    const text = await response.text()
    const outcome = await this.outcome(gateway, seen)
    const { headers } = response
    const cookie = /^\w+=/.exec(headers.get('set-cookie') ?? '')?.[0]
    const body = response.status === 200 ? text.replace(/^server\d/, 'server') : ''
    return { ...outcome, what: `${outcome.what} ${body} ${headers.get('x-more') ?? ''}`, cookie }
  }

  /** What became of the request that was the only one since. */
  async outcome({ events }: Pick<OpenGateway, 'events'>, seen: number): Promise<Outcome> {
    let found: Outcome | undefined
    await this.until('a request is told of', () => {
      found = events.slice(seen).flatMap((event) => outcomeOf(event) ?? [])[0]
      return found !== undefined
    })
    if (found === undefined) throw new Error('unreachable')
    return found
  }

  visit(gateway: OpenGateway, index: number, { path, host, headers }: Target): Visitor {
    return new Visitor(this.urlOf(gateway, index, 'ws', path), host, headers)
  }

  /** Whether somebody is there who could be given a request. */
  canServe(upstream: string): boolean {
    const found = this.live.gateway.upstreams.list().find(({ name }) => name === upstream)
    return (
      found?.endpoints.some(
        ({ state, weight }) => weight > 0 && (state === 'healthy' || state === 'ejected'),
      ) === true
    )
  }

  countOf(route: string): number {
    return [...this.stays.values()].filter((stay) => stay.route === route).length
  }

  async until(what: string, isSo: () => boolean | undefined, mostMs = patienceMs): Promise<void> {
    const endsAtMs = performance.now() + mostMs
    while (isSo() !== true) {
      if (performance.now() > endsAtMs) this.fail(`not so in time: ${what}`)
      await Bun.sleep(1)
    }
  }

  fail(what: string): never {
    throw new Error(`${what}\n${this.story.join('\n')}`)
  }

  same(what: string, is: unknown, should: unknown): void {
    if (!Bun.deepEquals(is, should))
      this.fail(
        `${what}: ${Bun.inspect(is, { depth: 9 })} and not ${Bun.inspect(should, { depth: 9 })}`,
      )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { visitor } of this.stays.values()) visitor.socket.terminate()
    await this.live[Symbol.asyncDispose]()
    await this.fresh[Symbol.asyncDispose]()
  }
}

function newUpstream(name: string): UpstreamModel {
  return { name, mode: 'off', endpoints: new Map(), weights: new Map(), drained: new Set() }
}

export function modeOf(failover: unknown): string {
  if (typeof failover === 'string') return failover
  return typeof failover === 'object' && failover !== null && 'mode' in failover
    ? String(failover.mode)
    : 'off'
}

/** Whether a session that has lost its server will find one. */
export function hasPlace({ endpoints, drained }: UpstreamModel): boolean {
  return [...endpoints.keys()].some((url) => !drained.has(url))
}

export function canMove({ mode }: UpstreamModel): boolean {
  return mode === 'transparent' || mode === 'notify'
}

export function startServers(): SlowEcho[] {
  return Array.from({ length: servers }, (_, index) => new SlowEcho(`server${index}`))
}

function outcomeOf(event: GatewayEvent): Outcome | undefined {
  switch (event.type) {
    case 'request-refused':
      return { type: event.type, route: event.route, what: event.code, upstream: undefined }
    case 'request-answered':
    case 'handshake-rejected':
      return {
        type: event.type,
        route: event.route,
        what: event.status,
        upstream: event.upstream,
      }
    case 'session-opened':
      return { type: event.type, route: event.route, what: 101, upstream: event.upstream }
    default:
      return undefined
  }
}
