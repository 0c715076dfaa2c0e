/**
 * The heads that go back to a client: an endpoint's answer as the client gets it.
 *
 * Order, names and values stay as sent. Left out are the fields that concern one connection alone and
 * those that only the gateway may set. What the route sets or removes comes after that; it is done to
 * final answers and to the 101, not to interim ones and not to the gateway's own refusals.
 */
import { encodeHead, spelled, type HttpField } from '../wire/http-fields.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { isHopByHop } from './hop-by-hop.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Route } from './route.ts'

type Field = Pick<HttpField, 'name' | 'value'>

export interface SwitchOptions {
  readonly facts: RequestFacts
  readonly route: Route
  /** What was agreed with the client; undefined: none. */
  readonly extensions: string | undefined
  /** The gateway's own `Set-Cookie`. */
  readonly cookie: string | undefined
}

/** The 101 for the client. */
export function encodeSwitch(answer: ResponseHead, options: SwitchOptions): Buffer {
  const { facts, route, extensions, cookie } = options
  const fields = answerFields(answer).filter(
    ({ name }) => name.toLowerCase() !== 'sec-websocket-extensions',
  )
  if (extensions !== undefined) fields.push({ name: 'Sec-WebSocket-Extensions', value: extensions })
  return encodeHead(`HTTP/1.1 101 ${answer.reason || 'Switching Protocols'}`, [
    ...route.answerHeaders.apply(fields, facts),
    ...setCookie(cookie),
    { name: 'Sluice-Session', value: facts.session },
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
  ])
}

/** A 1xx other than 101. */
export function encodeInterim(answer: ResponseHead): Buffer {
  return encodeHead(`HTTP/1.1 ${answer.status} ${answer.reason}`, answerFields(answer))
}

export interface AnswerOptions {
  readonly facts: RequestFacts
  readonly route: Route
  /** Whether the client's connection goes on after it. */
  readonly isKeptAlive: boolean
  /** The gateway's own `Set-Cookie`. */
  readonly cookie: string | undefined
}

/** A final answer. */
export function encodeAnswer(answer: ResponseHead, options: AnswerOptions): Buffer {
  const { facts, route, isKeptAlive, cookie } = options
  const rewritten = route.answerHeaders.apply(answerFields(answer), facts)
  const fields = [...rewritten, ...setCookie(cookie)]
  // An answer of 426 is a list of what to upgrade to, for the client to read (RFC 9110 §15.5.22).
  const upgrade = answer.status === 426 ? answer.fields.get('upgrade') : undefined
  if (upgrade !== undefined) fields.push({ name: 'Upgrade', value: upgrade })
  const connection = isKeptAlive ? 'keep-alive' : 'close'
  const isListed = upgrade !== undefined
  fields.push({ name: 'Connection', value: isListed ? `${connection}, upgrade` : connection })
  return encodeHead(`HTTP/1.1 ${answer.status} ${answer.reason}`, fields)
}

/** Behind those of the endpoint, whatever the route does to them. */
function setCookie(value: string | undefined): Field[] {
  return value === undefined ? [] : [{ name: 'Set-Cookie', value }]
}

function answerFields(answer: ResponseHead): Field[] {
  // RFC 9110 §8.6, RFC 9112 §6.1: these have no body, so they may not say how long it is.
  const isBodiless = answer.status < 200 || answer.status === 204
  return answer.fields.list.filter(
    ({ key }) =>
      !(isBodiless && (key === 'content-length' || key === 'transfer-encoding')) &&
      key !== 'host' &&
      !isHopByHop(key, answer.connection) &&
      !spelled(key).startsWith('sluice-'),
  )
}
