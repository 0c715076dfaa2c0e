// What a gateway writes, line by line as it comes. Only lines of JSON are told of.
import { openSync, readSync, closeSync } from 'node:fs'

export interface LogLine {
  readonly event: string
  readonly [field: string]: unknown
}

const pollMs = 2
const chunkBytes = 64 * 1024

export class LogTail {
  readonly #file: number
  readonly #chunk = Buffer.alloc(chunkBytes)
  /** Read, and not asked for yet. */
  readonly #lines: LogLine[] = []
  #rest = Buffer.alloc(0)

  constructor(file: string) {
    this.#file = openSync(file, 'r')
  }

  /** Whatever was written so far is of no interest. */
  skip(): void {
    this.#read()
    this.#lines.length = 0
  }

  /** Passes over all lines before it. @returns undefined: it has not come in time. */
  async find(is: (line: LogLine) => boolean, withinMs: number): Promise<LogLine | undefined> {
    const deadlineMs = performance.now() + withinMs
    for (;;) {
      this.#read()
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift())
        if (is(line)) return line
      if (performance.now() > deadlineMs) return undefined
      await Bun.sleep(pollMs)
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #read(): void {
    for (;;) {
      const taken = readSync(this.#file, this.#chunk, 0, chunkBytes, null)
      if (taken === 0) return
      const text = Buffer.concat([this.#rest, this.#chunk.subarray(0, taken)])
      const end = text.lastIndexOf(10) + 1
      this.#rest = Buffer.from(text.subarray(end))
      for (const line of text.toString('utf8', 0, end).split('\n')) this.#take(line)
    }
  }

  #take(text: string): void {
    if (!text.startsWith('{')) return
    const line: unknown = JSON.parse(text)
    if (isLogLine(line)) this.#lines.push(line)
  }
}

function isLogLine(line: unknown): line is LogLine {
  return (
    typeof line === 'object' && line !== null && 'event' in line && typeof line.event === 'string'
  )
}
