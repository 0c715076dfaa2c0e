/**
 * A whole gateway in one process, put together from a checked configuration. Nothing listens before
 * `start`; after `leave` nothing is left of it.
 */
import { randomBytes } from 'node:crypto'
import type { Config } from './config/config.ts'
import { systemClock } from './core/clock.ts'
import type { Emit } from './core/events.ts'
import { tellPlace } from './core/place.ts'
import type { Refusal } from './listener/client-request.ts'
import { listen, type Listener } from './listener/listener.ts'
import { descriptors } from './net/descriptors.ts'
import { createDnsQuery } from './net/dns-query.ts'
import { assignSockets, takeInheritedSockets } from './net/inherited-sockets.ts'
import { moveSession, type Moved } from './proxy/move-session.ts'
import { Mover } from './proxy/mover/mover.ts'
import { planOf } from './proxy/plan.ts'
import { readSessions } from './proxy/reading.ts'
import { serve } from './proxy/serve.ts'
import type { CloseWords } from './proxy/session-end.ts'
import { describeSession, type SessionInfo } from './proxy/session-info.ts'
import { listSessions, type SessionPage, type SessionQuery } from './proxy/session-list.ts'
import { Sessions } from './proxy/sessions.ts'
import { Upstreams, type Objection } from './proxy/upstreams.ts'
import type { GatewayReading } from './telemetry/reading.ts'
import { Compression } from './wire/compression.ts'

/** `leaving` from the moment it is told to, which is before the first client notices. */
export type GatewayState = 'starting' | 'ready' | 'leaving' | 'left'

export interface Gateway {
  readonly state: GatewayState
  /** The bound addresses, once started. */
  readonly listeners: readonly Pick<Listener, 'name' | 'address' | 'port' | 'unix' | 'clients'>[]
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
  /** Stops in order: no new clients, sessions closed with 1012 over `leave.window`, then what is left is cut. */
  leave(): Promise<void>
  /** Cuts everything at once. */
  destroy(): void
}

/** Sessions and requests under way get this long after the window. */
const lastWordsMs = 5_000

export function createGateway(config: Config, emit: Emit): Gateway {
  const secret = config.secret ?? randomBytes(32).toString('base64url')
  /** From the start on, by the name of their upstream: of those whose sessions go on elsewhere. */
  const movers = new Map<string, Mover>()
  const plan = planOf(config, {
    clock: systemClock,
    query: createDnsQuery(),
    secret,
    random: Math.random,
    emit,
    onChange: (upstream) => movers.get(upstream)?.onChange(),
  })
  const compression = new Compression(config.limits.compressionBytes)
  const sessions = new Sessions({ emit, clock: systemClock, compression })
  const listeners: Listener[] = []
  let state: GatewayState = 'starting'
  let isLeaving = false
  let left: Promise<void> | undefined
  /** Ends every wait of `leave`. */
  const cut = Promise.withResolvers<void>()

  function start(): void {
    try {
      const inherited = takeInheritedSockets(process.env, process.pid)
      const sockets = assignSockets(inherited, config.listeners)
      for (const options of config.listeners) {
        const events = {
          onRequest,
          onRefuse: (refusal: Refusal) => onRefuse(options.name, refusal),
          onCertificate: emit,
        }
        const listener = listen(options, events, { inherited: sockets.get(options.name) })
        listeners.push(listener)
        emit({ type: 'listening', listener: listener.name, ...tellPlace(listener) })
      }
    } catch (error) {
      destroy()
      throw error
    }
    for (const [name, pool] of plan.pools) {
      pool.start()
      if (!pool.mayMove) continue
      const mover = new Mover({ pool, sessions: () => sessions.all(), clock: systemClock, emit })
      movers.set(name, mover)
      mover.onChange()
    }
    state = 'ready'
    emit({ type: 'capacity', descriptors: descriptors.limit, sessions: descriptors.clientCapacity })
  }

  const serving = { plan, sessions, compression, emit, isLeaving: () => isLeaving }
  function onRequest(request: Parameters<typeof serve>[0]): void {
    void serve(request, serving)
  }

  function onRefuse(
    listener: string,
    { code, detail, address, head, route, request }: Refusal,
  ): void {
    const { method, host, path } = head ?? { method: undefined, host: undefined, path: undefined }
    emit({
      type: 'request-refused',
      listener,
      route,
      request,
      isHandshake: head?.isUpgrade ?? false,
      code,
      detail,
      address,
      method,
      host,
      path,
    })
  }

  function leave(): Promise<void> {
    left ??= leaveInOrder()
    return left
  }

  async function leaveInOrder(): Promise<void> {
    state = 'leaving'
    emit({ type: 'leaving', sessions: sessions.size })
    await waitFor(config.leave.delayMs)
    isLeaving = true
    stopMovers()
    sessions.closeAll(config.leave.windowMs)
    await Promise.race([everybodyLeft(), waitFor(config.leave.windowMs + lastWordsMs)])
    destroy()
    emit({ type: 'left' })
  }

  async function everybodyLeft(): Promise<void> {
    await Promise.all(listeners.map((listener) => listener.leave()))
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
    stopMovers()
    for (const listener of listeners) listener.destroy()
    sessions.destroyAll()
    for (const pool of plan.pools.values()) pool.leave()
  }

  /** Who is about to be closed is moved no more. */
  function stopMovers(): void {
    for (const mover of movers.values()) mover.stop()
    movers.clear()
  }

  function closeSession(id: string, words?: CloseWords): boolean {
    const session = sessions.get(id)
    session?.close('CLOSED_BY_ADMIN', words)
    return session !== undefined
  }

  function read(): GatewayReading {
    return {
      compression,
      listeners: listeners.map(({ name, clients }) => ({ listener: name, connections: clients })),
      ...readSessions(sessions.all(), plan.all, [...plan.pools.values()]),
    }
  }

  return {
    get state() {
      return state
    },
    get listeners() {
      return listeners
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
    upstreams: new Upstreams(plan, sessions, movers, emit),
    read,
    start,
    leave,
    destroy,
  }
}
