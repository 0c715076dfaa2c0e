/**
 * How this program is started anew: the same executable and file, whatever its arguments.
 *
 * Settled at the start: later the executable may have been replaced, and its folder may not be the one it
 * was called from.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

// In a compiled file the program is inside; else it is named to Bun.
const isCompiled = Bun.main.startsWith('/$bunfs/')

/** The command, to which arguments are added. */
export const ownProgram: readonly string[] = isCompiled
  ? [calledAs(process.argv0)]
  : [process.execPath, ...process.execArgv, Bun.main]

/** What this process was called with, so that `[...ownProgram, ...ownArguments]` is the same command. */
export const ownArguments: readonly string[] = process.argv.slice(2)

/** As it was called, links left as they are: by then they may lead to another version. */
function calledAs(name: string): string {
  const path = name.includes('/') ? resolve(name) : Bun.which(name)
  return path !== null && existsSync(path) ? path : process.execPath
}
