/**
 * What the admin port has, path by path: `HEAD` is answered as `GET`, a method that a path does not
 * have is 405.
 *
 * Probes are open to whoever reaches the port, by any name, as orchestrators have names of their own
 * and a probe shows nobody. What shows clients or changes something is guarded.
 */
import { expositionType } from '../telemetry/exposition.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Gateway } from '../gateway.ts'
import { json, problem, text, type Problem } from './answer.ts'
import { changeFault, scrapeFault, viewFault, type AdminAccess } from './guard.ts'
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
}

interface Ask {
  readonly request: Request
  readonly query: URLSearchParams
  /** What stands for `:id` or `:name`, decoded; empty in a path that has none. */
  readonly name: string
}

type Answer = (ask: Ask) => Response | Promise<Response>
type Methods = Readonly<Record<string, Answer>>
type Fault = (request: Request, access: AdminAccess) => Problem | undefined

/** @param access asked for each request, as it may change. */
export function createResources(
  { gateway, metrics }: Subject,
  access: () => AdminAccess,
): (request: Request) => Response | Promise<Response> {
  const { upstreams } = gateway

  /** Answers only who has no fault. */
  function guarded(fault: Fault, answer: Answer): Answer {
    return (ask) => {
      const found = fault(ask.request, access())
      return found === undefined ? answer(ask) : problem(found)
    }
  }

  const resources: Readonly<Record<string, Methods>> = {
    '/healthz': { GET: () => json({ state: gateway.state }) },
    '/readyz': { GET: () => readiness(gateway) },
    '/metrics': {
      GET: guarded(scrapeFault, () => text(metrics.expose(gateway.read()), expositionType)),
    },
    '/status': { GET: guarded(viewFault, () => json(describeStatus(gateway))) },
    '/sessions': { GET: guarded(viewFault, ({ query }) => listSessions(gateway, query)) },
    '/sessions/:id': {
      GET: guarded(viewFault, ({ name }) => showSession(gateway, name)),
      DELETE: guarded(changeFault, ({ name, query }) => closeSession(gateway, name, query)),
    },
    '/sessions/:id/move': {
      POST: guarded(changeFault, ({ name, query }) => moveSession(gateway, name, query)),
    },
    '/upstreams': { GET: guarded(viewFault, ({ query }) => listUpstreams(upstreams, query)) },
    '/upstreams/:name': { GET: guarded(viewFault, ({ name }) => showUpstream(upstreams, name)) },
    '/upstreams/:name/endpoints': {
      GET: guarded(viewFault, ({ name, query }) => showEndpoint(upstreams, name, query)),
      POST: guarded(changeFault, ({ name, query }) =>
        changeEndpoint(upstreams, name, readAddition(query), 201),
      ),
      PATCH: guarded(changeFault, ({ name, query }) =>
        changeEndpoint(upstreams, name, readChange(query), 200),
      ),
      // Its sessions are moved, or go on.
      DELETE: guarded(changeFault, ({ name, query }) =>
        changeEndpoint(upstreams, name, readRemoval(query), 202),
      ),
    },
    '/routes/:name/split': {
      GET: guarded(viewFault, ({ name }) => showSplit(upstreams, name)),
      PATCH: guarded(changeFault, ({ name, query }) => changeSplit(upstreams, name, query)),
    },
  }
  const paths = Object.entries(resources).map(([path, methods]) => ({
    segments: path.split('/'),
    methods,
  }))

  return (request) => {
    const { pathname, searchParams } = targetOf(request)
    const asked = pathname.split('/')
    const resource = paths.find(({ segments }) => isPath(asked, segments))
    if (resource === undefined) return problem(unknownPath(Object.keys(resources)))
    const { segments, methods } = resource
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const answer = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (answer === undefined) return problem(unknownMethod(method, methods))
    const name = decoded(asked[segments.findIndex(isName)] ?? '')
    return answer({ request, query: searchParams, name })
  }
}

function isPath(asked: readonly string[], segments: readonly string[]): boolean {
  return (
    asked.length === segments.length &&
    segments.every((segment, at) => (isName(segment) ? asked[at] !== '' : asked[at] === segment))
  )
}

/** Whether a name stands there. */
function isName(segment: string): boolean {
  return segment.startsWith(':')
}

/** As it is where it is no encoding: then nothing has this name. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/**
 * Path and query, whatever the host is: HAProxy asks for health in HTTP/1.0, which has none, and with one
 * that is none (`a@b`) the runtime's URL could not be read.
 */
function targetOf({ url }: Request): URL {
  const target = url.replace(/^https?:\/\/[^/?]*/, '')
  return new URL(`http://admin/${target.replace(/^\//, '')}`)
}

function readiness({ state }: Gateway): Response {
  if (state === 'ready') return json({ state })
  return problem({
    status: 503,
    title: state === 'starting' ? 'The gateway is starting' : 'The gateway is leaving',
  })
}

function unknownPath(paths: readonly string[]): Problem {
  return { status: 404, title: `There is no such path; there are ${paths.join(', ')}` }
}

function unknownMethod(method: string, methods: Methods): Problem {
  const allowed = Object.keys(methods).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : name))
  return {
    status: 405,
    title: `This path has no ${method}; it has ${allowed.join(', ')}`,
    headers: { Allow: allowed.join(', ') },
  }
}
