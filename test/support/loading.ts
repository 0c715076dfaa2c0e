/**
 * Configurations that are shipped or documented, loaded as `sluice check` loads them.
 */
import { readFileSync } from 'node:fs'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from './load-config.ts'
import { formatProblems } from '../../src/config/report.ts'

/** What the gateway still does after `leave.window`. */
export const lastWordsMs = 5_000

/** @throws what is wrong with it. */
export function loadExample(
  file: string,
  env: Record<string, string> = {},
  text = readFileSync(file, 'utf8'),
): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const loaded = loadConfig(text, { file, env, readFile })
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems, { colours: false }))
  return loaded.config
}

/** From the signal to the end, at the latest. */
export function leavingMs({ leave }: Config): number {
  return leave.delayMs + leave.windowMs + lastWordsMs
}
