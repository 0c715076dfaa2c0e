/**
 * Makes a Config of what a file says, or tells everything that is wrong with it.
 * Invariant: all issues at once. A listener, upstream or route with a fault of its own is set aside,
 * and the others are still checked against each other; what names a faulty one is not blamed for it.
 */
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { Registry } from '../core/registry.ts'
import { certificateIssues } from './certificate-files.ts'
import { compose } from './compose.ts'
import type { Config } from './config.ts'
import { listenerConflicts, placeConflicts, routeConflicts, sharingConflicts } from './conflicts.ts'
import { withDefaults } from './defaults.ts'
import { discoveryFileIssues } from './discovery-files.ts'
import { besideMode, engineConflicts, failoverConflicts } from './failover-conflicts.ts'
import { framingConflicts } from './framing.ts'
import { issuesOf, type Issue, type Item, type Path } from './issue.ts'
import { makingIssues } from './made-extensions.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { listenerName, uniqueNames } from './names.ts'
import { listenerIssues, upstreamIssues } from './references.ts'
import { placeTies, socketIssues } from './place-ties.ts'
import { schemasFor, type Schemas } from './schema.ts'
import { adminSchema } from './schema/admin.ts'
import { listenerSchema } from './schema/listener.ts'
import { routeSchema } from './schema/route.ts'
import { upstreamOf } from './schema/upstream.ts'
import { isSeveral } from './schema/workers.ts'
import { splitIssues } from './split-families.ts'
import { nameTies, routeTies } from './ties.ts'
import type { Files } from './text-file.ts'
import { listenerFiles, upstreamFiles } from './tls-files.ts'
import type { Said } from './tree.ts'
import { parameterIssues } from './upstream-parameters.ts'
import { familyOf, healthConflicts, upstreamConflicts } from './upstream-conflicts.ts'
import { writtenOf } from './written.ts'

