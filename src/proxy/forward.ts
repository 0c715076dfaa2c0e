/**
 * The heads that go on: what an endpoint gets of a client's request, and a client of an answer.
 *
 * Order, names and values stay as sent, but for `Host`, which goes first, and `Connection`, which goes
 * last. Left out are the fields that concern one connection alone (RFC 9110 §7.6.1) and those that only
 * the gateway may set; its own forwarding fields replace the client's.
 */
import type { Endpoint } from '../upstream/endpoint.ts'
import { parseExtensions } from '../wire/extension-header.ts'
import { encodeHead, type HttpField, type HttpFields } from '../wire/http-fields.ts'
import type { RequestHead } from '../wire/http-request.ts'
import type { ResponseHead } from '../wire/http-response.ts'

type Field = Pick<HttpField, 'name' | 'value'>

/** Fields of one connection; `upgrade` and `connection` are written anew, `transfer-encoding` passes with the body. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'host',
  'proxy-authenticate',
  'proxy-authorization',
])
/** What tells the endpoint who asks. A client's own are not believed. */
const told = /^(x-forwarded-.*|x-real-ip|forwarded|sluice-.*)$/

/** A request without upgrade, for an endpoint. */
export function encodeRequest(head: RequestHead, endpoint: Endpoint, address: string): Buffer {
  const fields = requestFields(head, address)
  // An HTTP/1.0 client cannot read chunks, so its upstream must not send any.
  fields.push({ name: 'Connection', value: head.minor === 1 ? 'keep-alive' : 'close' })
  return encodeHead(startLine(head, endpoint), fields)
}

/** A WebSocket handshake, for an endpoint. @param session the id the endpoint is told. */
export function encodeUpgrade(
  head: RequestHead,
  endpoint: Endpoint,
  address: string,
  session: string,
): Buffer {
  const fields: Field[] = []
  for (const field of requestFields(head, address)) {
    if (field.name.toLowerCase() !== 'sec-websocket-extensions') fields.push(field)
    else {
      const offers = compressionOffers(head.fields)
      if (offers.length > 0) fields.push({ name: field.name, value: offers.join(', ') })
    }
  }
  fields.push({ name: 'Sluice-Session', value: session })
  fields.push({ name: 'Upgrade', value: 'websocket' }, { name: 'Connection', value: 'Upgrade' })
  return encodeHead(startLine(head, endpoint), fields)
}

/** The offers that a tunnel can carry: permessage-deflate, whose frames it knows how to read past. */
export function compressionOffers(fields: HttpFields): string[] {
  const extensions = parseExtensions(fields.get('sec-websocket-extensions') ?? '') ?? []
  return extensions
    .filter((extension) => extension.name === 'permessage-deflate')
    .map((extension) => extension.text)
}

/** The 101 for the client. */
export function encodeSwitch(answer: ResponseHead, session: string): Buffer {
  const fields = answerFields(answer)
  fields.push({ name: 'Sluice-Session', value: session })
  fields.push({ name: 'Upgrade', value: 'websocket' }, { name: 'Connection', value: 'Upgrade' })
  return encodeHead(`HTTP/1.1 101 ${answer.reason || 'Switching Protocols'}`, fields)
}

/** An answer for the client. @param isKeptAlive whether the client's connection goes on after it. */
export function encodeAnswer(answer: ResponseHead, isKeptAlive: boolean): Buffer {
  const fields = answerFields(answer)
  // An answer of 426 is a list of what to upgrade to, for the client to read (RFC 9110 §15.5.22).
  const upgrade = answer.status === 426 ? answer.fields.get('upgrade') : undefined
  if (upgrade !== undefined) fields.push({ name: 'Upgrade', value: upgrade })
  if (answer.status >= 200) {
    const connection = isKeptAlive ? 'keep-alive' : 'close'
    const isListed = upgrade !== undefined
    fields.push({ name: 'Connection', value: isListed ? `${connection}, upgrade` : connection })
  }
  return encodeHead(`HTTP/1.1 ${answer.status} ${answer.reason}`, fields)
}

function startLine(head: RequestHead, endpoint: Endpoint): string {
  const target = head.target === '*' ? '*' : endpoint.options.path + head.target
  return `${head.method} ${target} HTTP/1.${head.minor}`
}

function requestFields(head: RequestHead, address: string): Field[] {
  const fields: Field[] = [{ name: 'Host', value: head.host }]
  for (const field of head.fields.list) {
    const { key } = field
    if (hopByHop.has(key) || isNamed(key, head.connection)) continue
    // `X_Real_IP` is the same variable as `X-Real-IP` to CGI, WSGI and PHP.
    if (told.test(key.replaceAll('_', '-'))) continue
    fields.push(field)
  }
  fields.push(
    { name: 'X-Forwarded-For', value: address },
    { name: 'X-Forwarded-Proto', value: 'http' },
    { name: 'X-Forwarded-Host', value: head.host },
    { name: 'X-Real-IP', value: address },
  )
  return fields
}

function answerFields(answer: ResponseHead): Field[] {
  // RFC 9110 §8.6, RFC 9112 §6.1: these have no body, so they may not say how long it is.
  const isBodiless = answer.status < 200 || answer.status === 204
  return answer.fields.list.filter(
    ({ key }) =>
      !(isBodiless && (key === 'content-length' || key === 'transfer-encoding')) &&
      (!hopByHop.has(key) || key === 'proxy-authenticate') &&
      !isNamed(key, answer.connection) &&
      !key.startsWith('sluice-'),
  )
}

/** Fields that no `Connection` field can name: the message would be another without them. */
const unnamable = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'sec-websocket-key',
  'sec-websocket-accept',
])

/** Whether the `Connection` field says that this one belongs to that connection alone. */
function isNamed(key: string, connection: readonly string[]): boolean {
  return connection.includes(key) && !unnamable.has(key)
}
