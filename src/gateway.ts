/**
 * A whole gateway in one process, put together from a checked configuration. Nothing listens before
 * `start`; after `leave` nothing is left of it.
 */
import { randomBytes } from 'node:crypto'
import { compareConfigs } from './config/compare.ts'
import type { Config, ListenerConfig } from './config/config.ts'
import { systemClock } from './core/clock.ts'
import type { Emit } from './core/events.ts'
import { formatPlace } from './core/place.ts'
import type { ConfigChange, Prepared, ReloadChange } from './core/reload.ts'
import { foresee } from './foreseen.ts'
import { ListenerSet } from './listener-set.ts'
import type { Refusal } from './listener/client-request.ts'
import { listen, type Listener } from './listener/listener.ts'
import { descriptors } from './net/descriptors.ts'
import { createDnsQuery } from './net/dns-query.ts'
import {
  assignSockets,
  closeUnassigned,
  takeInheritedSockets,
  type InheritedSocket,
} from './net/inherited-sockets.ts'
import { moveSession, type Moved } from './proxy/move-session.ts'
import { Movers } from './proxy/mover/movers.ts'
import { nextPlan } from './proxy/next-plan.ts'
import { planOf, type Plan } from './proxy/plan.ts'
import { readSessions } from './proxy/reading.ts'
import { serve } from './proxy/serve.ts'
import type { CloseWords } from './proxy/session-end.ts'
import { describeSession, type SessionInfo } from './proxy/session-info.ts'
import { listSessions, type SessionPage, type SessionQuery } from './proxy/session-list.ts'
import { describeRefusal } from './proxy/refused.ts'
import type { Route } from './proxy/route.ts'
import { Sessions } from './proxy/sessions.ts'
import { Upstreams, type Objection } from './proxy/upstreams.ts'
import type { GatewayReading } from './telemetry/reading.ts'
import type { PoolHost } from './upstream/pool-options.ts'
import { Compression } from './wire/compression.ts'

/** `leaving` from the moment it is told to, which is before the first client notices. */
export type GatewayState = 'starting' | 'ready' | 'leaving' | 'left'

export interface Gateway {
  readonly state: GatewayState
  /** The bound addresses, once started. */
  readonly listeners: readonly Pick<
    Listener,
    'name' | 'address' | 'port' | 'unix' | 'clients' | 'inheritance'
  >[]
  readonly sessions: number
  listSessions(query: SessionQuery): SessionPage
  session(id: string): SessionInfo | undefined
  /** Closes a session in order, with code 1008 unless told otherwise. @returns false where there is none. */
  closeSession(id: string, words?: CloseWords): boolean
  /** Moves a session in order. @param to the URL of an endpoint of its upstream; undefined: by the balancer. */
  moveSession(id: string, to?: string): Promise<Moved | Objection>
  /** To be seen, and changed until the process ends. */
  readonly upstreams: Upstreams
  /** What is so at this moment, for metrics and status. */
  read(): GatewayReading
  /** Binds all listeners. @throws ListenError if one cannot be bound; then none is. */
  start(): void
  /** What stickiness is signed with. */
  readonly secret: string
  /** Makes ready for another configuration, one at a time. @throws Error with a sentence if it cannot be had; then nothing is changed. */
  prepareReload(config: Config): PreparedReload
  /** What another configuration would come to. */
  foreseeReload(config: Config): readonly ReloadChange[]
  /**
   * Stops in order: no new clients, sessions closed with 1012 over `leave.window`, then what is left is cut.
   * @param options.isTakenOver somebody else serves at the same places: nobody need be given time to notice.
   */
  leave(options?: { readonly isTakenOver: boolean }): Promise<void>
  /** Cuts everything at once. */
  destroy(): void
}

export interface PreparedReload extends Prepared {
  readonly changes: readonly ReloadChange[]
}

/** What a gateway is given by who starts it. */
export interface Surroundings {
  /** Of the process whose place it takes, or of its siblings: where the file says nothing. */
  readonly secret?: string
  /** Sockets that listen already; by default those of systemd. */
  readonly sockets?: readonly InheritedSocket[]
  /** Whether others listen at this place, `host:port` or a path, which it is shared with. */
  readonly isShared?: (place: string) => boolean
}

/** Sessions and requests under way get this long after the window. */
const lastWordsMs = 5_000

