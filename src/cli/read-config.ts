/**
 * A configuration file from disk, or its problems on standard error.
 */
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import { compileText, formatLoaded, readText } from '../process/config/config-file.ts'

/** @returns undefined when something is wrong, which has been said. */
export function readConfig(
  file: string,
  env: Record<string, string | undefined> = process.env,
): Config | undefined {
  const loaded = readLoaded(file, env)
  return loaded && accept(loaded)
}

/** The configuration of a file, or its problems. @returns undefined when it cannot be read, which has been said. */
export function readLoaded(
  file: string,
  env: Record<string, string | undefined> = process.env,
): Loaded | undefined {
  const text = readText(file)
  if (typeof text === 'string') return compileText(text, file, env)
  console.error(text.problem)
  return undefined
}

/** The configuration, or what is wrong with it on standard error. */
export function accept(loaded: Loaded): Config | undefined {
  if (loaded.ok) return loaded.config
  console.error(formatLoaded(loaded, process.stderr.isTTY))
  return undefined
}

export { messageOf } from '../process/config/config-file.ts'
