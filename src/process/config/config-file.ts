/**
 * A configuration from a file, whose problems are told as a text.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readAdminAlone } from '../../config/admin-alone.ts'
import type { AdminConfig } from '../../config/config.ts'
import { loadConfig, type Loaded } from '../../config/load.ts'
import { formatProblems } from '../../config/report.ts'
import { readRegularFile } from '../../net/regular-file.ts'
import { builtIn } from '../../registry.ts'
import type { ConfigProblem, ConfigSource } from './config-source.ts'
import { loadPlugin } from './load-plugin.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** @param file as it is to be called in problems. */
export function createFileSource(file: string, env: Environment = process.env): ConfigSource {
  let isServing = false
  return {
    file: resolve(file),
    read: ({ hasColours } = { hasColours: false }) => {
      const text = readText(file, { isServing })
      // Who starts it may pipe its configuration in, which holds up nobody; read again it would hold up all.
      isServing = true
      if (typeof text !== 'string') return text
      const read = new Map<string, string>()
      const loaded = compileText(text, file, {
        env,
        readFile(path) {
          const content = readRegularFile(path)
          read.set(path, content)
          return content
        },
      })
      if (!loaded.ok) return { problem: formatLoaded(loaded, hasColours) }
      const { config } = loaded
      const included = config.written.files.map((path) => [path, read.get(path) ?? ''] as const)
      return { config, written: { file, text, included: Object.fromEntries(included) } }
    },
  }
}

/**
 * What a file says, or why it cannot be read.
 * @param options where somebody is served meanwhile a pipe or a device is not read: its end may never come.
 */
export function readText(
  file: string,
  { isServing } = { isServing: false },
): string | ConfigProblem {
  try {
    return isServing ? readRegularFile(file) : readFileSync(file, 'utf8')
  } catch (error) {
    const hint =
      file === 'sluice.yaml' ? ' Name a file, or try: sluice run --to ws://localhost:9000' : ''
    return { problem: `✖ ${file} cannot be read: ${messageOf(error)}.${hint}` }
  }
}

/** The configuration in the text of a file. @param file what paths in it start from the folder of. */
export function compileText(
  text: string,
  file: string,
  { env = process.env, readFile = readRegularFile }: CompileOptions = {},
): Loaded {
  return loadConfig(text, { file, env, readFile, registry: builtIn, loadPlugin })
}

interface CompileOptions {
  readonly env?: Environment
  readonly readFile?: (path: string) => string
}

/** What the text says of `admin`, whatever is wrong with the rest of it. */
export function findAdminIn(text: string, file: string): AdminConfig | undefined {
  return readAdminAlone(text, { file, env: process.env, readFile: readRegularFile })
}

/** What is wrong, without the last line break. */
export function formatLoaded(loaded: Extract<Loaded, { ok: false }>, hasColours: boolean): string {
  return formatProblems(loaded.problems, { colours: hasColours }).trimEnd()
}

/** A clause. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : error.message
}
