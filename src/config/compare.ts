/**
 * What differs between the configuration that runs and the one that is to run, told in the words of the file.
 * Invariant: listeners, upstreams and routes are the same by their names. What comes to the same gives
 * nothing, and nothing that differs is left out, but words where there are too many.
 */
import type { ChangedPart, ConfigChange } from '../core/reload.ts'
import type { Config } from './config.ts'
import { differences, type Difference, type Side } from './differences.ts'
import { defaultOf, keysIn } from './forms.ts'
import { replacedExtensions } from './replaced-extensions.ts'
import { schemasFor } from './schema.ts'
import { listenerSchema } from './schema/listener.ts'
import { routeSchema } from './schema/route.ts'

const maxTold = 20 // of one part, which is more than a line; who needs all compares the files

/** What there are several of, and the key that they stand under. */
const kinds = [
  { part: 'listener', key: 'listeners', schemaFor: () => listenerSchema },
  {
    part: 'upstream',
    key: 'upstreams',
    schemaFor: ({ registry }: Config) => schemasFor(registry).upstream,
  },
  { part: 'route', key: 'routes', schemaFor: () => routeSchema },
] as const

type Kind = (typeof kinds)[number]

/** What there is one of. */
const singles = [
  'secret',
  'plugins',
  'limits',
  'leave',
  'workers',
  'admin',
  'log',
] as const satisfies Exclude<ChangedPart, Kind['part']>[]

/** Listeners, upstreams, routes, then the rest, each in the order of the later file, and behind them what is gone. */
export function compareConfigs(before: Config, after: Config): ConfigChange[] {
  return [
    ...kinds.flatMap((kind) => changedItems(kind, before, after)),
    ...changedSingles(before, after),
  ]
}

function changedItems(kind: Kind, before: Config, after: Config): ConfigChange[] {
  const { part, key } = kind
  const [were, are] = [before.written[key], after.written[key]]
  const replaced =
    part === 'upstream' ? replacedExtensions(before, after) : new Map<string, Difference[]>()
  return [...new Set([...are.keys(), ...were.keys()])].flatMap((name): ConfigChange[] => {
    if (!were.has(name)) return [changeOf({ part, name, kind: 'added' })]
    if (!are.has(name)) return [changeOf({ part, name, kind: 'removed' })]
    const found = differences(itemOf(kind, before, name), itemOf(kind, after, name))
    const all = found.filter((each) => each.key !== 'name') // by which they are the same
    for (const each of replaced.get(name) ?? [])
      if (!all.some((other) => other.key === each.key)) all.push(each)
    return all.length === 0 ? [] : [changeOf({ part, name, kind: 'changed' }, all)]
  })
}

function itemOf({ part, key, schemaFor }: Kind, config: Config, name: string): Side {
  const { [key]: items, references } = config.written
  return {
    schema: schemaFor(config),
    value: items.get(name),
    place: [key, name],
    defaultPlace: ['defaults', part],
    references,
  }
}

function changedSingles(before: Config, after: Config): ConfigChange[] {
  const keys = Object.keys({ ...after.written.parts, ...before.written.parts })
  return keys.flatMap((key): ConfigChange[] => {
    const part = singles.find((each) => each === key)
    if (part === undefined) return []
    const [was, is] = [singleOf(before, part), singleOf(after, part)]
    const all = differences(was, is)
    if (all.length === 0) return []
    const isOptional = defaultOf(is.schema) === undefined
    if (isOptional && was.value === undefined) return [changeOf({ part, name: '', kind: 'added' })]
    if (isOptional && is.value === undefined) return [changeOf({ part, name: '', kind: 'removed' })]
    return [changeOf({ part, name: '', kind: 'changed' }, all)]
  })
}

function singleOf({ registry, written }: Config, part: string): Side {
  return {
    schema: keysIn(schemasFor(registry).config)?.[part],
    value: written.parts[part],
    place: [part],
    defaultPlace: undefined,
    references: written.references,
  }
}

function changeOf(
  what: Pick<ConfigChange, 'part' | 'name' | 'kind'>,
  found: readonly Difference[] = [],
): ConfigChange {
  const told = found.slice(0, maxTold).map(({ words }) => words)
  const more = found.length - told.length
  return {
    ...what,
    keys: new Set(found.flatMap(({ key }) => (key === '' ? [] : key))),
    words: told.join(', ') + (more > 0 ? ` and ${more} more` : ''),
  }
}
