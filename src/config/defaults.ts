/**
 * `defaults`: merged under each listener, upstream and route before these are read.
 * Invariant: a fault in `defaults` is told once, at its own place: what has one is merged under nothing.
 * What an item says itself wins; mappings are merged key by key, everything else is replaced whole.
 */
import type { Extension } from '../core/extension.ts'
import type { Registry } from '../core/registry.ts'
import { framingDefaults } from './framing.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { schemasFor } from './schema.ts'
import { readEndpoint } from './schema/endpoint.ts'
import { failoverModes } from './schema/failover.ts'
import { listenerDefaultsSchema } from './schema/listener.ts'
import { readPlace } from './schema/place.ts'
import { routeDefaultsSchema } from './schema/route.ts'

/** @param input what the file says. @returns the same with its defaults in every item. */
export function withDefaults(input: unknown, registry: Registry): unknown {
  if (!isMapping(input) || !isMapping(input['defaults'])) return input
  const { listener, upstream, route } = input['defaults']
  const { listeners, upstreams, routes } = input
  const schemas = schemasFor(registry)
  const completed = { ...input }
  if (isMapping(listener) && listenerDefaultsSchema.safeParse(listener).success)
    completed['listeners'] = underEach(listeners, listener, wholeListener)
  if (isMapping(upstream) && schemas.upstreamDefaults.safeParse(upstream).success) {
    const isList = (item: unknown[]) => schemas.upstream.safeParse(item).success
    const whole = (item: unknown) => wholeUpstream(item, isList)
    const under = wholeFailover(upstream)
    completed['upstreams'] = underEach(upstreams, under, whole, choiceDefaults(registry))
  }
  if (isMapping(route) && routeDefaultsSchema.safeParse(route).success)
    completed['routes'] = underEach(routes, route, wholeRoute, framingDefaults)
  return completed
}

/**
 * @param whole turns a short form into the mapping it stands for; what it cannot read stays as it is.
 * @param holding the defaults that hold for an item.
 */
function underEach(
  items: unknown,
  defaults: Mapping,
  whole: (item: unknown) => unknown,
  holding: (defaults: Mapping, own: Mapping) => Mapping = (all) => all,
): unknown {
  const complete = (item: unknown) => {
    const own = whole(item)
    return isMapping(own) ? merge(holding(defaults, own), own) : item
  }
  if (Array.isArray(items)) return items.map(complete)
  if (!isMapping(items)) return items
  return Object.fromEntries(Object.entries(items).map(([name, item]) => [name, complete(item)]))
}

function merge(under: Mapping, over: Mapping): Mapping {
  const given = new Set(Object.keys(over).map((key) => key.toLowerCase())) // names of headers, too
  const inherited = Object.entries(under).filter(
    ([key]) => Object.hasOwn(over, key) || !given.has(key.toLowerCase()),
  )
  const merged: Record<string, unknown> = { ...Object.fromEntries(inherited), ...over }
  for (const [key, value] of inherited) {
    const own = over[key]
    if (isMapping(value) && isMapping(own)) merged[key] = merge(value, own)
  }
  return merged
}

function wholeListener(item: unknown): unknown {
  if (isMapping(item)) return item
  const place = readPlace(item)
  return place.problem === undefined ? place.value : item
}

/** The word gateway is the mapping in which nothing is said, so that what `defaults` say of it holds. */
function wholeRoute(item: unknown): unknown {
  return isMapping(item) && item['compression'] === 'gateway' ? { ...item, compression: {} } : item
}

function wholeUpstream(item: unknown, isList: (item: unknown[]) => boolean): unknown {
  if (typeof item === 'string' && readEndpoint(item).problem === undefined)
    return { endpoints: [item] }
  if (isMapping(item)) return wholeFailover(item)
  return Array.isArray(item) && isList(item) ? { endpoints: item } : item
}

/** A mode alone is the mapping in which nothing else is said, so that what the other side says of it holds. */
function wholeFailover(upstream: Mapping): Mapping {
  const { failover } = upstream
  const mode = failoverModes.find((each) => each === failover)
  return mode === undefined ? upstream : { ...upstream, failover: { mode } }
}

/** Where a key says which of several it is, one that an upstream chooses itself takes the default's place. */
function choiceDefaults({ balancers, healthChecks }: Registry) {
  const types = (all: readonly Pick<Extension<unknown>, 'type'>[]) => all.map((each) => each.type)
  const choices = new Map([
    ['balancer', types(balancers)],
    ['health', types(healthChecks)],
    ['sticky', ['cookie', 'by']],
  ])
  return (defaults: Mapping, own: Mapping): Mapping => {
    const kept: Record<string, unknown> = { ...defaults }
    for (const [key, kinds] of choices) {
      const [under, over] = [defaults[key], own[key]]
      if (!isMapping(under) || !isMapping(over)) continue
      if (!kinds.some((kind) => Object.hasOwn(over, kind))) continue
      const others = kinds.filter((kind) => !Object.hasOwn(over, kind))
      kept[key] = Object.fromEntries(
        Object.entries(under).filter(([each]) => !others.includes(each)),
      )
    }
    return kept
  }
}
