/**
 * Lines of what is typed or piped in, as bytes, however they arrive.
 *
 * Invariant: of a line that has not ended at most `lineBytes` are kept.
 */

const newline = 0x0a
const carriageReturn = 0x0d

export class InputLines {
  readonly #lineBytes: number
  #pieces: Buffer[] = []
  #keptBytes = 0
  /** A line was longer than may be; nothing is read after it. */
  isOverflown = false

  constructor(lineBytes: number) {
    this.#lineBytes = lineBytes
  }

  /** @returns the lines that end in this chunk, without their LF or CRLF. */
  feed(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = []
    let start = 0
    while (!this.isOverflown) {
      const end = chunk.indexOf(newline, start)
      const piece = chunk.subarray(start, end < 0 ? undefined : end)
      if (this.#keptBytes + piece.length > this.#lineBytes) this.#overflow()
      else if (end < 0) {
        this.#keep(piece)
        break
      } else {
        lines.push(this.#finish(piece))
        start = end + 1
      }
    }
    return lines
  }

  /** @returns the last line, where the input ended without a newline. */
  rest(): Buffer | undefined {
    return this.#keptBytes === 0 ? undefined : this.#finish(Buffer.alloc(0))
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#keptBytes += piece.length
  }

  #finish(piece: Buffer): Buffer {
    const line = this.#pieces.length === 0 ? piece : Buffer.concat([...this.#pieces, piece])
    this.#pieces = []
    this.#keptBytes = 0
    return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
  }

  #overflow(): void {
    this.isOverflown = true
    this.#pieces = []
    this.#keptBytes = 0
  }
}
