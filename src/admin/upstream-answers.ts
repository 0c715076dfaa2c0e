/**
 * What is answered about upstreams and splits, and to who changes them: 404 for what is not there, 409 for
 * what cannot be had with what is.
 */
import type { EndpointChange, Objection, Upstreams } from '../proxy/upstreams.ts'
import { badQuery, json, problem } from './answer.ts'
import { parameterFault } from './parameters.ts'
import { readShares, readTarget } from './upstream-query.ts'

export function listUpstreams(upstreams: Upstreams, query: URLSearchParams): Response {
  const fault = parameterFault(query, [])
  return fault === undefined ? json({ upstreams: upstreams.list() }) : badQuery(fault)
}

export function showUpstream(upstreams: Upstreams, name: string): Response {
  return found(upstreams.show(name))
}

export function showEndpoint(upstreams: Upstreams, name: string, query: URLSearchParams): Response {
  const target = readTarget(query)
  return typeof target === 'string' ? badQuery(target) : found(upstreams.endpoint(name, target.url))
}

/** @param change as it was read, or what is wrong with it. @param status what is answered to who has changed something. */
export function changeEndpoint(
  upstreams: Upstreams,
  name: string,
  change: EndpointChange | string,
  status: number,
): Response {
  return typeof change === 'string'
    ? badQuery(change)
    : found(upstreams.change(name, change), status)
}

export function showSplit(upstreams: Upstreams, route: string): Response {
  return found(upstreams.split(route))
}

export function changeSplit(upstreams: Upstreams, route: string, query: URLSearchParams): Response {
  const shares = readShares(query)
  return typeof shares === 'string' ? badQuery(shares) : found(upstreams.setSplit(route, shares))
}

/** 200, or why not. */
export function found(answer: object | Objection, status = 200): Response {
  if (!('objection' in answer)) return json(answer, status)
  const { isUnknown, objection } = answer
  return problem({ status: isUnknown ? 404 : 409, title: objection })
}
