/**
 * `upstreams`: named sets of endpoints, each a URL, a list of URLs or a mapping.
 * Invariant: an upstream has at least one endpoint, none twice, all of one scheme family.
 */
import { z } from 'zod'
import type { EndpointConfig } from '../config.ts'
import { show, withMissingSpace, type Reading } from '../reading.ts'
import { readEndpoint } from './endpoint.ts'
import { count, duration, filePath, flag, value } from './keys.ts'
import { readHost } from './match.ts'
import { filledList, section } from './shapes.ts'

const timeout = section({
  connect: duration({
    doc: 'How long a connection to an endpoint may take to open, TLS included.',
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
    min: 0,
    max: 1_024,
  }).prefault(64),
  idle: duration({
    doc: 'How long an HTTP connection may stay idle; choose less than the endpoint closes after.',
    fallback: '4s', // a Node server closes after 5s, and a request sent into that is lost
    min: '10ms',
    max: '1h',
  }),
})

const tls = section({
  ca: filePath({
    doc: 'The file of the authorities that are believed, PEM; those of the system by default.',
  }).optional(),
  cert: filePath({ doc: 'The file of the certificate shown to the endpoints, PEM.' }).optional(),
  key: filePath({ doc: 'The file of its private key, PEM.' }).optional(),
  'server-name': value(
    {
      doc: "The name asked for and verified; the endpoint's host by default.",
      json: { type: 'string' },
    },
    readServerName,
  ).optional(),
  verify: flag({
    doc: 'Whether an endpoint without a valid certificate for its name is refused.',
  }).prefault(true),
})
  .superRefine(({ cert, key }, context) => {
    if ((cert === undefined) === (key === undefined)) return
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    const message = `is missing; ${given} and ${missing} go together`
    context.addIssue({ code: 'custom', path: [missing ?? ''], message })
  })
  .transform(({ ca, cert, key, 'server-name': serverName, verify }) => ({
    ca,
    cert,
    key,
    serverName,
    isVerified: verify,
  }))

const url = {
  doc: 'The URL of an endpoint; its path is put before the request path.',
  json: { type: 'string' },
}

const endpointSchema = z.union([
  value(url, readEndpoint),
  section({ url: value(url, readEndpoint) }, { error: 'must be a URL or a mapping' }).transform(
    (each) => each.url,
  ),
])

const endpoints = filledList(endpointSchema, {
  error: 'must be a list of URLs',
  empty: 'needs at least one endpoint',
})
  .superRefine(checkTogether)
  .describe('The addresses that do this job; a session goes to one of them.')

/** What upstreams may have from `defaults`. */
const shared = {
  tls: tls.prefault({}).describe('How endpoints of wss and https are spoken to.'),
  timeout: timeout.prefault({}).describe('How long the endpoints may take.'),
  'keep-alive': keepAlive
    .prefault({})
    .describe('The idle HTTP connections that are kept for later requests.'),
}

export const upstreamDefaultsSchema = section(shared, {
  elsewhere: { endpoints: 'has no default: every upstream gives its own' },
})

const mapping = section(
  { endpoints, ...shared },
  { error: 'must be a URL, a list of URLs or a mapping' },
).transform(({ endpoints, ...rest }) => upstreamOf(endpoints, rest))

/** The rest of an upstream that is given by its endpoints alone. */
const noDefaults = upstreamDefaultsSchema.parse({})

export const upstreamSchema = z.union([
  value({ ...url, doc: 'The URL of the only endpoint.' }, readEndpoint).transform((only) =>
    upstreamOf([only], noDefaults),
  ),
  endpoints.transform((listed) => upstreamOf(listed, noDefaults)),
  mapping,
])

type Shared = Pick<z.output<typeof upstreamDefaultsSchema>, 'tls' | 'timeout' | 'keep-alive'>

/** @param shared what it has from `defaults`. */
export function upstreamOf(
  endpoints: readonly EndpointConfig[],
  { tls, timeout, 'keep-alive': keepAlive }: Shared,
) {
  return {
    endpoints,
    tls,
    timeout: { connectMs: timeout.connect, answerMs: timeout.answer },
    keepAlive: { connections: keepAlive.connections, idleMs: keepAlive.idle },
  }
}

/** The names of upstreams; unlike a URL, none holds a colon. */
export const upstreamNameSchema = z.string().superRefine((name, context) => {
  if (/^[A-Za-z0-9_][\w.-]{0,127}$/.test(name)) return
  const spaced = withMissingSpace(name)
  const suggestion = spaced && `a space is missing: ${spaced}`
  const message = 'an upstream name has letters, digits, ".", "-" and "_" only, at most 128'
  context.addIssue({ code: 'custom', message, params: { suggestion, isAboutKey: true } })
})

function checkTogether(endpoints: readonly EndpointConfig[], context: z.RefinementCtx): void {
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
      const message = `the endpoints of one upstream speak the same; the first speaks ${first}, this one ${endpoint.scheme}`
      context.addIssue({ code: 'custom', path: [index], message })
    }
    seen.set(endpoint.url, index)
  }
}

function readServerName(input: unknown): Reading<string> {
  const host = readHost(input)
  if (host.problem !== undefined || !host.value.startsWith('*.')) return host
  return { problem: `must be one name, not ${show(input)}` }
}
