/**
 * `upstreams`: named sets of endpoints, each a URL, a list of URLs or a mapping.
 * Invariant: an upstream has at least one endpoint, none twice, all of one scheme.
 */
import { z } from 'zod'
import { show, withMissingSpace } from '../reading.ts'
import { readEndpoint, type Endpoint } from './endpoint.ts'
import { count, duration, filledList, section, value } from './keys.ts'

const timeout = section({
  connect: duration({
    doc: 'How long a connection to an endpoint may take to open.',
    fallback: '5s', // a machine that has not answered by the third SYN will not
    min: '10ms',
    max: '10m',
  }),
  answer: duration({
    doc: 'How long an endpoint may take from the end of a request to the head of its answer.',
    fallback: '30s', // half of nginx's proxy_read_timeout: a person has left by then
    min: '10ms',
    max: '1d',
  }),
})

const keepAlive = section({
  connections: count({
    doc: 'How many idle HTTP connections are kept open to each endpoint; 0 keeps none.',
    fallback: 64,
    min: 0,
    max: 1_024,
  }),
  idle: duration({
    doc: 'How long an HTTP connection may stay idle; choose less than the endpoint closes after.',
    fallback: '4s', // a Node server closes after 5s, and a request sent into that is lost
    min: '10ms',
    max: '1h',
  }),
})

const url = {
  doc: 'The URL of an endpoint; its path is put before the request path.',
  json: { type: 'string' },
}

const endpointSchema = z.union([
  value(url, readEndpoint),
  section({ url: value(url, readEndpoint) }, 'must be a URL or a mapping').transform(
    (each) => each.url,
  ),
])

const endpoints = filledList(endpointSchema, {
  error: 'must be a list of URLs',
  empty: 'needs at least one endpoint',
})
  .superRefine(checkTogether)
  .describe('The addresses that do this job; a session goes to one of them.')

const mapping = section(
  {
    endpoints,
    timeout: timeout.prefault({}).describe('How long the endpoints may take.'),
    'keep-alive': keepAlive
      .prefault({})
      .describe('The idle HTTP connections that are kept for later requests.'),
  },
  'must be a URL, a list of URLs or a mapping',
).transform(({ endpoints, timeout, 'keep-alive': keepAlive }) => ({
  endpoints,
  timeout: { connectMs: timeout.connect, answerMs: timeout.answer },
  keepAlive: { connections: keepAlive.connections, idleMs: keepAlive.idle },
}))

/** The rest of an upstream that is given by its endpoints alone. */
const defaults = mapping.parse({ endpoints: ['ws://localhost'] })

export const upstreamSchema = z.union([
  value({ ...url, doc: 'The URL of the only endpoint.' }, readEndpoint).transform((only) =>
    upstreamOf([only]),
  ),
  endpoints.transform(upstreamOf),
  mapping,
])

export function upstreamOf(endpoints: Endpoint[]) {
  return { ...defaults, endpoints }
}

/** The names of upstreams; unlike a URL, none holds a colon. */
export const upstreamNameSchema = z.string().superRefine((name, context) => {
  if (/^[A-Za-z0-9_][\w.-]{0,127}$/.test(name)) return
  const spaced = withMissingSpace(name)
  const suggestion = spaced && `a space is missing: ${spaced}`
  const message = 'an upstream name has letters, digits, ".", "-" and "_" only, at most 128'
  context.addIssue({ code: 'custom', message, params: { suggestion, isAboutKey: true } })
})

function checkTogether(endpoints: readonly Endpoint[], context: z.RefinementCtx): void {
  const seen = new Map<string, number>()
  for (const [index, endpoint] of endpoints.entries()) {
    const earlier = seen.get(endpoint.url)
    const first = endpoints[0]?.scheme
    if (earlier !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `${show(endpoint.url)} is listed twice`,
      })
    } else if (endpoint.scheme !== first) {
      const message = `the endpoints of one upstream have one scheme; the first has ${first}, this one ${endpoint.scheme}`
      context.addIssue({ code: 'custom', path: [index], message })
    }
    seen.set(endpoint.url, index)
  }
}