export type Checked =
  { readonly config: Config; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

/** One kind of item: as written, and those that are sound, with their defaults. */
interface Items<T> {
  readonly written: readonly Item<unknown>[]
  readonly mappings: readonly Item<Mapping>[]
  readonly sound: readonly Item<T>[]
}

/** Where files are, and what the configuration can name. */
export interface Surroundings extends Files {
  readonly registry: Registry
}

export function checkConfig(said: Said, { registry, ...files }: Surroundings): Checked {
  const input = said.value
  const schemas = schemasFor(registry)
  const withAll = withDefaults(input, registry)
  const whole = schemas.config.safeParse(withAll, { reportInput: true })
  const written = isMapping(input) ? input : {}
  const completed = isMapping(withAll) ? withAll : {}
  const shared = sharedOf(completed['defaults'], schemas)
  const parts: Parts = {
    listeners: itemsOf(
      listed(written, 'listeners'),
      listed(completed, 'listeners'),
      listenerSchema,
      whole.data?.listeners,
    ),
    upstreams: itemsOf(
      named(written, 'upstreams'),
      named(completed, 'upstreams'),
      schemas.upstream,
      whole.data && Object.values(whole.data.upstreams),
    ),
    routes: itemsOf(
      listed(written, 'routes'),
      listed(completed, 'routes'),
      routeSchema,
      whole.data?.routes,
    ),
  }
  const issues = [
    ...(whole.success ? [] : issuesOf(whole.error)),
    ...listenerPart(parts, written, files),
    ...upstreamPart(parts, files),
    ...defaultedFailover(shared, written['defaults']),
    ...routePart(parts, written, files),
    ...parameterIssues(parts.upstreams.sound, parts.routes.sound),
    ...destinationConflicts(parts.routes, shared?.value),
    ...extensionPart(parts, shared, written['defaults']),
    ...filesPart(parts, files),
  ]
  if (!whole.success || issues.length > 0) return { issues }
  const config = compose(whole.data, files.folder)
  return { config: { ...config, registry, written: writtenOf(said, completed, config) } }
}

interface Parts {
  readonly listeners: Items<z.output<typeof listenerSchema>>
  readonly upstreams: Items<z.output<Schemas['upstream']>>
  readonly routes: Items<z.output<typeof routeSchema>>
}

/** @param read all of them, where the whole file could be read; one by one else. */
function itemsOf<T>(
  written: readonly Item<unknown>[],
  completed: readonly Item<unknown>[],
  schema: z.ZodType<T>,
  read: readonly T[] | undefined,
): Items<T> {
  return {
    written,
    mappings: written.flatMap(({ path, value }) => (isMapping(value) ? { path, value } : [])),
    sound: completed.flatMap(({ path, value }, index) => {
      const data = read === undefined ? schema.safeParse(value).data : read[index]
      return data === undefined ? [] : { path, value: data }
    }),
  }
}

function listed(input: Mapping, key: string): Item<unknown>[] {
  const all = input[key]
  if (!Array.isArray(all)) return []
  return all.map((value: unknown, index) => ({ path: [key, index], value }))
}

function named(input: Mapping, key: string): Item<unknown>[] {
  const all = input[key]
  if (!isMapping(all)) return []
  return Object.entries(all).map(([name, value]) => ({ path: [key, name], value }))
}

function listenerPart({ listeners }: Parts, written: Mapping, { folder }: Files): Issue[] {
  const { admin, workers } = written
  const own: Path = ['admin']
  const { data } = adminSchema.safeParse(admin)
  const all = [...listeners.sound, ...(data === undefined ? [] : [{ path: own, value: data }])]
  const places = all.map(({ path, value: { address, port, unix } }) => ({
    path,
    value: { address, port, unix: unix && resolve(folder, unix) },
  }))
  return [
    ...listeners.mappings.flatMap(listenerConflicts),
    ...(isMapping(admin) ? placeConflicts({ path: own, value: admin }, 'admin') : []),
    ...(isSeveral(workers) ? listeners.sound.flatMap(sharingConflicts) : []),
    ...nameTies(listeners.sound),
    ...placeTies(places),
    ...socketIssues(places.map(({ path, value }) => ({ path, value: value.unix }))),
  ]
}

function upstreamPart({ upstreams }: Parts, { folder }: Files): Issue[] {
  const sound = new Map(upstreams.sound.map(({ path, value }) => [path[1], value]))
  const sockets = upstreams.sound.flatMap(({ path, value }) =>
    value.endpoints.map(({ unix }) => ({ path, value: unix && resolve(folder, unix) })),
  )
  return [
    ...upstreams.mappings.flatMap((each) => upstreamConflicts(each, sound.get(each.path[1]))),
    ...upstreams.mappings.flatMap((each) => {
      const upstream = sound.get(each.path[1])
      return upstream === undefined ? [] : failoverConflicts(each, upstream)
    }),
    ...upstreams.sound.flatMap(({ path, value }) => breakingConflicts(path, value)),
    ...socketIssues(sockets),
  ]
}

function routePart(
  { listeners, upstreams, routes }: Parts,
  written: Mapping,
  { folder }: Files,
): Issue[] {
  const families = upstreams.sound.flatMap(({ path, value }) => {
    const scheme = familyOf(value)
    return scheme === undefined ? [] : ([[String(path[1]), scheme]] as const)
  })
  const { defaults } = written
  const shared: unknown = isMapping(defaults) ? defaults['route'] : undefined
  const defaulted = isMapping(shared) ? [{ path: ['defaults', 'route'], value: shared }] : []
  const known = listenerNames(listeners)
  const sockets = routes.sound.flatMap(({ path, value }) =>
    value.upstreams.map(({ endpoint }) => ({
      path: [...path, 'upstream'],
      value: endpoint?.unix && resolve(folder, endpoint.unix),
    })),
  )
  return [
    ...routes.mappings.flatMap(routeConflicts),
    ...defaulted.flatMap(framingConflicts),
    ...nameTies(routes.sound),
    ...routeTies(routes.sound),
    ...upstreamIssues(routes.mappings, written['upstreams'] ?? {}),
    ...splitIssues(routes.sound, new Map(families)),
    ...socketIssues(sockets),
    ...(known === undefined ? [] : listenerIssues([...routes.mappings, ...defaulted], known)),
  ]
}

type Shared = Item<z.output<Schemas['upstreamDefaults']>>

/** What upstreams have from `defaults`; undefined where that has a fault. */
function sharedOf(defaults: unknown, { upstreamDefaults }: Schemas): Shared | undefined {
  const { data } = upstreamDefaults.safeParse(
    isMapping(defaults) ? (defaults['upstream'] ?? {}) : {},
  )
  return data && { path: ['defaults', 'upstream'], value: data }
}

/** Of the upstreams that routes give by URL, whose keys are all from `defaults`. */
function destinationConflicts(
  routes: Parts['routes'],
  shared: Shared['value'] | undefined,
): Issue[] {
  if (shared === undefined) return []
  return routes.sound.flatMap(({ path, value: { upstreams } }) =>
    upstreams.flatMap(({ endpoint }) => {
      if (endpoint === undefined) return []
      return breakingConflicts([...path, 'upstream'], upstreamOf({ endpoints: [endpoint] }, shared))
    }),
  )
}

/** What would break an upstream, wherever it has its keys from. */
function breakingConflicts(path: Path, sound: z.output<Schemas['upstream']>): Issue[] {
  return [...healthConflicts(path, sound), ...engineConflicts(path, sound)]
}

function defaultedFailover(shared: Shared | undefined, defaults: unknown): Issue[] {
  const written: unknown = isMapping(defaults) ? defaults['upstream'] : undefined
  if (shared === undefined || !isMapping(written)) return []
  return besideMode({ path: shared.path, value: written }, shared.value.failover.mode)
}

function extensionPart(
  { upstreams }: Parts,
  shared: Shared | undefined,
  defaults: unknown,
): Issue[] {
  const written = new Map(upstreams.written.map(({ path, value }) => [path[1], value]))
  const sharedAsWritten: unknown = isMapping(defaults) ? defaults['upstream'] : undefined
  return [
    ...(shared === undefined ? [] : makingIssues(shared, sharedAsWritten)),
    ...upstreams.sound.flatMap((each) => makingIssues(each, written.get(each.path[1]))),
  ]
}

/** The names that routes may use; undefined where a faulty listener's name cannot be told. */
function listenerNames({ written, sound }: Parts['listeners']): string[] | undefined {
  if (written.length === 0) return undefined
  const names = uniqueNames(
    sound.map((each) => each.value),
    listenerName,
  )
  const soundIndexes = new Set(sound.map((each) => each.path[1]))
  for (const { path, value } of written) {
    if (soundIndexes.has(path[1] ?? '')) continue
    const name: unknown = isMapping(value) ? value['name'] : undefined
    if (typeof name !== 'string') return undefined
    names.push(name)
  }
  return names
}

function filesPart({ listeners, upstreams }: Parts, files: Files): Issue[] {
  const written = new Map(
    [...listeners.written, ...upstreams.written].map(({ path, value }) => [path.join('.'), value]),
  )
  const named = [
    ...listeners.sound.map((each) => listenerFiles(each, written.get(each.path.join('.')))),
    ...upstreams.sound.map((each) => upstreamFiles(each, written.get(each.path.join('.')))),
  ]
  return [...certificateIssues(named, files), ...discoveryFileIssues(upstreams.sound, files)]
}
