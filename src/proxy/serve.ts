/**
 * What becomes of a request: finds its route and hands it to whoever serves it there. The one place
 * where errors become responses.
 */
import { GatewayError } from '../core/errors.ts'
import type { Emit } from '../core/events.ts'
import type { ClientRequest } from '../listener/client-request.ts'
import type { Compression } from '../wire/compression.ts'
import { goneSignal } from './attempts.ts'
import { handshake } from './handshake.ts'
import { describeAnswer } from './answer-relay.ts'
import { relayHttp } from './http-relay.ts'
import { httpsAnswer, ownAnswer, sendAnswer, type OwnAnswer } from './own-answer.ts'
import type { Plan } from './plan.ts'
import { RequestFacts } from './request-facts.ts'
import { describeRefusal } from './refused.ts'
import type { Route } from './route.ts'
import type { Sessions } from './sessions.ts'

export interface ServeOptions {
  /** The one that counts now. */
  readonly plan: () => Plan
  readonly sessions: Sessions
  readonly compression: Compression
  readonly emit: Emit
  /** Whether the gateway accepts nobody any more. */
  readonly isLeaving: () => boolean
}

export async function serve(request: ClientRequest, options: ServeOptions): Promise<void> {
  const { sessions, compression, emit } = options
  const plan = options.plan()
  const facts = new RequestFacts(request.head, request.client)
  request.address = facts.address
  request.id = facts.requestId
  try {
    if (options.isLeaving()) throw new GatewayError('LEAVING')
    const redirectPort = plan.redirectPorts.get(request.listener)
    if (redirectPort !== undefined) return answer(httpsAnswer(facts, redirectPort))
    const route = findRoute(request.listener, facts, plan)
    request.route = route.config.name
    const own = ownAnswer(route, facts)
    if (own !== undefined) return answer(own, route)
    // Before anything is read of endpoints.
    if (route.isDiscovering) {
      await route.untilDiscovered(goneSignal(request))
      if (options.isLeaving()) throw new GatewayError('LEAVING')
    }
    if (request.head.isUpgrade) {
      const underWay = plan.handshakes.get(request.listener)
      await handshake({ request, facts, route, sessions, compression, underWay, emit })
    } else await relayHttp({ request, facts, route, emit })
  } catch (error) {
    refuse(request, error, emit)
  }

  /** Without an upstream. @param route none for a listener that redirects everything. */
  function answer(own: OwnAnswer, route?: Route): void {
    const startedAtMs = performance.now()
    const { listener } = request
    sendAnswer(request, own)
    emit(describeAnswer({ facts, listener, route, status: own.status, startedAtMs }))
  }
}

/** @throws GatewayError where there is none for this request. */
export function findRoute(listener: string, facts: RequestFacts, { routes }: Plan): Route {
  // A tunnel that a client of a proxy may ask for is not asked for here; a TRACE gives cookies away.
  if (facts.method === 'CONNECT' || facts.method === 'TRACE')
    throw new GatewayError('METHOD_NOT_ALLOWED')
  const match = routes.match(listener, facts.head)
  if (match === 'unsafe') throw new GatewayError('UNSAFE_PATH')
  if (match === undefined) throw new GatewayError('NO_ROUTE')
  facts.parameters = match.parameters
  return match.value
}

function refuse(request: ClientRequest, error: unknown, emit: Emit): void {
  if (error instanceof GatewayError) {
    const detail = error.hasDetail ? error.message : undefined
    if (!request.isOver) return request.refuse(error.code, detail)
    if (error.code !== 'CLIENT_GONE') return
    const { listener, route, address, id, head } = request
    const refusal = { code: error.code, detail, address, head, route, request: id }
    return emit(describeRefusal(listener, refusal))
  }
  emit({ type: 'mistake', error })
  request.refuse('INTERNAL')
}