export function createGateway(
  started: Config,
  emit: Emit,
  surroundings: Surroundings = {},
): Gateway {
  const ownSecret = surroundings.secret ?? randomBytes(32).toString('base64url')
  let config = started
  const compression = new Compression(config.limits.compressionBytes)
  const sessions = new Sessions({ emit, clock: systemClock, compression })
  const movers = new Movers({ sessions: () => sessions.all(), clock: systemClock, emit })
  const query = createDnsQuery()
  let plan = planOf(config, poolHost(config))
  const listeners = new ListenerSet(bind, emit)
  let sockets: ReadonlyMap<string, InheritedSocket> = new Map()
  let state: GatewayState = 'starting'
  let isLeaving = false
  let left: Promise<void> | undefined
  /** Ends every wait of `leave`. */
  const cut = Promise.withResolvers<void>()

  function poolHost({ secret = ownSecret }: Config): PoolHost {
    const onChange = (upstream: string) => movers.onChange(upstream)
    return { clock: systemClock, query, secret, random: Math.random, emit, onChange }
  }

  function bind(options: ListenerConfig): Listener {
    const events = {
      onRequest,
      onRefuse: (refusal: Refusal) => emit(describeRefusal(listener.name, refusal)),
      onCertificate: emit,
    }
    const listener: Listener = listen(options, events, {
      inherited: sockets.get(options.name),
      isShared: surroundings.isShared?.(formatPlace(options)) ?? false,
    })
    return listener
  }

  function start(): void {
    try {
      const inherited = surroundings.sockets ?? takeInheritedSockets(process.env, process.pid)
      sockets = assignSockets(inherited, config.listeners)
      closeUnassigned(inherited, sockets)
      listeners.start(config.listeners)
      // What is bound later is not what was inherited.
      sockets = new Map()
    } catch (error) {
      destroy()
      throw error
    }
    for (const pool of plan.pools.values()) pool.start()
    movers.start(plan.pools)
    state = 'ready'
    emit({ type: 'capacity', descriptors: descriptors.limit, sessions: descriptors.clientCapacity })
  }

  const serving = {
    plan: () => plan,
    sessions,
    compression,
    emit,
    isLeaving: () => isLeaving,
  }
  function onRequest(request: Parameters<typeof serve>[0]): void {
    void serve(request, serving)
  }

  function prepareReload(next: Config): PreparedReload {
    if (state !== 'ready') throw new Error('The gateway is leaving')
    const changes = compareConfigs(config, next)
    const listening = listeners.prepare(next.listeners, changes)
    try {
      const host = poolHost(next)
      const addressesOf = (route: Route) => sessions.addressesOf(route)
      const planned = nextPlan(plan, { config: next, changes, host, addressesOf })
      const abandon = () => {
        planned.abandon()
        listening.abandon()
      }
      return {
        changes: foreseen(changes, next),
        abandon,
        commit() {
          // It may have been told to leave meanwhile.
          if (state !== 'ready') return abandon()
          planned.commit()
          take(next, planned.plan, changes)
          listening.commit()
        },
      }
    } catch (error) {
      listening.abandon()
      throw error
    }
  }

  function take(next: Config, nextPlan: Plan, changes: readonly ConfigChange[]): void {
    const secret = next.secret ?? ownSecret
    const isNewSecret = secret !== (config.secret ?? ownSecret)
    config = next
    plan = nextPlan
    if (isNewSecret) for (const pool of plan.pools.values()) pool.setSecret(secret)
    compression.limitBytes = next.limits.compressionBytes
    movers.follow(plan.pools, changes)
    const names = (part: ConfigChange['part']) =>
      new Set(changes.filter((each) => each.part === part).map(({ name }) => name))
    sessions.follow({ routes: names('route'), upstreams: names('upstream') }, next.leave.windowMs)
  }

  function foreseen(changes: readonly ConfigChange[], next: Config): readonly ReloadChange[] {
    return foresee(changes, { next, plan, sessions: sessions.all() })
  }

  function leave({ isTakenOver } = { isTakenOver: false }): Promise<void> {
    left ??= leaveInOrder(isTakenOver)
    return left
  }

  async function leaveInOrder(isTakenOver: boolean): Promise<void> {
    state = 'leaving'
    emit({ type: 'leaving', sessions: sessions.size })
    if (!isTakenOver) await waitFor(config.leave.delayMs)
    // Who was accepted while the other one came up is still served.
    isLeaving = !isTakenOver
    movers.stop()
    const listenersLeft = listeners.leave({ isTakenOver })
    sessions.closeAll(config.leave.windowMs)
    await Promise.race([everybodyLeft(listenersLeft), waitFor(config.leave.windowMs + lastWordsMs)])
    destroy()
    emit({ type: 'left' })
  }

  async function everybodyLeft(listenersLeft: Promise<void>): Promise<void> {
    await listenersLeft
    // After them: the last requests may have become sessions.
    await sessions.emptied()
  }

  /** A while, or until everything is cut. */
  function waitFor(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      void cut.promise.then(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  function destroy(): void {
    state = 'left'
    cut.resolve()
    movers.stop()
    listeners.destroy()
    sessions.destroyAll()
    for (const pool of plan.pools.values()) pool.leave()
  }

  function closeSession(id: string, words?: CloseWords): boolean {
    const session = sessions.get(id)
    session?.close('CLOSED_BY_ADMIN', words)
    return session !== undefined
  }

  function read(): GatewayReading {
    return {
      compression,
      listeners: listeners.all.map(({ name, clients }) => ({
        listener: name,
        connections: clients,
      })),
      ...readSessions(sessions.all(), plan.all, [...plan.pools.values()]),
    }
  }

  return {
    get state() {
      return state
    },
    get listeners() {
      return listeners.all
    },
    get secret() {
      return config.secret ?? ownSecret
    },
    get sessions() {
      return sessions.size
    },
    listSessions: (query) => listSessions(sessions, query),
    session(id) {
      const session = sessions.get(id)
      return session === undefined ? undefined : describeSession(session)
    },
    closeSession,
    moveSession: (id, to) => moveSession(sessions.get(id), to),
    upstreams: new Upstreams(() => plan, sessions, movers, emit),
    read,
    prepareReload,
    foreseeReload: (next) => foreseen(compareConfigs(config, next), next),
    start,
    leave,
    destroy,
  }
}
