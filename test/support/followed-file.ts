/**
 * The lines of a file that somebody else appends to, each told once, as soon as it is whole.
 */
import { closeSync, openSync, readSync } from 'node:fs'

export interface FollowedFile extends Disposable {
  /** Tells now what is there by now. */
  hear(): void
}

/** How often it is looked at. */
const everyMs = 2

export function followFile(file: string, onLine: (line: string) => void): FollowedFile {
  const descriptor = openSync(file, 'r')
  const chunk = Buffer.alloc(65_536)
  let rest = Buffer.alloc(0)

  function hear(): void {
    for (let size = read(); size > 0; size = read()) {
      rest = Buffer.concat([rest, chunk.subarray(0, size)])
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = rest.toString('utf8', 0, end)
        rest = rest.subarray(end + 1)
        onLine(line)
      }
    }
  }
  const read = () => readSync(descriptor, chunk, 0, chunk.length, null)

  const timer = setInterval(hear, everyMs)
  return {
    hear,
    [Symbol.dispose]() {
      clearInterval(timer)
      closeSync(descriptor)
    },
  }
}
