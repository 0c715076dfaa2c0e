/**
 * What the admin port has, path by path, and who may ask for it: `HEAD` is answered as `GET`, a method that a
 * path does not have is 405. What is answered is supplied: by one gateway, or by several processes as one.
 *
 * Probes are open to whoever reaches the port, by any name, as orchestrators have names of their own
 * and a probe shows nobody. What shows clients or changes something is guarded.
 */
import { problem, type Problem } from './answer.ts'
import { changeFault, scrapeFault, viewFault, type AdminAccess } from './guard.ts'

export interface Ask {
  readonly request: Request
  readonly query: URLSearchParams
  /** What stands for `:id` or `:name`, decoded; empty in a path that has none. */
  readonly name: string
  /** Path and query, whatever the host is. */
  readonly target: string
}

export type Answer = (ask: Ask) => Response | Promise<Response>
type Fault = (request: Request, access: AdminAccess) => Problem | undefined

const open: Fault = () => undefined

const guards = {
  '/healthz': { GET: open },
  '/readyz': { GET: open },
  '/metrics': { GET: scrapeFault },
  '/status': { GET: viewFault },
  '/sessions': { GET: viewFault },
  '/sessions/:id': { GET: viewFault, DELETE: changeFault },
  '/sessions/:id/move': { POST: changeFault },
  '/upstreams': { GET: viewFault },
  '/upstreams/:name': { GET: viewFault },
  '/upstreams/:name/endpoints': {
    GET: viewFault,
    POST: changeFault,
    PATCH: changeFault,
    DELETE: changeFault,
  },
  '/routes/:name/split': { GET: viewFault, PATCH: changeFault },
  '/reload': { POST: changeFault },
  '/upgrade': { POST: changeFault },
} satisfies Readonly<Record<string, Readonly<Record<string, Fault>>>>

type Path = keyof typeof guards
/** One for each method of each path. */
type AllAnswers = {
  readonly [Each in Path]: { readonly [Method in keyof (typeof guards)[Each]]: Answer }
}
/** What can be done with the gateway as a whole. */
export type OperationAnswers = Pick<AllAnswers, '/reload' | '/upgrade'>
/** A worker has no operations: they are its supervisor's. */
export type PathAnswers = Omit<AllAnswers, keyof OperationAnswers> & Partial<OperationAnswers>

type Methods = Readonly<Record<string, { readonly fault: Fault; readonly answer: Answer }>>

/** @param access asked for each request, as it may change. */
export function createPaths(
  answers: PathAnswers,
  access: () => AdminAccess,
): (request: Request) => Response | Promise<Response> {
  const there = (Object.keys(guards) as Path[]).filter((path) => answers[path] !== undefined)
  const paths = there.map((path) => ({
    segments: path.split('/'),
    methods: methodsOf(guards[path], answers[path]),
  }))

  return (request) => {
    const { pathname, search, searchParams } = targetOf(request)
    const asked = pathname.split('/')
    const resource = paths.find(({ segments }) => isPath(asked, segments))
    if (resource === undefined) return problem(unknownPath(there))
    const { segments, methods } = resource
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const found = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (found === undefined) return problem(unknownMethod(method, methods))
    const fault = found.fault(request, access())
    if (fault !== undefined) return problem(fault)
    const name = decoded(asked[segments.findIndex(isName)] ?? '')
    return found.answer({ request, query: searchParams, name, target: pathname + search })
  }
}

function methodsOf(
  faults: Readonly<Record<string, Fault>>,
  answers: Readonly<Record<string, Answer>> = {},
): Methods {
  const methods: Record<string, Methods[string]> = {}
  for (const [method, fault] of Object.entries(faults)) {
    const answer = answers[method]
    if (answer !== undefined) methods[method] = { fault, answer }
  }
  return methods
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
