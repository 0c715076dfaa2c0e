/**
 * What becomes of a request: finds its route and hands it to whoever serves it there. The one place
 * where errors become responses.
 */
import { GatewayError } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { RouteTable } from '../route/route-table.ts'
import { encodeHead } from '../wire/http-fields.ts'
import { handshake } from './handshake.ts'
import { describeAnswer, relayHttp } from './http-relay.ts'
import type { Route } from './route.ts'
import type { Sessions } from './sessions.ts'

export interface ServeOptions {
  readonly routes: RouteTable<Route>
  readonly sessions: Sessions
  readonly emit: Emit
  /** Whether the gateway accepts nobody any more. */
  readonly isLeaving: () => boolean
}

export async function serve(request: ClientRequest, options: ServeOptions): Promise<void> {
  const { method } = request.head
  try {
    if (options.isLeaving()) throw new GatewayError('LEAVING')
    // A tunnel that a client of a proxy may ask for is not asked for here; a TRACE gives cookies away.
    if (method === 'CONNECT' || method === 'TRACE') throw new GatewayError('METHOD_NOT_ALLOWED')
    const route = findRoute(request, options.routes)
    request.route = route.config.name
    if (route.pool === undefined) respond(request, route, options.emit)
    else if (request.head.isUpgrade) await handshake(request, route, options.sessions, options.emit)
    else await relayHttp(request, route, route.pool, options.emit)
  } catch (error) {
    refuse(request, error, options.emit)
  }
}

function findRoute(request: ClientRequest, routes: RouteTable<Route>): Route {
  const { host, target } = request.head
  const match = routes.match(request.listener, host, target)
  if (match === 'unsafe') throw new GatewayError('UNSAFE_PATH')
  if (match === undefined) throw new GatewayError('NO_ROUTE')
  return match.value
}

/** The route's own answer. Its body, if the request has one, is taken and forgotten. */
function respond(request: ClientRequest, route: Route, emit: Emit): void {
  const startedAtMs = performance.now()
  const { status, headers, body } = route.config.respond ?? { status: 404, headers: {}, body: '' }
  const bytes = Buffer.from(body)
  const fields = Object.entries(headers).map(([name, value]) => ({ name, value }))
  const isEmpty = status === 204 || status === 304
  if (!isEmpty) fields.push({ name: 'Content-Length', value: String(bytes.length) })
  fields.push({ name: 'Connection', value: request.isKeptAlive ? 'keep-alive' : 'close' })
  request.write(encodeHead(`HTTP/1.1 ${status} `, fields))
  if (!isEmpty && request.head.method !== 'HEAD') request.write(bytes)
  request.readBody({
    bodyOnData() {},
    bodyOnEnd() {
      emit(describeAnswer({ request, route, endpoint: undefined, startedAtMs, status }))
      request.finish(true)
    },
  })
}

function refuse(request: ClientRequest, error: unknown, emit: Emit): void {
  if (error instanceof GatewayError) {
    const detail = error.hasDetail ? error.message : undefined
    if (!request.isOver) return request.refuse(error.code, detail)
    if (error.code !== 'CLIENT_GONE') return
    const { method, host, path } = request.head
    const { listener, route, address } = request
    return emit({
      type: 'request-refused',
      listener,
      route,
      isHandshake: request.head.isUpgrade,
      code: error.code,
      detail,
      address,
      method,
      host,
      path,
    })
  }
  emit({ type: 'mistake', error })
  request.refuse('INTERNAL')
}
