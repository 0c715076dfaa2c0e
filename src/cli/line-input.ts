/**
 * Standard input as lines.
 */
import { InputLines } from './input-lines.ts'

export interface LineInputEvents {
  /** Those that have ended with a chunk. */
  readonly onLines: (lines: readonly Buffer[]) => void
  readonly onEnd: () => void
  /** A line is longer than may be: nothing comes after it. */
  readonly onOverflow: () => void
}

/** @returns how to pause and resume it. */
export function readStandardInput(lineBytes: number, events: LineInputEvents) {
  const { stdin } = process
  const input = new InputLines(lineBytes)

  function stdinOnData(chunk: Buffer): void {
    events.onLines(input.feed(chunk))
    if (!input.isOverflown) return
    stdin.pause()
    stdin.removeAllListeners()
    events.onOverflow()
  }

  function stdinOnEnd(): void {
    const rest = input.rest()
    if (rest !== undefined) events.onLines([rest])
    events.onEnd()
  }

  stdin.on('data', stdinOnData)
  stdin.once('end', stdinOnEnd)
  // Such as a terminal that is gone.
  stdin.once('error', stdinOnEnd)
  return stdin
}
