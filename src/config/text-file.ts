/**
 * A file that the configuration names: a secret, a certificate.
 * Invariant: what cannot be read is a problem that says where it was looked for, never an exception.
 */
import { resolve } from 'node:path'
import { show, type Reading } from './reading.ts'

/** Where files are, and how they are read. */
export interface Files {
  /** What relative paths start from; absolute. */
  readonly folder: string
  /** The whole text of a file, by its absolute path; throws where there is none. */
  readonly readFile: (path: string) => string
}

const maxFileCharacters = 1024 * 1024 // a secret or a set of authorities is far shorter; /dev/zero is not

/** @param file as the configuration names it. */
export function readTextFile(file: string, { folder, readFile }: Files): Reading<string> {
  const path = resolve(folder, file)
  try {
    const text = readFile(path)
    if (text.length <= maxFileCharacters) return { value: text }
    return { problem: `the file ${show(file)} is longer than 1MB` }
  } catch (error) {
    const reason = reasonOf(error)
    const suggestion = path === file ? undefined : `it was looked for at ${path}`
    return { problem: `cannot read the file ${show(file)}${reason}`, suggestion }
  }
}

/** The system's word, or the clause of who would not read it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return 'code' in error ? ` (${String(error.code)})` : `: ${error.message}`
}
