/**
 * Gathers lines and writes those of one turn of the event loop together: a system call for each line
 * is most of what a log costs.
 *
 * A reader that stalls holds nothing up: lines wait up to a bound; past it they are dropped and counted.
 *
 * Where several processes write to one pipe, each writes whole lines, in pieces that the system does not mix with
 * those of others.
 */

/** Bytes that wait for a stalled reader. */
const mostBytes = 1_048_576
const retryMs = 100
/** POSIX PIPE_BUF, on Linux: what is written to a pipe in one piece, or not at all. */
export const pipePieceBytes = 4_096
const newline = 0x0a

export interface LineWriter {
  readonly write: (line: string) => void
  /** Writes what still waits, as far as there is room; at the end of the process. */
  readonly flush: () => void
}

/**
 * @param put writes some of the bytes and says how many; throws where there is no room for any.
 * @param pieceBytes how many it is given at most, in whole lines; a line that is longer is given alone.
 */
export function createLineWriter(
  put: (bytes: Buffer) => number,
  pieceBytes = Infinity,
): LineWriter {
  let lines: string[] = []
  /** What is left of lines whose writing has begun. */
  let rest = Buffer.alloc(0)
  let waitingBytes = 0
  let dropped = 0
  let isArmed = false

  function write(line: string): void {
    if (waitingBytes > mostBytes) return void dropped++
    if (dropped > 0) lines.push(gap(dropped))
    dropped = 0
    lines.push(line)
    waitingBytes += line.length
    if (isArmed) return
    isArmed = true
    setImmediate(flush)
  }

  function flush(): void {
    isArmed = false
    rest = Buffer.concat([rest, Buffer.from(lines.join(''))])
    lines = []
    while (rest.length > 0 && take()) continue
    waitingBytes = rest.length
    if (rest.length === 0) return
    isArmed = true
    setTimeout(flush, retryMs)
  }

  /** @returns whether some of the rest was written. */
  function take(): boolean {
    try {
      rest = rest.subarray(put(firstPiece(rest, pieceBytes)))
      return true
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
      // Otherwise whoever read the log is gone: no reason to end the sessions, nor to keep the lines.
      if (!isFull) rest = Buffer.alloc(0)
      return false
    }
  }

  return { write, flush }
}

/** As many whole lines as there is room for. */
function firstPiece(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes
  const end = bytes.lastIndexOf(newline, most - 1)
  return bytes.subarray(0, (end < 0 ? bytes.indexOf(newline) : end) + 1)
}

/** What stands where lines were dropped. */
function gap(lines: number): string {
  return `${JSON.stringify({ level: 'warn', event: 'log-dropped', lines })}\n`
}
