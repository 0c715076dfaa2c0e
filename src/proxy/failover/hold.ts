/**
 * Lets only whole messages of a server pass, so that its client never sees half of one, whenever the server
 * is lost.
 *
 * Invariant: what has passed ends between two frames, and, unless it is passing a message longer than
 * `holdBytes`, between two messages. Such a one passes as it comes, each frame of it that is cut as fragments.
 */
import { headerBytesOf, writeFrame } from '../../wire/frame-encoder.ts'
import { FIN } from '../../wire/frame-header.ts'
import { GatheredBytes } from '../../wire/gathered-bytes.ts'
import { frameEnd, payloadStart } from '../../wire/message-ends.ts'
import { Opcode } from '../../wire/opcode.ts'

export class Hold {
  readonly #holdBytes: number
  /** Of the message that is not whole, without the control frames inside of it, which have passed. */
  readonly #held = new GatheredBytes()
  #isPassing = false
  /** Of the frame that was cut: how its next fragment begins, and payload bytes still to come. */
  #first = 0
  #leftBytes = 0

  constructor(holdBytes: number) {
    this.#holdBytes = holdBytes
  }

  /** A message longer than it may hold has begun to pass and is not whole. */
  get isPassing(): boolean {
    return this.#isPassing
  }

  get heldBytes(): number {
    return this.#held.length
  }

  get isEmpty(): boolean {
    return this.#held.length === 0 && !this.#isPassing
  }

  /**
   * @param bytes of a server, checked, behind all before; the first of them at the start of a message.
   * @param wholeBytes as `Direction` has it, as `innerControls`.
   * @returns what may be written to the client now.
   */
  pass(bytes: Buffer, wholeBytes: number, innerControls: readonly number[] | undefined): Buffer {
    const parts: Buffer[] = []
    let start = 0
    if (wholeBytes > 0) {
      start = wholeBytes
      const whole = bytes.subarray(0, start)
      if (this.#isPassing) this.#passFrames(whole, parts)
      else parts.push(this.#held.take(), whole)
      this.#isPassing = false
    }
    if (this.#isPassing) this.#passFrames(bytes, parts)
    else this.#keep(bytes, start, innerControls ?? [], parts)
    return joined(parts)
  }

  /** Keeps what begins at `start`, but for control frames; all of it passes once it is more than may be kept. */
  #keep(bytes: Buffer, start: number, controls: readonly number[], parts: Buffer[]): void {
    let offset = start
    for (let index = 0; index < controls.length; index += 2) {
      const [controlStart = 0, controlEnd = 0] = [controls[index], controls[index + 1]]
      this.#held.add(bytes.subarray(offset, controlStart))
      parts.push(bytes.subarray(controlStart, controlEnd))
      offset = controlEnd
    }
    this.#held.add(bytes.subarray(offset))
    // Behind a Close nothing may follow, and the message will never be whole.
    const last = controls.at(-2)
    const hasClose = last !== undefined && (bytes[last]! & 0x0f) === Opcode.close
    if (hasClose || this.#held.length <= this.#holdBytes) return
    this.#isPassing = true
    this.#passFrames(this.#held.take(), parts)
  }

  /** Whole frames as they are, of one that is cut what is there. */
  #passFrames(bytes: Buffer, parts: Buffer[]): void {
    const start = this.#passFragment(bytes, 0, parts)
    let cut = start
    let end = frameEnd(bytes, cut)
    for (; end <= bytes.length; end = frameEnd(bytes, cut)) cut = end
    parts.push(bytes.subarray(start, cut))
    if (cut === bytes.length) return
    const payload = payloadStart(bytes, cut)
    this.#first = bytes[cut]!
    this.#leftBytes = end - payload
    this.#passFragment(bytes, payload, parts)
  }

  /** Of the payload that is under way what is there. @returns the offset behind it. */
  #passFragment(bytes: Buffer, start: number, parts: Buffer[]): number {
    const length = Math.min(bytes.length - start, this.#leftBytes)
    if (length === 0) return start
    this.#leftBytes -= length
    const first = this.#leftBytes === 0 ? this.#first : this.#first & ~FIN
    parts.push(fragment(first, bytes.subarray(start, start + length)))
    // RFC 6455 §5.4, RFC 7692 §6: opcode and RSV1 are the first fragment's only.
    this.#first &= FIN
    return start + length
  }
}

const nothing = Buffer.alloc(0)
/**
 * A copy takes five times as long where it begins slightly behind its source in their pages of memory (30 µs
 * against 6 at 64 KB), as behind a header.
 */
const apartBytes = 128

function fragment(first: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafeSlow(apartBytes + payload.length)
  const start = apartBytes - headerBytesOf(payload.length, false)
  writeFrame(frame, start, first, payload, false)
  return frame.subarray(start)
}

function joined(parts: readonly Buffer[]): Buffer {
  const pieces = parts.filter(({ length }) => length > 0)
  return pieces.length > 1 ? Buffer.concat(pieces) : (pieces[0] ?? nothing)
}
