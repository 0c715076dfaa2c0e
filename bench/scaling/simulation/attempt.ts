// One attempt of a client to get a session. Whoever settles it first decides what becomes of it.

export const outcomes = [
  'unreachable',
  'timed out',
  'refused: full',
  'refused: busy',
  'refused: late',
] as const
export type Failure = (typeof outcomes)[number]

export class Attempt {
  readonly client: number
  readonly failures: number
  isSettled = false
  /** The machine that it was sent to. */
  machine: number | undefined

  /** @param failures of the same client before, in a row. */
  constructor(client: number, failures: number) {
    this.client = client
    this.failures = failures
  }
}
