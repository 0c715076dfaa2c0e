/**
 * The file as it was written, kept to be compared with what it says after a reload.
 * Invariant: plain data that the file bounds. Each listener, upstream and route is a mapping under its name,
 * and says by itself all that it has from the file.
 */
import type { Config, WrittenConfig } from './config.ts'
import type { Path } from './issue.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { readPlace } from './schema/place.ts'
import type { Said } from './tree.ts'

type Names = Pick<Config, 'listeners' | 'upstreams' | 'routes'>

/**
 * @param completed what the file says, with its defaults in every item. @param names items in the file's
 * order; of upstreams first those that it names.
 */
export function writtenOf(
  { value, references, files }: Said,
  completed: Mapping,
  names: Names,
): WrittenConfig {
  const { listeners, upstreams, routes, defaults, ...parts } = completed
  return {
    parts: 'admin' in parts ? { ...parts, admin: placed(parts['admin']) } : parts,
    listeners: byName(names.listeners, listeners, placed),
    upstreams: new Map(
      names.upstreams.map(({ name }) => [name, upstreamOf(name, upstreams, defaults)]),
    ),
    routes: byName(names.routes, routes, (route) => route),
    references: new Set(references.flatMap((path) => placesOf(path, value, names))),
    files,
  }
}

/** @param path keys and, in lists, indices. */
export function formatPlace(path: Path): string {
  return path.join('.')
}

function byName(
  names: readonly { readonly name: string }[],
  items: unknown,
  whole: (item: unknown) => unknown,
): Map<string, unknown> {
  const all: readonly unknown[] = Array.isArray(items) ? items : []
  return new Map(names.map(({ name }, index) => [name, whole(all[index])]))
}

/** A port or an address is the mapping it stands for. */
function placed(item: unknown): unknown {
  const place = readPlace(item)
  return place.problem === undefined ? place.value : item
}

/** One that is not named in the file is a URL in a route, and has all else from `defaults`. */
function upstreamOf(name: string, upstreams: unknown, defaults: unknown): unknown {
  if (isMapping(upstreams) && Object.hasOwn(upstreams, name)) return listed(upstreams[name])
  const shared: unknown = isMapping(defaults) ? defaults['upstream'] : undefined
  return { ...(isMapping(shared) && shared), endpoints: [name] }
}

/** A URL or a list of them is the mapping that has nothing else. */
function listed(item: unknown): unknown {
  return isMapping(item) ? item : { endpoints: Array.isArray(item) ? item : [item] }
}

/** Where what the file says at a path is found here. */
function placesOf(path: Path, said: unknown, names: Names): string[] {
  const [part = '', key = '', ...rest] = path
  const holder: unknown = isMapping(said) ? said[part] : undefined
  if (part === 'admin') return placesIn([part], path.slice(1), holder, placed)
  if (part !== 'listeners' && part !== 'upstreams' && part !== 'routes') return [formatPlace(path)]
  const name = typeof key === 'number' ? (names[part][key]?.name ?? '') : key
  const item: unknown = typeof holder === 'object' && holder !== null && Reflect.get(holder, key)
  return placesIn([part, name], rest, item, part === 'upstreams' ? listed : placed)
}

/** What a short form says is in all that stands in its place. */
function placesIn(
  holder: Path,
  rest: Path,
  item: unknown,
  whole: (item: unknown) => unknown,
): string[] {
  const mapping = whole(item)
  if (isMapping(item) || !isMapping(mapping)) return [formatPlace([...holder, ...rest])]
  return Object.keys(mapping).map((key) => formatPlace([...holder, key, ...rest]))
}
