/**
 * Bytes that are put together until they can be read.
 * Invariant: what has come is copied a few times at most, in however small pieces it comes, since the room
 * for it doubles; and it never takes more than twice what has come.
 */

export class GatheredBytes {
  #room: Buffer
  #length: number

  /** @param first is kept, and not copied unless more comes. */
  constructor(first: Buffer) {
    this.#room = first
    this.#length = first.length
  }

  /** All that has come; more may be written behind it. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length)
  }

  add(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafeSlow(2 * length)
      this.bytes.copy(room)
      this.#room = room
    }
    chunk.copy(this.#room, this.#length)
    this.#length = length
  }
}
