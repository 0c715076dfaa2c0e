/**
 * What a server has not wholly taken of what was passed to it, from the start of a message on, so that the next
 * server gets every message whole.
 *
 * Invariant: what is kept begins between two messages and ends where the last piece did. Of a message that
 * goes on, and that a server has begun to take, at most `holdBytes` are kept; of a longer one nothing, and
 * who is caught in it is told.
 */
import { GatheredBytes } from '../../wire/gathered-bytes.ts'
import { lastMessageEnd } from '../../wire/message-ends.ts'

export interface UnsentRest {
  readonly bytes: Buffer
  /** Data messages that are whole in it. */
  readonly messages: number
  /** As `Direction` has it, for these bytes. */
  readonly wholeBytes: number
}

/** Kept in vain at most, beside as much as is needed: so that messages are not gone through for every few bytes taken. */
const slackBytes = 64 * 1024

export class Unsent {
  readonly #holdBytes: number
  readonly #kept = new GatheredBytes()
  /** Of what is kept, the bytes up to the message that goes on. */
  #wholeBytes = 0
  /** Of a message that was let go of since it is too long: it goes on, or its end was not taken. */
  #overlong: 'none' | 'goes on' | 'has ended' = 'none'
  /** What was kept when it was last gone through: there is no use in that before it has doubled. */
  #trimmedBytes = 0

  constructor(holdBytes: number) {
    this.#holdBytes = holdBytes
  }

  /** It keeps nothing, nor does a session depend on what it has let go of. */
  get isEmpty(): boolean {
    return this.#kept.length === 0 && this.#overlong === 'none'
  }

  /**
   * These were passed to the server behind all others, the first of them at the start of a message.
   * @param wholeBytes as `Direction` has it.
   */
  add(bytes: Buffer, wholeBytes: number): void {
    let rest = bytes
    if (this.#overlong === 'goes on') {
      if (wholeBytes <= 0) return
      // Where in there it ended nobody knows: what follows is kept from the last message on.
      this.#overlong = 'has ended'
      rest = bytes.subarray(wholeBytes)
    } else if (wholeBytes > 0) this.#wholeBytes = this.#kept.length + wholeBytes
    this.#kept.add(rest)
  }

  /**
   * Lets go of what is not needed any more. Of a message that no server has begun to take that is nothing,
   * however long it is.
   * @param untakenBytes of all that was added, the last that the server's connection has not taken.
   */
  settle(untakenBytes: number): void {
    const { length } = this.#kept
    if (this.#overlong === 'has ended' && untakenBytes <= length) this.#overlong = 'none'
    const wayBytes = length - this.#wholeBytes
    if (wayBytes > this.#holdBytes && untakenBytes < wayBytes) {
      this.#overlong = 'goes on'
      return this.#letGo(length)
    }
    if (untakenBytes === 0) return this.#letGo(this.#wholeBytes)
    const neededBytes = untakenBytes + wayBytes + slackBytes
    if (length > 2 * Math.max(neededBytes, this.#trimmedBytes))
      this.#letGo(this.#restStart(untakenBytes))
  }

  /** Whether some of a message may have been taken, and cannot be sent again. */
  isCaught(untakenBytes: number): boolean {
    return this.#overlong === 'goes on' || untakenBytes > this.#kept.length
  }

  /** @returns what the next server must get, unless the session is caught: all from the first message on that is not wholly taken. */
  rest(untakenBytes: number): UnsentRest {
    const start = this.#restStart(untakenBytes)
    const bytes = this.#kept.bytes.subarray(start)
    const wholeBytes = this.#wholeBytes - start
    return { bytes, messages: lastMessageEnd(bytes, wholeBytes).messages, wholeBytes }
  }

  #restStart(untakenBytes: number): number {
    const takenBytes = this.#kept.length - untakenBytes
    if (takenBytes >= this.#wholeBytes) return this.#wholeBytes
    return lastMessageEnd(this.#kept.bytes, takenBytes).end
  }

  #letGo(count: number): void {
    this.#kept.drop(count)
    this.#wholeBytes = Math.max(0, this.#wholeBytes - count)
    this.#trimmedBytes = this.#kept.length
  }
}
