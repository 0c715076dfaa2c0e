/**
 * What a gateway with this configuration would do with a request, as text. It asks the code that serves
 * requests, so it says what happens, not what somebody thought would.
 */
import type { Config, RouteConfig, UpstreamConfig } from '../config/config.ts'
import { formatDuration, formatSize } from '../config/units.ts'
import { errorRow, GatewayError } from '../core/errors.ts'
import { encodeRequest, encodeUpgrade } from '../proxy/forward.ts'
import { ExtensionOffer } from '../proxy/framing.ts'
import { admit } from '../proxy/handshake.ts'
import { httpsAnswer, ownAnswer, type OwnAnswer } from '../proxy/own-answer.ts'
import { systemClock } from '../core/clock.ts'
import { planOf, type Plan } from '../proxy/plan.ts'
import { RequestFacts } from '../proxy/request-facts.ts'
import type { Route } from '../proxy/route.ts'
import { findRoute } from '../proxy/serve.ts'
import { Compression } from '../wire/compression.ts'
import type { Pool } from '../upstream/pool.ts'
import type { PoolHost } from '../upstream/pool-options.ts'
import { failoverTexts } from './explain-failover.ts'
import type { ExplainedRequest } from './explain-request.ts'
import { sessionTexts } from './explain-session.ts'
import { distanceOf, misfitText } from './misfit-text.ts'

export interface Explanation {
  readonly text: string
  /** Whether the request would be served. */
  readonly isServed: boolean
}

/** What is said of a request, line by line, each under what it is about. */
type Lines = (readonly [label: string, text: string])[]

export function explanationOf(config: Config, asked: ExplainedRequest): Explanation {
  const facts = new RequestFacts(asked.head, asked.client)
  if (asked.head.isUpgrade) facts.session = Bun.randomUUIDv7('base64url')
  // Nothing is told of its certificates, and nothing of it outlives this.
  const plan = planOf(config, quietHost)
  const lines: Lines = []
  let isServed = true
  try {
    lines.push(...requestLines(asked, facts))
    explain({ config, asked, facts, plan }, lines)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    isServed = false
    lines.push(...refusalLines(error))
  } finally {
    for (const pool of plan.pools.values()) pool.leave()
  }
  return { text: aligned(lines), isServed }
}

interface Case {
  readonly config: Config
  readonly asked: ExplainedRequest
  readonly facts: RequestFacts
  readonly plan: Plan
}

/** @throws GatewayError where the request would be refused; the lines say how far it came. */
function explain({ config, asked, facts, plan }: Case, lines: Lines): void {
  const { listener } = asked
  const redirectPort = plan.redirectPorts.get(listener.name)
  if (redirectPort !== undefined) {
    const answer = httpsAnswer(facts, redirectPort)
    return void lines.push(['answer', `${answerText(answer)}; the listener redirects everything`])
  }
  lines.push(...candidateLines(asked, plan))
  const route = findRoute(listener.name, facts, plan)
  lines.push(...routeLines(route, facts))
  const answer = ownAnswer(route, facts)
  if (answer !== undefined) return void lines.push(['answer', answerText(answer)])
  const { isUpgrade } = asked.head
  lines.push(...upstreamLines(route, config))
  const pool = isUpgrade ? admit(facts, route) : route.pickPool(facts)
  lines.push(...sentLines(route, facts, pool), ...limitLines(route.config, isUpgrade))
}

function requestLines(
  { head, listener, assumption }: ExplainedRequest,
  facts: RequestFacts,
): Lines {
  const what = head.isUpgrade ? 'a WebSocket handshake' : 'a plain request'
  const lines: Lines = [
    ['request', `${head.method} ${head.target} for ${head.host}, ${what}`],
    ['client', `${facts.address}, ${facts.scheme}${proxyText(facts)}${certificateText(facts)}`],
  ]
  const why = assumption === undefined ? '' : ` (assumed: ${assumption})`
  lines.push(['listener', `${listener.name}${why}`])
  return lines
}

