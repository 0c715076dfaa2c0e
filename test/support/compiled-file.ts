/**
 * The compiled file: that of `SLUICE_BINARY`, or one that is compiled for this run of the tests.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = join(import.meta.dir, '../..')
let file: string | undefined

/** Compiles at the first call, which takes about a second. @returns its path. */
export function compiledFile(): string {
  const binary = process.env['SLUICE_BINARY']
  if (binary !== undefined) return resolve(binary)
  file ??= compile()
  return file
}

function compile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-compiled-'))
  process.on('exit', () => rmSync(folder, { recursive: true }))
  const path = join(folder, 'sluice')
  const { success, stdout, stderr } = Bun.spawnSync([join(root, 'scripts/compile'), path])
  if (!success) throw new Error(`scripts/compile failed: ${stdout.toString()}${stderr.toString()}`)
  return path
}
