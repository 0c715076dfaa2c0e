/**
 * `plugins`: modules whose default export has extensions of one's own, in a registry of the same form as
 * the gateway's.
 * Invariant: they are loaded before anything else is checked, since what they bring may be named anywhere;
 * and what is wrong with one is told at the line that names it.
 */
import { resolve } from 'node:path'
import type { Registry } from '../core/registry.ts'
import type { Issue } from './issue.ts'
import { isMapping } from './mapping.ts'
import { pluginProblem } from './plugin-shape.ts'
import { show } from './reading.ts'
import { reasonOf } from './reason-of.ts'
import { readFilePath } from './schema/keys.ts'

export interface PluginSource {
  /** What relative paths start from; absolute. */
  readonly folder: string
  /** What the gateway has of itself. */
  readonly registry: Registry
  /** @returns the default export of the module with this absolute path; throws where there is none. */
  readonly loadPlugin: (path: string) => unknown
}

export interface Plugged {
  readonly registry: Registry
  readonly issues: readonly Issue[]
}

/** @param input what the file says. */
export function withPlugins(
  input: unknown,
  { folder, registry, loadPlugin }: PluginSource,
): Plugged {
  const listed: unknown = isMapping(input) ? input['plugins'] : undefined
  if (!Array.isArray(listed) || listed.length === 0) return { registry, issues: [] }
  const issues: Issue[] = []
  const loaded = new Set<string>()
  let whole = registry
  for (const [index, each] of listed.entries()) {
    const file = readFilePath(each)
    if (file.problem !== undefined) continue // told where the key is read
    const path = resolve(folder, file.value)
    const tell = (message: string, suggestion?: string) =>
      issues.push({ path: ['plugins', index], message, suggestion })
    if (loaded.has(path)) {
      tell(`${show(file.value)} is listed twice`)
      continue
    }
    loaded.add(path)
    const plugin = load(path, loadPlugin)
    if (plugin.problem !== undefined) {
      const looked = path === file.value ? undefined : `it was looked for at ${path}`
      tell(
        `cannot load ${show(file.value)}: ${plugin.problem}`,
        plugin.isMissing ? looked : undefined,
      )
      continue
    }
    const problem = pluginProblem(plugin.value, whole)
    if (problem === undefined) whole = joined(whole, plugin.value as Partial<Registry>)
    else tell(`cannot take what ${show(file.value)} exports: ${problem}`)
  }
  return { registry: whole, issues }
}

type Loading =
  | { readonly value: unknown; readonly problem?: undefined }
  | { readonly problem: string; readonly isMissing: boolean }

function load(path: string, loadPlugin: PluginSource['loadPlugin']): Loading {
  try {
    return { value: loadPlugin(path) }
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return { problem: isMissing ? 'there is no such file' : reasonOf(error), isMissing }
  }
}

/** Of one registry and one plugin always the same, so that a file that is loaded again finds its schemas made. */
const made = new WeakMap<Registry, WeakMap<Partial<Registry>, Registry>>()

function joined(registry: Registry, plugin: Partial<Registry>): Registry {
  const withOthers = made.get(registry) ?? new WeakMap<Partial<Registry>, Registry>()
  made.set(registry, withOthers)
  const { balancers = [], healthChecks = [] } = plugin
  const whole = withOthers.get(plugin) ?? {
    balancers: [...registry.balancers, ...balancers],
    healthChecks: [...registry.healthChecks, ...healthChecks],
  }
  withOthers.set(plugin, whole)
  return whole
}