function proxyText({ client, address }: RequestFacts): string {
  if (client.isTrustedProxy)
    return address === client.address ? ', a trusted proxy' : ` behind the proxy ${client.address}`
  return ''
}

function certificateText({ certificate }: RequestFacts): string {
  return certificate === undefined ? '' : `, certificate ${certificate.subject}`
}

/** Nothing is dialled or looked up here. */
const quietHost: PoolHost = {
  clock: systemClock,
  query: () => Promise.reject(new Error('nothing is looked up')),
  secret: '',
  random: () => 0,
  emit() {},
  onChange() {},
}

const shownCandidates = 8 // a screen's worth: who has more routes looks for one of them

/** The routes that would go before the one that fits, but for a condition; without one the nearest. */
function candidateLines({ head, listener }: ExplainedRequest, { routes }: Plan): Lines {
  const all = routes.candidates(listener.name, head)
  const found = all.findIndex(({ misfit }) => misfit === undefined)
  const furthest = found < 0 ? Infinity : 0
  const near = (found < 0 ? all : all.slice(0, found))
    .flatMap(({ value: { config }, misfit }) => (misfit === undefined ? [] : { config, misfit }))
    .filter(({ misfit }) => distanceOf(misfit) <= furthest)
    .toSorted((left, right) => distanceOf(left.misfit) - distanceOf(right.misfit))
  const lines = near
    .slice(0, shownCandidates)
    .map(({ config, misfit }, index): Lines[number] => [
      index === 0 ? 'not taken' : '',
      `${config.name}: ${misfitText(config, misfit, head)}`,
    ])
  const more = near.length - lines.length
  return more > 0 ? [...lines, ['', `and ${more} more`]] : lines
}

function routeLines({ config }: Route, facts: RequestFacts): Lines {
  const lines: Lines = [['route', `${config.name}: ${conditionsText(config)}`]]
  for (const [name, value] of Object.entries(facts.parameters))
    if (value !== '') lines.push(['', `request.path.${name} is ${value}`])
  return lines
}

function conditionsText({ host, path, listeners, match }: RouteConfig): string {
  const parts = [host.length === 0 ? 'any host' : `host ${host.join(' or ')}`, `path ${path}`]
  if (listeners.length > 0) parts.push(`listener ${listeners.join(' or ')}`)
  for (const key of ['header', 'query', 'cookie'] as const)
    for (const [name, values] of Object.entries(match[key]))
      parts.push(`${key} ${name}${values.length === 0 ? '' : `: ${values.join(' or ')}`}`)
  if (match.subprotocol.length > 0) parts.push(`subprotocol ${match.subprotocol.join(' or ')}`)
  return parts.join(', ')
}

function upstreamLines({ config }: Route, { upstreams }: Config): Lines {
  const total = config.upstreams.reduce((sum, { weight }) => sum + weight, 0)
  return config.upstreams.map(({ name, weight }, index) => {
    const { endpoints = [], discover } = upstreams.find((each) => each.name === name) ?? {}
    const found = discover === undefined ? [] : [discoveryText(discover)]
    const urls = [...endpoints.map(({ url }) => url), ...found].join(', ')
    const share =
      config.upstreams.length === 1 ? '' : ` ${Math.round((weight / total) * 1000) / 10}%`
    const isUrl = urls === name
    return [index === 0 ? 'upstream' : '', `${name}${share}${isUrl ? '' : `: ${urls}`}`]
  })
}

function discoveryText(discover: NonNullable<UpstreamConfig['discover']>): string {
  if (discover.kind === 'file') return `those in ${discover.file}`
  return `those that DNS has for ${discover.name}`
}

