/**
 * Checks that text is UTF-8 as its bytes arrive, wherever it is cut (RFC 6455 §8.1, RFC 3629 §4).
 *
 * Invariant: a text that cannot become valid any more is refused at the first byte that makes it so.
 */
import { isUtf8 } from 'node:buffer'

export class Utf8Check {
  /** Bytes still to come of a character that was cut, and the bounds of the next of them. */
  #left = 0
  #low = 0x80
  #high = 0xbf

  /** @returns whether the text may go on behind this piece. */
  isValid(piece: Buffer): boolean {
    const start = this.#left === 0 ? 0 : this.#follow(piece, 0)
    if (start < 0) return false
    if (this.#left > 0) return true
    const end = piece.length - cutBytes(piece, start)
    const isWhole = start === 0 && end === piece.length
    if (end > start && !isUtf8(isWhole ? piece : piece.subarray(start, end))) return false
    return isWhole || end === piece.length || this.#begin(piece, end)
  }

  /** Whether the text may end here. */
  get isComplete(): boolean {
    return this.#left === 0
  }

  /** Forgets a text, for the next one. */
  reset(): void {
    this.#left = 0
  }

  /** @param offset of the first byte of a character that is cut. */
  #begin(piece: Buffer, offset: number): boolean {
    const first = piece[offset]!
    this.#left = characterBytes(first) - 1
    // The second byte decides about forms longer than needed, surrogates, and what is past U+10FFFF.
    this.#low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    this.#high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    return this.#follow(piece, offset + 1) >= 0
  }

  /** Goes on with the character that was cut. @returns the offset behind it, or behind the piece; -1 if it is none. */
  #follow(piece: Buffer, start: number): number {
    let offset = start
    while (this.#left > 0 && offset < piece.length) {
      const byte = piece[offset++]!
      if (byte < this.#low || byte > this.#high) return -1
      this.#low = 0x80
      this.#high = 0xbf
      this.#left--
    }
    return offset
  }
}

/** How many bytes at the end belong to a character that goes on after them. */
function cutBytes(bytes: Buffer, start: number): number {
  const most = Math.min(3, bytes.length - start)
  for (let back = 1; back <= most; back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) !== 0x80) return characterBytes(byte) > back ? back : 0
  }
  return 0
}

/** By its first byte; 1 for one that cannot be the first of several. */
function characterBytes(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 1
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}
