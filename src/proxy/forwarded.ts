/**
 * What an endpoint is told of who asks. What a trusted proxy has told goes on with one entry more; what
 * anybody else tells is replaced.
 */
import type { ClientInfo } from '../core/client-info.ts'
import { headerText, joinNames } from '../expression/encoding.ts'
import { spelled, type HttpField, type HttpFields } from '../wire/http-fields.ts'
import type { RequestFacts } from './request-facts.ts'
import { schemes } from './trusted.ts'

type Field = Pick<HttpField, 'name' | 'value'>

/** Written anew for each request, whoever asks. */
const rewritten = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-real-ip',
  'x-request-id',
  'forwarded',
])

/** Whether a client's header does not go on as it is. */
export function isReplaced(key: string, facts: RequestFacts): boolean {
  // A proxy that is trusted lets a client's `X_Real_IP` pass, since it is another header to it.
  const name = spelled(key)
  if (rewritten.has(name) || name.startsWith('sluice-')) return true
  if (name.startsWith('x-forwarded-')) return name !== key || !facts.client.isTrustedProxy
  // Trace Context §3.3.1.4: without a valid parent the state means nothing. None is made up: whoever
  // reads a parent looks for its span and its sampling decision, and the gateway records no spans.
  if (name === 'traceparent') return !hasTraceparent(facts.head.fields)
  return name === 'tracestate' && !hasTraceparent(facts.head.fields)
}

/** W3C Trace Context §3.2: version, trace, parent, flags. A later version may go on behind them. */
const traceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/

function hasTraceparent(fields: HttpFields): boolean {
  const text = fields.get('traceparent') ?? ''
  const mayBeLonger = !text.startsWith('00')
  return (
    traceparent.test(text) &&
    (text.length === 55 || mayBeLonger) &&
    fields.count('traceparent') === 1
  )
}

/** What the endpoint is told of who asks. */
export function forwardingFields(facts: RequestFacts): Field[] {
  const all = [
    { name: 'X-Forwarded-For', value: forwardedFor(facts) },
    { name: 'X-Forwarded-Proto', value: forwardedProto(facts) },
    { name: 'X-Forwarded-Host', value: facts.publicHost },
    { name: 'X-Real-IP', value: facts.address },
    { name: 'Forwarded', value: forwarded(facts) },
    { name: 'X-Request-Id', value: facts.requestId },
    ...certificateFields(facts.client),
  ]
  return all.filter(({ value }) => value !== '')
}

function forwardedFor({ head, client, address }: RequestFacts): string {
  if (!client.isTrustedProxy) return client.address
  const sent = head.fields.list.filter(({ key }) => key === 'x-forwarded-for')
  // A proxy that told it in `Forwarded` alone: whoever reads this one learns the same.
  const told = address === client.address ? [] : [address]
  const before = sent.length > 0 ? sent.map(({ value }) => value) : told
  return [...before, client.address].filter((each) => each !== '').join(', ')
}

function forwardedProto({ head, client, scheme }: RequestFacts): string {
  const told = client.isTrustedProxy ? head.fields.get('x-forwarded-proto') : undefined
  return told !== undefined && schemes.has(told.toLowerCase()) ? told : scheme
}

/** Only where a trusted proxy speaks it, and not the more common headers. */
function forwarded({ head, client }: RequestFacts): string {
  const { fields, host } = head
  const sent = fields.list.filter(({ key }) => key === 'forwarded').map(({ value }) => value)
  if (!client.isTrustedProxy || sent.length === 0 || fields.count('x-forwarded-for') > 0) return ''
  const isIPv6 = client.address.includes(':')
  const node = isIPv6 ? `"[${client.address}]"` : client.address || 'unknown'
  const proto = client.isTls ? 'https' : 'http'
  return [...sent, `for=${node};host="${host}";proto=${proto}`].join(', ')
}

/** Of a client whose certificate the listener has accepted. */
function certificateFields({ certificate }: ClientInfo): Field[] {
  if (certificate === undefined) return []
  return [
    { name: 'Sluice-Client-Subject', value: headerText(certificate.subject) },
    { name: 'Sluice-Client-Names', value: headerText(joinNames(certificate.alternativeNames)) },
    { name: 'Sluice-Client-Fingerprint', value: certificate.fingerprint },
  ]
}