function sentLines(route: Route, facts: RequestFacts, pool: Pool): Lines {
  const { config } = route
  const { isUpgrade } = facts.head
  const endpoint = pool.enterNow({
    request: facts,
    isSession: isUpgrade,
    sticksTo: undefined,
    tried: [],
  })
  if (endpoint === undefined)
    return [['goes to', `${pool.name}, whose endpoints are found while the gateway runs`]]
  // As with all the memory there is: a gateway that has none left offers less.
  const compression = new Compression(Infinity)
  const { texts: offers } = new ExtensionOffer(facts, route, compression, pool.mayMove)
  const head = isUpgrade
    ? encodeUpgrade(facts, endpoint, route, { offers })
    : encodeRequest(facts, endpoint, route)
  const text = head.toString('latin1').trimEnd()
  const lines: Lines = text.split('\r\n').map((line, index) => [index === 0 ? 'sends' : '', line])
  const key = config.splitBy?.render(facts) ?? ''
  if (pool.size > 1) lines.unshift(['endpoint', `${endpoint.url}, ${choiceText(pool, facts)}`])
  if (config.upstreams.length > 1) {
    const why = key === '' ? 'by turn' : `by ${config.splitBy?.source} being ${key}`
    lines.unshift(['goes to', `${pool.name}, ${why}`])
  }
  if (!isUpgrade) return lines
  return [
    ...lines,
    ...labelled('session', sessionTexts(config)),
    ...labelled('failover', failoverTexts(config, pool.options)),
  ]
}

function labelled(label: string, texts: readonly string[]): Lines {
  return texts.map((text, index) => [index === 0 ? label : '', text])
}

/** How an endpoint is found; which one it is depends on the others at that moment. */
function choiceText({ options: { sticky, balancer } }: Pool, facts: RequestFacts): string {
  const byBalancer = `one that ${balancer.type} may choose`
  switch (sticky?.kind) {
    case undefined:
      return byBalancer
    case 'cookie':
      return `${byBalancer} for who has no cookie ${sticky.name}`
    case 'engine.io':
      return `${byBalancer} for who has no session yet`
    case 'expression': {
      const key = sticky.by.render(facts)
      return key === '' ? byBalancer : `the place of ${sticky.by.source} being ${key}`
    }
  }
}

function limitLines({ limits, timeout, heartbeat }: RouteConfig, isUpgrade: boolean): Lines {
  if (!isUpgrade)
    return [
      [
        'timeouts',
        `send ${formatDuration(timeout.sendMs)}, idle ${formatDuration(timeout.idleMs)}`,
      ],
    ]
  const { messages, bytes } = limits
  return [
    [
      'limits',
      [
        `sessions ${limits.sessions ?? 'off'}`,
        `sessions-per-client ${limits.sessionsPerClient ?? 'off'}`,
        `message ${formatSize(limits.messageBytes)}`,
        `frame ${formatSize(limits.frameBytes)}`,
        `pending ${formatSize(limits.pendingBytes)}`,
        `messages ${messages === undefined ? 'off' : `${messages.perSecond}/s`}`,
        `bytes ${bytes === undefined ? 'off' : `${formatSize(bytes.perSecond)}/s`}`,
      ].join(', '),
    ],
    [
      'timeouts',
      [
        `handshake ${formatDuration(timeout.handshakeMs)}`,
        `idle ${formatDuration(timeout.idleMs)}`,
        `send ${formatDuration(timeout.sendMs)}`,
        `close ${formatDuration(timeout.closeMs)}`,
        `age ${formatDuration(timeout.ageMs)}`,
      ].join(', '),
    ],
    [
      'heartbeat',
      `client ${formatDuration(heartbeat.clientMs)}, upstream ${formatDuration(heartbeat.upstreamMs)}`,
    ],
  ]
}

function answerText({ status, headers, body }: OwnAnswer): string {
  const location = headers['Location']
  if (location !== undefined) return `${status} to ${location}`
  const bytes = Buffer.byteLength(body)
  return `${status} from the gateway itself, ${bytes} bytes`
}

function refusalLines(error: GatewayError): Lines {
  const { status, sentence } = errorRow(error.code)
  const detail: Lines = error.hasDetail ? [['', error.message]] : []
  return [['refused', `${status} ${error.code}: ${sentence}`], ...detail]
}

function aligned(lines: Lines): string {
  return lines.map(([label, text]) => `${label.padEnd(9)}  ${text}`.trimEnd()).join('\n')
}
