/**
 * The queries that change an upstream or a split.
 */
import { readAddedEndpoint } from '../config/endpoints-file.ts'
import { readEndpoint } from '../config/schema/endpoint.ts'
import type { EndpointChange } from '../proxy/upstreams.ts'
import { parameterFault, readFlag, readWhole } from './parameters.ts'

/** As in a configuration. */
const maxWeight = 1_000

/** `url`, and what a file says of an endpoint beside it. @returns what is wrong, as a sentence. */
export function readAddition(query: URLSearchParams): EndpointChange | string {
  const fault = parameterFault(query, ['url', 'weight', 'backup', 'sessions'])
  if (fault !== undefined) return fault
  const endpoint = readUrl(query)
  if (typeof endpoint === 'string') return endpoint
  const reading = readAddedEndpoint(Object.fromEntries(query), '/')
  return reading.problem === undefined ? { kind: 'add', options: reading.value } : faultOf(reading)
}

/** `url`, and either `weight` or `drain`. @returns what is wrong, as a sentence. */
export function readChange(query: URLSearchParams): EndpointChange | string {
  const fault = parameterFault(query, ['url', 'weight', 'drain'])
  if (fault !== undefined) return fault
  const endpoint = readUrl(query)
  if (typeof endpoint === 'string') return endpoint
  const { url } = endpoint
  const [weight, drain] = [query.get('weight'), query.get('drain')]
  if ((weight === null) === (drain === null)) return 'Give either weight or drain'
  if (drain !== null) {
    const isDraining = readFlag(drain)
    if (isDraining === undefined) return 'drain is true or false'
    return { kind: isDraining ? 'drain' : 'undrain', url }
  }
  const number = readWeight(weight ?? '')
  return number === undefined ? weightRule : { kind: 'weigh', url, weight: number }
}

/** `url` alone. @returns what is wrong, as a sentence. */
export function readTarget(query: URLSearchParams): { readonly url: string } | string {
  const fault = parameterFault(query, ['url'])
  if (fault !== undefined) return fault
  const endpoint = readUrl(query)
  return typeof endpoint === 'string' ? endpoint : { url: endpoint.url }
}

/** `url` alone. @returns what is wrong, as a sentence. */
export function readRemoval(query: URLSearchParams): EndpointChange | string {
  const target = readTarget(query)
  return typeof target === 'string' ? target : { kind: 'remove', ...target }
}

/** Upstreams with their shares. @returns what is wrong, as a sentence. */
export function readShares(query: URLSearchParams): Readonly<Record<string, number>> | string {
  const fault = parameterFault(query, [...query.keys()])
  if (fault !== undefined) return fault
  const shares = new Map<string, number>()
  for (const [name, text] of query) {
    const share = readWeight(text)
    if (share === undefined) return `The share of ${name} is a number from 0 to ${maxWeight}`
    shares.set(name, share)
  }
  if (shares.size === 0) return 'Give each upstream of the split its share: ?chat=95&chat-next=5'
  if ([...shares.values()].every((share) => share === 0))
    return 'One upstream at least needs a share above 0'
  return Object.fromEntries(shares)
}

const weightRule = `weight is a number from 0 to ${maxWeight}`

function readWeight(text: string): number | undefined {
  const weight = readWhole(text)
  return weight === undefined || weight > maxWeight ? undefined : weight
}

/** In its normal form, whoever wrote it. @param name of its parameter. */
export function readUrl(query: URLSearchParams, name = 'url') {
  const text = query.get(name)
  if (text === null) return `The endpoint is missing: ?${name}=ws://10.0.0.1:9000`
  const reading = readEndpoint(text)
  if (reading.problem !== undefined) return `${name}: ${faultOf(reading)}`
  if (reading.value.unix?.startsWith('/') === false)
    return `${name}: the path of a Unix socket starts with "/" here`
  return reading.value
}

function faultOf({ problem, suggestion }: { problem: string; suggestion?: string | undefined }) {
  return suggestion === undefined ? problem : `${problem}; ${suggestion}`
}
