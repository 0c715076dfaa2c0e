/**
 * What the admin port answers about the gateway of this process.
 */
import type { Operations } from '../core/operations.ts'
import type { Gateway } from '../gateway.ts'
import { expositionType } from '../telemetry/exposition.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { json, problem, text } from './answer.ts'
import type { AdminAccess } from './guard.ts'
import { operationAnswers } from './operation-answers.ts'
import { createPaths } from './paths.ts'
import { closeSession, listSessions, moveSession, showSession } from './session-answers.ts'
import { describeStatus } from './status.ts'
import {
  changeEndpoint,
  changeSplit,
  listUpstreams,
  showEndpoint,
  showSplit,
  showUpstream,
} from './upstream-answers.ts'
import { readAddition, readChange, readRemoval } from './upstream-query.ts'

/** What is administered. */
export interface Subject {
  readonly gateway: Gateway
  readonly metrics: Metrics
  /** undefined in a worker: what can be done with all of them is their supervisor's. */
  readonly operations: Operations | undefined
}

/** @param access asked for each request, as it may change. */
export function createResources(
  { gateway, metrics, operations }: Subject,
  access: () => AdminAccess,
): (request: Request) => Response | Promise<Response> {
  const { upstreams } = gateway
  return createPaths(
    {
      '/healthz': { GET: () => json({ state: gateway.state }) },
      '/readyz': { GET: () => readiness(gateway) },
      '/metrics': { GET: () => text(metrics.expose(gateway.read()), expositionType) },
      '/status': { GET: () => json(describeStatus(gateway)) },
      '/sessions': { GET: ({ query }) => listSessions(gateway, query) },
      '/sessions/:id': {
        GET: ({ name }) => showSession(gateway, name),
        DELETE: ({ name, query }) => closeSession(gateway, name, query),
      },
      '/sessions/:id/move': { POST: ({ name, query }) => moveSession(gateway, name, query) },
      '/upstreams': { GET: ({ query }) => listUpstreams(upstreams, query) },
      '/upstreams/:name': { GET: ({ name }) => showUpstream(upstreams, name) },
      '/upstreams/:name/endpoints': {
        GET: ({ name, query }) => showEndpoint(upstreams, name, query),
        POST: ({ name, query }) => changeEndpoint(upstreams, name, readAddition(query), 201),
        PATCH: ({ name, query }) => changeEndpoint(upstreams, name, readChange(query), 200),
        // Its sessions are moved, or go on.
        DELETE: ({ name, query }) => changeEndpoint(upstreams, name, readRemoval(query), 202),
      },
      '/routes/:name/split': {
        GET: ({ name }) => showSplit(upstreams, name),
        PATCH: ({ name, query }) => changeSplit(upstreams, name, query),
      },
      ...(operations && operationAnswers(operations)),
    },
    access,
  )
}

/** What a readiness probe is told. */
export function readiness({ state }: Pick<Gateway, 'state'>): Response {
  if (state === 'ready') return json({ state })
  return problem({
    status: 503,
    title: state === 'starting' ? 'The gateway is starting' : 'The gateway is leaving',
  })
}
