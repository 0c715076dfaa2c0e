/**
 * A whole gateway in one process, put together from a checked configuration. Nothing listens before
 * `start`; after `leave` nothing is left of it.
 */
import type { Config } from './config/config.ts'
import type { Emit } from './core/events.ts'
import type { Refusal } from './listener/client-request.ts'
import { listen, type Listener } from './listener/listener.ts'
import { descriptors } from './net/descriptors.ts'
import { assignSockets, takeInheritedSockets } from './net/inherited-sockets.ts'
import { Route } from './proxy/route.ts'
import { serve } from './proxy/serve.ts'
import { Sessions } from './proxy/sessions.ts'
import { RouteTable } from './route/route-table.ts'
import { Pool } from './upstream/pool.ts'

export interface Gateway {
  /** The bound addresses, once started. */
  readonly listeners: readonly Pick<Listener, 'name' | 'address' | 'port' | 'unix'>[]
  readonly sessions: number
  /** Binds all listeners. @throws the system's error, with its `code`, if one cannot be bound; then none is. */
  start(): void
  /** Stops in order: no new clients, sessions closed with 1012 over `leave.window`, then what is left is cut. */
  leave(): Promise<void>
  /** Cuts everything at once. */
  destroy(): void
}

/** Sessions and requests under way get this long after the window. */
const lastWordsMs = 5_000

export function createGateway(config: Config, emit: Emit): Gateway {
  const pools = new Map(
    config.upstreams.map((upstream) => [upstream.name, new Pool(upstream, emit)]),
  )
  const routes = new RouteTable(
    config.routes.map((route) => {
      const pool = pools.get(route.upstreams[0]?.name ?? '')
      return [route, new Route(route, pool)] as const
    }),
  )
  const sessions = new Sessions()
  const listeners: Listener[] = []
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
        const listener = listen(options, events, sockets.get(options.name))
        listeners.push(listener)
        const { name, address, port, unix } = listener
        emit({ type: 'listening', listener: name, address, port, unix })
      }
    } catch (error) {
      destroy()
      throw error
    }
    emit({ type: 'capacity', descriptors: descriptors.limit, sessions: descriptors.clientCapacity })
  }

  const serving = { routes, sessions, emit, isLeaving: () => isLeaving }
  function onRequest(request: Parameters<typeof serve>[0]): void {
    void serve(request, serving)
  }

  function onRefuse(listener: string, { code, detail, address, head }: Refusal): void {
    const { method, host, path } = head ?? { method: undefined, host: undefined, path: undefined }
    emit({ type: 'request-refused', listener, code, detail, address, method, host, path })
  }

  function leave(): Promise<void> {
    left ??= leaveInOrder()
    return left
  }

  async function leaveInOrder(): Promise<void> {
    emit({ type: 'leaving', sessions: sessions.size })
    await waitFor(config.leave.delayMs)
    isLeaving = true
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
    cut.resolve()
    for (const listener of listeners) listener.destroy()
    sessions.destroyAll()
    for (const pool of pools.values()) pool.leave()
  }

  return {
    get listeners() {
      return listeners
    },
    get sessions() {
      return sessions.size
    },
    start,
    leave,
    destroy,
  }
}
