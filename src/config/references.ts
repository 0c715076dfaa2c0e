/**
 * Names in routes: upstreams and listeners that must exist.
 * Invariant: an item with a fault of its own still exists, so what names it is not blamed for it.
 */
import type { Issue, Item } from './issue.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { nearest } from './nearest.ts'
import { meant, show } from './reading.ts'
import { isUrl, readEndpoint } from './schema/endpoint.ts'
import { readName } from './schema/keys.ts'

/** @param routes as written, so that a fault in one key of a route hides none in another. */
export function upstreamIssues(routes: readonly Item<Mapping>[], upstreams: unknown): Issue[] {
  if (!isMapping(upstreams)) return []
  const known = Object.keys(upstreams)
  return routes.flatMap(({ path, value: { upstream } }): Issue[] => {
    const isSplit = isMapping(upstream)
    const names = isSplit ? Object.keys(upstream) : typeof upstream === 'string' ? [upstream] : []
    const unknown = names.filter((name) => !isUrl(name) && !Object.hasOwn(upstreams, name))
    return unknown.map((name) => ({
      path: isSplit ? [...path, 'upstream', name] : [...path, 'upstream'],
      message: `unknown upstream ${show(name)}`,
      suggestion: meantUpstream(name, known),
      ...(isSplit && { isAboutKey: true }),
    }))
  })
}

function meantUpstream(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known)
  if (near !== undefined) return meant(near)
  if (known.length > 0) return meantUrl(name) ?? listOf(known, 'the upstreams are')
  return meantUrl(name) ?? 'there are no upstreams'
}

/** The URL that was meant by what looks like a host. */
export function meantUrl(name: string): string | undefined {
  const looksLikeHost = /[:.]|^localhost$/.test(name)
  const url = `ws://${name}`
  return looksLikeHost && readEndpoint(url).problem === undefined ? meant(url) : undefined
}

export function listenerIssues(
  routes: readonly Item<Mapping>[],
  known: readonly string[],
): Issue[] {
  return routes.flatMap(({ path, value: { listeners } }) => {
    if (!Array.isArray(listeners)) return []
    return listeners.flatMap((listener: unknown, index): Issue[] => {
      const name = readName(listener)
      if (name.problem !== undefined || known.includes(name.value)) return []
      const near = nearest(name.value, known)
      return [
        {
          path: [...path, 'listeners', index],
          message: `unknown listener ${show(name.value)}`,
          suggestion: near === undefined ? listOf(known, 'the listeners are') : meant(near),
        },
      ]
    })
  })
}

const listedNames = 8 // a line's worth; beyond that a list helps nobody find the right one

function listOf(names: readonly string[], opening: string): string | undefined {
  return names.length <= listedNames ? `${opening} ${names.join(', ')}` : undefined
}
