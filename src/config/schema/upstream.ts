/**
 * `upstreams`: named sets of endpoints, each a URL, a list of URLs or a mapping.
 * Invariant: an upstream has endpoints or learns of them; of those listed none is there twice, and all are
 * of one scheme family.
 */
import { z } from 'zod'
import type { Registry } from '../../core/registry.ts'
import type { EndpointConfig } from '../config.ts'
import { show, withMissingSpace } from '../reading.ts'
import { discoverSchema, type Discover } from './discover.ts'
import { drainSchema } from './drain.ts'
import { ejectSchema } from './eject.ts'
import { readEndpoint } from './endpoint.ts'
import { extension } from './extension.ts'
import { failoverSchema } from './failover.ts'
import { healthSchemaFor } from './health.ts'
import { count, duration, durationOrOff, value } from './keys.ts'
import { endpointSchema } from './listed-endpoint.ts'
import { queueSchema } from './queue.ts'
import { rebalanceSchema } from './rebalance.ts'
import { retrySchema } from './retry.ts'
import { filledList, section } from './shapes.ts'
import { stickySchema } from './sticky.ts'
import { upstreamTlsSchema } from './upstream-tls.ts'

const timeout = section({
  connect: duration({
    doc: 'How long a connection to an endpoint may take to open, TLS included.',
    min: '10ms',
    max: '10m',
  }).prefault('5s'), // a machine that has not answered by the third SYN will not
  answer: duration({
    doc: 'How long an endpoint may take from the end of a request to the head of its answer.',
    min: '10ms',
    max: '1d',
  }).prefault('30s'), // half of nginx's proxy_read_timeout: a person has left by then
})

const keepAlive = section({
  connections: count({
    doc: 'How many idle HTTP connections are kept open to each endpoint; 0 keeps none.',
    min: 0,
    max: 1_024,
  }).prefault(64),
  idle: duration({
    doc: 'How long an HTTP connection may stay idle; choose less than the endpoint closes after.',
    min: '10ms',
    max: '1h',
  }).prefault('4s'), // a Node server closes after 5s, and a request sent into that is lost
})

const endpoints = filledList(endpointSchema, {
  error: 'must be a list of URLs',
  empty: 'needs at least one endpoint',
})
  .superRefine(checkTogether)
  .describe('The addresses that do this job; a session goes to one of them.')

/** What upstreams may have from `defaults`. */
function sharedKeys({ balancers, healthChecks }: Registry) {
  return {
    balancer: extension(balancers, {
      doc: 'What chooses among the endpoints.',
      noun: 'balancer',
    }).prefault('round-robin'),
    'slow-start': durationOrOff({
      doc: 'Over how long the share of an endpoint grows that is new or well again, from a tenth; off: at once.',
      min: '10ms',
      max: '1h',
    }).prefault('off'),
    queue: queueSchema
      .prefault('off')
      .describe(
        'Handshakes that wait while every endpoint is full or none is well; off: they are refused.',
      ),
    sticky: stickySchema
      .prefault('off')
      .describe('How a client finds the endpoint that it was at before.'),
    health: healthSchemaFor(healthChecks)
      .prefault('off')
      .describe('How endpoints are asked whether they are well; off: they are not.'),
    eject: ejectSchema
      .prefault({})
      .describe('When an endpoint that fails gets nothing for a while; off: never.'),
    retry: retrySchema
      .prefault({})
      .describe('Whether what fails at one endpoint is tried at another.'),
    failover: failoverSchema
      .prefault('off')
      .describe('What becomes of a session whose server dies or leaves.'),
    drain: drainSchema
      .prefault({})
      .describe('How the sessions of an endpoint that is to be left are moved.'),
    rebalance: rebalanceSchema
      .prefault('off')
      .describe('How sessions are spread anew over endpoints that have come; off: they stay.'),
    tls: upstreamTlsSchema.prefault({}).describe('How endpoints of wss and https are spoken to.'),
    timeout: timeout.prefault({}).describe('How long the endpoints may take.'),
    'keep-alive': keepAlive
      .prefault({})
      .describe('The idle HTTP connections that are kept for later requests.'),
  }
}

