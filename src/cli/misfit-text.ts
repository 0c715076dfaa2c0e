/**
 * Why a route does not take a request, in words: what it wants, and what the request has.
 */
import type { RouteConfig } from '../config/config.ts'
import { readCookies } from '../expression/cookies.ts'
import { decodeQuery, readQuery } from '../expression/query.ts'
import type { Misfit } from '../route/conditions.ts'
import type { RequestHead } from '../wire/http-request.ts'
import { offeredSubprotocols } from '../wire/websocket-handshake.ts'

export function misfitText(
  { host, path, listeners, match }: RouteConfig,
  misfit: Misfit,
  { fields, target }: RequestHead,
): string {
  const { name = '' } = misfit
  switch (misfit.key) {
    case 'host':
      return `is for host ${either(host)}`
    case 'path':
      return `is for path ${path}`
    case 'listeners':
      return `is for listener ${either(listeners)}`
    case 'header': {
      const sent = fields.list.filter(({ key }) => key === name).map(({ value }) => value)
      return `wants header ${name}${wanted(match.header[name])}; ${had(sent)}`
    }
    case 'query': {
      const items = readQuery(target).filter((item) => item.name === name)
      const sent = items.map((item) => decodeQuery(item.sent))
      return `wants query ${name}${wanted(match.query[name])}; ${had(sent)}`
    }
    case 'cookie': {
      const all = fields.list.filter(({ key }) => key === 'cookie')
      const sent = all
        .flatMap(({ value }) => readCookies(value))
        .filter((each) => each.name === name)
      return `wants cookie ${name}${wanted(match.cookie[name])}; ${had(sent.map(({ value }) => value))}`
    }
    case 'subprotocol':
      return `wants subprotocol ${either(match.subprotocol)}; ${had(offeredSubprotocols(fields))}`
  }
}

/** How far from taking the request a route is: in its further conditions, its path, its host. */
export function distanceOf({ key }: Misfit): number {
  return key === 'host' ? 2 : Number(key === 'path')
}

function either(values: readonly string[]): string {
  return values.join(' or ')
}

function wanted(values: readonly string[] = []): string {
  return values.length === 0 ? '' : `: ${either(values)}`
}

function had(values: readonly string[]): string {
  return values.length === 0 ? 'the request has none' : `the request has ${values.join(', ')}`
}
