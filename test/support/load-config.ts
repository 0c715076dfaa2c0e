/**
 * Loads a configuration as `sluice check` does, with everything that the gateway has of itself; files are
 * empty unless something reads them.
 */
import { loadPlugin } from '../../src/process/config/load-plugin.ts'
import { loadConfig as load, type Loaded, type LoadOptions } from '../../src/config/load.ts'
import { builtIn } from '../../src/registry.ts'

export function loadConfig(text: string, options: Partial<LoadOptions> = {}): Loaded {
  const fallbacks = {
    file: 'test.yaml',
    env: {},
    readFile: () => '',
    registry: builtIn,
    loadPlugin,
  }
  return load(text, { ...fallbacks, ...options })
}
