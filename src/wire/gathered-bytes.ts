/**
 * Bytes that are put together until they can be read, or passed.
 * Invariant: what has come is copied a few times at most, in however small pieces it comes, since the room
 * for it doubles; and it never takes more than twice what has come.
 */
const nothing = Buffer.alloc(0)

export class GatheredBytes {
  #room: Buffer = nothing
  #length = 0

  /** @param first is kept, and not copied unless more comes. */
  constructor(first: Buffer = nothing) {
    this.#keep(first)
  }

  get length(): number {
    return this.#length
  }

  /** All that has come; more may be written behind it. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length)
  }

  add(chunk: Buffer): void {
    if (this.#length === 0) return this.#keep(chunk)
    const length = this.#length + chunk.length
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafeSlow(2 * length)
      this.bytes.copy(room)
      this.#room = room
    }
    chunk.copy(this.#room, this.#length)
    this.#length = length
  }

  /** Lets go of the first `count`. */
  drop(count: number): void {
    if (count > 0) this.#keep(this.bytes.subarray(count))
  }

  /** @returns all that has come, which is no longer here. */
  take(): Buffer {
    const { bytes } = this
    this.#keep(nothing)
    return bytes
  }

  /** A small part of a larger chunk as a copy: a view would keep all of it in memory. */
  #keep(bytes: Buffer): void {
    this.#room = bytes.length * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes
    this.#length = bytes.length
  }
}
