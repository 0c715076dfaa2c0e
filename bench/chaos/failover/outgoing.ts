// What is still to be written to a socket, in order, with pauses in between; and when each message was
// begun and ended.

/** Infinity: not yet. */
export interface Times {
  beganAtMs: number
  endedAtMs: number
}

type Piece =
  | { kind: 'bytes'; bytes: Buffer; times: Times | undefined; isLast: boolean }
  | { kind: 'pause'; ms: number }

/** The same clock in all processes of the machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

export class Outgoing {
  /** What waits here. */
  bytes = 0
  readonly #write: (bytes: Buffer) => number
  readonly #pieces: Piece[] = []
  #timer: Timer | undefined

  /** @param write returns how many bytes were taken, and nothing is asked of it before `flush` if not all were. */
  constructor(write: (bytes: Buffer) => number) {
    this.#write = write
  }

  get isIdle(): boolean {
    return this.#pieces.length === 0
  }

  /** @param frames of one message. @param pauseMs between the first of them and the others. */
  send(frames: readonly Buffer[], times?: Times, pauseMs = 0): void {
    const last = frames.length - 1
    for (const [index, bytes] of frames.entries()) {
      this.#pieces.push({ kind: 'bytes', bytes, times, isLast: index === last })
      this.bytes += bytes.length
      if (index === 0 && index < last && pauseMs > 0)
        this.#pieces.push({ kind: 'pause', ms: pauseMs })
    }
    this.flush()
  }

  flush(): void {
    while (this.#timer === undefined) {
      const piece = this.#pieces[0]
      if (piece === undefined) return
      if (piece.kind === 'pause') {
        this.#timer = setTimeout(() => this.#goOn(), piece.ms)
        return
      }
      const taken = Math.max(0, this.#write(piece.bytes))
      this.bytes -= taken
      if (piece.times !== undefined && taken > 0)
        piece.times.beganAtMs = Math.min(piece.times.beganAtMs, nowMs())
      if (taken < piece.bytes.length) {
        piece.bytes = piece.bytes.subarray(taken)
        return
      }
      if (piece.times !== undefined && piece.isLast) piece.times.endedAtMs = nowMs()
      this.#pieces.shift()
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#pieces.length = 0
    this.bytes = 0
  }

  #goOn(): void {
    this.#timer = undefined
    this.#pieces.shift()
    this.flush()
  }
}
