/**
 * What the admin port has, path by path: `HEAD` is answered as `GET`, a method that a path does not
 * have is 405.
 *
 * Probes are open to whoever reaches the port, by any name, as orchestrators have names of their own
 * and a probe shows nobody. What shows clients or changes something is guarded.
 */
import type { CloseWords } from '../proxy/session.ts'
import { expositionType } from '../telemetry/exposition.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Gateway } from '../gateway.ts'
import { json, problem, text, type Problem } from './answer.ts'
import { changeFault, scrapeFault, viewFault, type AdminAccess } from './guard.ts'
import { readCloseWords, readSessionQuery } from './query.ts'
import { describeStatus } from './status.ts'

/** What is administered. */
export interface Subject {
  readonly gateway: Gateway
  readonly metrics: Metrics
}

interface Ask {
  readonly request: Request
  readonly query: URLSearchParams
  /** What stands for `:id`; empty in a path that has none. */
  readonly id: string
}

type Answer = (ask: Ask) => Response
type Methods = Readonly<Record<string, Answer>>
type Fault = (request: Request, access: AdminAccess) => Problem | undefined

export function createResources(
  { gateway, metrics }: Subject,
  access: AdminAccess,
): (request: Request) => Response {
  /** Answers only who has no fault. */
  function guarded(fault: Fault, answer: Answer): Answer {
    return (ask) => {
      const found = fault(ask.request, access)
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
    '/sessions': { GET: guarded(viewFault, ({ query }) => list(gateway, query)) },
    '/sessions/:id': {
      GET: guarded(viewFault, ({ id }) => show(gateway, id)),
      DELETE: guarded(changeFault, ({ id, query }) => close(gateway, id, query)),
    },
  }

  return (request) => {
    const { pathname, searchParams } = targetOf(request)
    const id = /^\/sessions\/([^/]+)$/.exec(pathname)?.[1] ?? ''
    const path = id === '' ? pathname : '/sessions/:id'
    const methods = Object.hasOwn(resources, path) ? resources[path] : undefined
    if (methods === undefined) return problem(unknownPath(Object.keys(resources)))
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const answer = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (answer === undefined) return problem(unknownMethod(method, methods))
    return answer({ request, query: searchParams, id })
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

function list(gateway: Gateway, query: URLSearchParams): Response {
  const read = readSessionQuery(query)
  return typeof read === 'string' ? badQuery(read) : json(gateway.listSessions(read))
}

function show(gateway: Gateway, id: string): Response {
  const session = gateway.session(id)
  return session === undefined ? problem(unknownSession) : json(session)
}

/** 202: the closing handshake takes as long as the two sides take. */
function close(gateway: Gateway, id: string, query: URLSearchParams): Response {
  const words: CloseWords | string = readCloseWords(query)
  if (typeof words === 'string') return badQuery(words)
  return gateway.closeSession(id, words) ? json({ session: id }, 202) : problem(unknownSession)
}

function badQuery(title: string): Response {
  return problem({ status: 400, title })
}

const unknownSession: Problem = {
  status: 404,
  title: 'No open session has this id; it may have closed since',
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
