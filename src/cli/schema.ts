/**
 * `sluice schema`: the JSON Schema of the configuration, for editors; with the plugins of a file, if one is
 * named.
 */
import { jsonSchema } from '../config/json-schema.ts'
import type { Registry } from '../core/registry.ts'
import { builtIn } from '../registry.ts'
import { accept, readLoaded } from './read-config.ts'

/** @returns the exit code. */
export function schema(file: string | undefined): 0 | 2 {
  const registry = file === undefined ? builtIn : registryOf(file)
  if (registry === undefined) return 2
  console.info(JSON.stringify(jsonSchema(registry), null, 2))
  return 0
}

/** @returns undefined when something is wrong with the file, which has been said. */
function registryOf(file: string): Registry | undefined {
  const loaded = readLoaded(file)
  if (loaded === undefined) return undefined
  if (loaded.ok) return loaded.registry
  accept(loaded)
  return undefined
}