const own = 'has no default: every upstream gives its own'

function defaultsSchemaFor(shared: ReturnType<typeof sharedKeys>) {
  return section(shared, { elsewhere: { endpoints: own, discover: own } })
}

/** The schemas of an upstream and of its defaults, with the extensions that there are. */
export function upstreamSchemasFor(registry: Registry) {
  const shared = sharedKeys(registry)
  const defaults = defaultsSchemaFor(shared)
  /** The rest of an upstream that is given by its endpoints alone. */
  const noDefaults = defaults.parse({})
  const mapping = section(
    {
      endpoints: endpoints.optional(),
      discover: discoverSchema
        .optional()
        .describe('Where further endpoints are learned: names of DNS, or a file.'),
      ...shared,
    },
    { error: 'must be a URL, a list of URLs or a mapping' },
  )
    .meta({ anyOf: [{ required: ['endpoints'] }, { required: ['discover'] }] })
    .superRefine(checkPlaces)
    .transform(({ endpoints: listed, discover, ...rest }) =>
      upstreamOf({ endpoints: listed, discover }, rest),
    )
  const upstream = z.union([
    value(
      { doc: 'The URL of the only endpoint.', json: { type: 'string' } },
      readEndpoint,
    ).transform((only) => upstreamOf({ endpoints: [only] }, noDefaults)),
    endpoints
      .superRefine(checkWeights)
      .transform((listed) => upstreamOf({ endpoints: listed }, noDefaults)),
    mapping,
  ])
  return { upstream, defaults }
}

type Shared = z.output<ReturnType<typeof defaultsSchemaFor>>

interface Places {
  readonly endpoints?: readonly EndpointConfig[] | undefined
  readonly discover?: Discover | undefined
}

/** @param shared what it has from `defaults`. */
export function upstreamOf(
  { endpoints = [], discover }: Places,
  { 'slow-start': slowStartMs, timeout, 'keep-alive': keepAlive, ...shared }: Shared,
) {
  const { balancer, queue, sticky, health, eject, retry, failover, drain, rebalance, tls } = shared
  return {
    endpoints,
    discover,
    balancer,
    slowStartMs,
    queue,
    sticky,
    health,
    eject,
    retry,
    failover,
    drain,
    rebalance,
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
  const seen = new Set<string>()
  const first = endpoints[0]?.scheme
  for (const [index, endpoint] of endpoints.entries()) {
    if (seen.has(endpoint.url)) {
      const message = `${show(endpoint.url)} is listed twice`
      context.addIssue({ code: 'custom', path: [index], message })
    } else if (endpoint.scheme !== first) {
      const message = `the endpoints of one upstream speak the same; the first speaks ${first}, this one ${endpoint.scheme}`
      context.addIssue({ code: 'custom', path: [index], message })
    }
    seen.add(endpoint.url)
  }
}

/** Of an upstream whose endpoints are all listed. */
function checkWeights(endpoints: readonly EndpointConfig[], context: z.RefinementCtx): void {
  if (endpoints.length === 0 || endpoints.some(({ weight }) => weight > 0)) return
  context.addIssue({ code: 'custom', message: 'no endpoint has a weight above 0' })
}

function checkPlaces({ endpoints, discover }: Places, context: z.RefinementCtx): void {
  if (discover === undefined && endpoints === undefined) {
    const params = { suggestion: 'or give it discover, which finds them' }
    const message = 'is missing; it must be a list of URLs'
    context.addIssue({ code: 'custom', path: ['endpoints'], message, params })
  }
  if (discover === undefined && endpoints !== undefined) checkWeights(endpoints, context)
  const listed = endpoints?.[0]?.scheme
  const found = discover === undefined || discover.kind === 'file' ? listed : discover.scheme
  if (listed === undefined || found === listed) return
  context.addIssue({
    code: 'custom',
    path: ['discover', 'scheme'],
    message: `the endpoints of one upstream speak the same; those listed speak ${listed}, those found ${found}`,
    params: { suggestion: `write scheme: ${listed}` },
  })
}
