// A folder for the files of one run of tests, gone when it ends.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
process.on('exit', () => Bun.spawnSync(['rm', '-r', folder]))
let count = 0

/** A path in it that nobody else has. */
export function temporaryPath(name: string): string {
  return join(folder, `${++count}-${name}`)
}

/** A folder in it, empty. */
export function temporaryFolder(name: string): string {
  const path = temporaryPath(name)
  mkdirSync(path)
  return path
}

/** A file in it. @returns its path. */
export function temporaryFile(name: string, text: string): string {
  const path = temporaryPath(name)
  writeFileSync(path, text)
  return path
}
