/**
 * The compiled file: that of `SLUICE_BINARY`, or one that is compiled for this run of the tests.
 */
import { join, resolve } from 'node:path'

const root = join(import.meta.dir, '../..')
let file: string | undefined

/** Compiles at the first call, which takes about a second. @returns its path. */
export function compiledFile(): string {
  const binary = process.env['SLUICE_BINARY']
  file ??= binary === undefined ? compile() : resolve(binary)
  return file
}

/** To a place of its own, and always the same: it has more than a hundred megabytes. */
function compile(): string {
  const path = join(root, 'test/.cache/sluice')
  const { success, stdout, stderr } = Bun.spawnSync([join(root, 'scripts/compile'), path])
  if (!success) throw new Error(`scripts/compile failed: ${stdout.toString()}${stderr.toString()}`)
  return path
}
