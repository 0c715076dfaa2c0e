/**
 * A module of the user's, loaded while the configuration is read; so it may not wait at its top level.
 */
import { createRequire } from 'node:module'
import { statSync } from 'node:fs'
import { dirname, relative } from 'node:path'

const load = createRequire(import.meta.url) // of Bun: TypeScript and ES modules too, in a compiled file as well

/** @returns the default export of the module with this absolute path. @throws what loading it threw. */
export function loadPlugin(path: string): unknown {
  // What is not there is told as such, rather than as a module that nothing resolves to.
  if (statSync(path).isDirectory()) throw new Error('it is a folder; name the file in it')
  const module = loadModule(path)
  const isModule = typeof module === 'object' && module !== null && 'default' in module
  return isModule ? module.default : undefined
}

function loadModule(path: string): unknown {
  try {
    return load(path)
  } catch (cause) {
    const isAsync = cause instanceof TypeError && cause.message.startsWith('require() async module')
    if (isAsync) throw new Error('it waits for something while it is loaded', { cause })
    // Of several faults Bun says only how many they are.
    const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
    if (!(first instanceof BuildMessage) || first.position === null) throw first
    const { file, line } = first.position
    const other = file === path ? '' : `${relative(dirname(path), file)}, `
    throw new Error(`${other}line ${line}: ${first.message}`, { cause })
  }
}
