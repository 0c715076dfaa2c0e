/**
 * The text of a file of bounded size. Of a pipe or a device the end may never come, and to open a pipe that nobody
 * writes to blocks the process: what a gateway that serves reads is looked at first, and never opened if it is one.
 */
import { readFileSync, statSync, type Stats } from 'node:fs'

/** More than 10,000 endpoints or any chain of certificates. */
const maxBytes = 4 * 1024 ** 2

/** @throws the system's error, with its `code`, or one with a clause about the file, "it is not a regular file". */
export function readRegularFile(path: string): string {
  const fault = regularFault(statSync(path))
  if (fault !== undefined) throw new Error(`it ${fault}`)
  return readFileSync(path, 'utf8')
}

/** @returns why it may not be read; undefined where it may. */
export function regularFault(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is not a regular file'
  return stats.size > maxBytes ? `is larger than ${maxBytes / 1024 ** 2}MB` : undefined
}
