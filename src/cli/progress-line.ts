/**
 * How far something is, told on standard error: on a terminal in one line that is written over, elsewhere in
 * a line whenever it has changed.
 */

/** As standard error is. */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

/** To the beginning of the line, and what is behind it away. */
const clearLine = '\r\x1b[K'

export class ProgressLine {
  readonly #output: ProgressOutput
  #shown = ''

  constructor(output: ProgressOutput) {
    this.#output = output
  }

  show(text: string): void {
    if (text === this.#shown) return
    this.#shown = text
    const { isTTY, columns = Infinity } = this.#output
    // A line that wraps could not be written over.
    this.#output.write(isTTY === true ? clearLine + text.slice(0, columns - 1) : `${text}\n`)
  }

  /** Leaves a terminal as it was. */
  clear(): void {
    if (this.#shown !== '' && this.#output.isTTY === true) this.#output.write(clearLine)
    this.#shown = ''
  }
}
