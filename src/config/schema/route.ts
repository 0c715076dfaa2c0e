/**
 * `routes`: what a request is matched to, and what is done with it.
 * Invariant: a route read here stands by itself; whether its names exist, whether its keys go together
 * and whether another route takes the same requests is checked where all of them are known
 * (references.ts, conflicts.ts, ties.ts).
 */
import { z } from 'zod'
import type { Template } from '../../expression/template.ts'
import type { Path } from '../issue.ts'
import { nearest } from '../nearest.ts'
import { show } from '../reading.ts'
import { compressionSchema, framedSchema } from './compression.ts'
import { matchSchema } from './conditions.ts'
import { destinationSchema } from './destination.ts'
import { answerSchema, forwardSchema } from './forward.ts'
import { readName, value } from './keys.ts'
import { heartbeatSchema, limitsSchema, timeoutSchema } from './limits.ts'
import { readHost, readPath } from './match.ts'
import { originsSchema } from './origins.ts'
import { redirectSchema } from './redirect.ts'
import { respondSchema } from './respond.ts'
import { oneOrMore, section } from './shapes.ts'
import { template } from './template.ts'

const json = { type: 'string' } as const

const host = value(
  { doc: 'A host name, or "*.example.com" for every name below it.', json },
  readHost,
)

const listener = value(
  { doc: 'The name of a listener.', json: { type: ['string', 'integer'] } },
  readName,
)

/** What routes may have from `defaults`. */
const shared = {
  listeners: z
    .array(listener, { error: 'must be a list of listener names' })
    .prefault([])
    .describe('The listeners whose requests are matched; all of them by default.'),
  host: oneOrMore(host, 'must be a host name or a list of them')
    .prefault([])
    .describe('The hosts that are matched; any by default.'),
  match: matchSchema.prefault({}).describe('What else a request must have to be matched.'),
  forward: forwardSchema
    .prefault({})
    .describe('What endpoints are asked beside what the client sent.'),
  answer: answerSchema.prefault({}).describe('What becomes of the answers of endpoints.'),
  origins: originsSchema
    .prefault('own')
    .describe(
      'The origins whose pages may open a session; own: with a credential only pages of the host that is asked for.',
    ),
  framed: framedSchema,
  compression: compressionSchema,
  limits: limitsSchema.prefault({}).describe('What a session of this route may hold.'),
  timeout: timeoutSchema.prefault({}).describe('How long a session of this route may take.'),
  heartbeat: heartbeatSchema
    .prefault({})
    .describe('Whether a silent side is pinged, and how long it may then stay silent.'),
}

const own = 'has no default: every route gives its own'

export const routeDefaultsSchema = section(shared, {
  elsewhere: {
    name: own,
    path: own,
    upstream: own,
    'split-by': own,
    respond: own,
    redirect: own,
  },
})

export const routeSchema = section({
  name: value(
    { doc: 'What logs and metrics call the route; its host and path by default.', json },
    readName,
  ).optional(),
  path: value(
    { doc: 'The path that is matched: /chat, /chat/:room, or /chat/* for all below too.', json },
    readPath,
  ).prefault('/*'),
  upstream: destinationSchema
    .optional()
    .describe('Where requests go: a name, a URL, or a split such as { chat: 95, chat-next: 5 }.'),
  'split-by': template({
    doc: 'What decides a split: requests with the same value go to the same upstream; by turns by default.',
    what: 'an expression such as $request.cookie.user',
  }).optional(),
  respond: respondSchema.optional().describe('The answer that the gateway gives itself.'),
  redirect: redirectSchema.optional().describe('A redirect that the gateway answers with.'),
  ...shared,
})
  .meta({
    oneOf: ['upstream', 'respond', 'redirect'].map((key) => ({ required: [key] })),
  })
  .transform(({ upstream, 'split-by': splitBy, ...rest }) => ({
    ...rest,
    upstreams: upstream ?? [],
    splitBy,
  }))
  .superRefine((route, context) => {
    for (const { path, template } of templatesOf(route)) {
      const wrong = unknownParameter(template, route.path)
      if (wrong === undefined) continue
      const { problem: message, suggestion } = wrong
      context.addIssue({ code: 'custom', path: [...path], message, params: { suggestion } })
    }
  })

type Route = z.output<typeof routeSchema>

function templatesOf(route: Pick<Route, 'splitBy' | 'redirect' | 'forward' | 'answer'>) {
  const { splitBy, redirect, forward, answer } = route
  const all: { path: Path; template: Template }[] = []
  const add = (path: Path, template: Template | string | undefined) => {
    if (typeof template === 'object') all.push({ path, template })
  }
  add(['split-by'], splitBy)
  add(['redirect', 'to'], redirect?.to)
  add(['forward', 'path'], forward.path)
  add(['forward', 'host'], forward.host)
  for (const { name, value } of forward.headers.set) add(['forward', 'headers', 'set', name], value)
  for (const { name, value } of answer.headers.set) add(['answer', 'headers', 'set', name], value)
  return all
}

/** A parameter of the path that the path does not have would always be empty. */
function unknownParameter(template: Template, path: string) {
  const known = path
    .split('/')
    .flatMap((part) => (part.startsWith(':') ? part.slice(1) : part === '*' ? part : []))
  const missing = template.parameters.find((name) => !known.includes(name))
  if (missing === undefined) return undefined
  const near = nearest(missing, known)
  const wanted = missing === '*' ? 'end the path with /*' : `write the path like /chat/:${missing}`
  return {
    problem: `uses request.path.${missing}, and the path ${show(path)} has no ${missing === '*' ? '"*" at its end' : `:${missing}`}`,
    suggestion: near === undefined ? wanted : `did you mean "request.path.${near}"?`,
  }
}
