/**
 * A configuration file from disk, or its problems on standard error.
 */
import { readFileSync } from 'node:fs'
import { loadConfig, type Loaded } from '../config/load.ts'
import { formatProblems } from '../config/report.ts'
import type { Config } from '../config/config.ts'
import { builtIn } from '../registry.ts'
import { loadPlugin } from './load-plugin.ts'

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
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const hint =
      file === 'sluice.yaml' ? ' Name a file, or try: sluice run --to ws://localhost:9000' : ''
    console.error(`✖ ${file} cannot be read: ${messageOf(error)}.${hint}`)
    return undefined
  }
  return loadText(file, text, env)
}

/** The configuration in the text of a file, or its problems. */
export function loadText(
  file: string,
  text: string,
  env: Record<string, string | undefined>,
): Loaded {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  return loadConfig(text, { file, env, readFile, registry: builtIn, loadPlugin })
}

/** The configuration, or what is wrong with it on standard error. */
export function accept(loaded: Loaded): Config | undefined {
  if (loaded.ok) return loaded.config
  console.error(formatProblems(loaded.problems, { colours: process.stderr.isTTY }).trimEnd())
  return undefined
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : error.message
}
