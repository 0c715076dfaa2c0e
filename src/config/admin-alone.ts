/**
 * The `admin` of a file that may be wrong elsewhere: a gateway that runs with what the file said before is asked
 * there, and tells for itself what is wrong.
 */
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { adminOf } from './compose.ts'
import type { AdminConfig } from './config.ts'
import type { LoadOptions } from './load.ts'
import { adminSchema } from './schema/admin.ts'
import { readTree } from './tree.ts'

/** @returns undefined where there is none that can be read. */
export function readAdminAlone(
  text: string,
  { file, env, readFile }: Pick<LoadOptions, 'file' | 'env' | 'readFile'>,
): AdminConfig | undefined {
  const document = parseDocument(text, { prettyErrors: false, strict: true, uniqueKeys: false })
  if (document.errors.length > 0) return undefined
  const folder = resolve(dirname(file))
  const { value } = readTree(document, { env, readFile, folder })
  if (typeof value !== 'object' || value === null || !('admin' in value)) return undefined
  const { data } = adminSchema.safeParse(value.admin)
  return data && adminOf(data, folder)
}
