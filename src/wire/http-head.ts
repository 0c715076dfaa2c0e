/**
 * Reads the head of an HTTP/1.1 message, strictly: what two readers could understand differently is
 * refused, since a gateway that guesses lets requests be smuggled past it (RFC 9112 §11.2).
 *
 * No I/O. Every outcome is: incomplete, refused, or complete with the number of bytes consumed.
 */
import { HttpFields, trimWhiteSpace } from './http-fields.ts'

export interface HeadLimits {
  /** Bytes of a head, its empty line included. */
  readonly headBytes: number
  /** Header fields of a head. */
  readonly headers: number
}

/** What is wrong with a head. */
export type HeadFault = 'malformed' | 'too-large' | 'version' | 'method' | 'coding'

export class HeadError {
  readonly fault: HeadFault
  /** One clause that says what was wrong, for the log and the answer. */
  readonly detail: string

  constructor(fault: HeadFault, detail: string) {
    this.fault = fault
    this.detail = detail
  }
}

/** The start line and the fields, not yet understood as a request or a response. */
export interface RawHead {
  readonly startLine: string
  readonly fields: HttpFields
}

const CR = 0x0d
const LF = 0x0a
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Bytes that may not stand inside a line: controls other than tab, and DEL (RFC 9110 §5.5). */
const isForbidden = new Uint8Array(256)
for (let byte = 0; byte < 0x20; byte++) isForbidden[byte] = 1
isForbidden[0x09] = 0
isForbidden[0x7f] = 1

/** Whether this is a token, the alphabet of methods, field names and protocol names (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return tokenPattern.test(text)
}

/** Collects the bytes of one head over as many chunks as it takes. */
export class HeadReader {
  readonly #limits: HeadLimits
  /** What earlier chunks brought of this head; undefined where a head came in one chunk, the usual case. */
  #collected: Buffer | undefined
  /** Bytes looked at so far, so that no byte is looked at twice however a head is cut into chunks. */
  #scanned = 0
  /** Where the head itself starts: behind the one empty line that RFC 9112 §2.2 lets a client put first. */
  #start = 0
  #lineStart = 0

  /** What every head begins with, where that is known. */
  readonly #opening: string

  /** @param opening what every head begins with: the first byte that differs is refused, not waited behind. */
  constructor(limits: HeadLimits, opening = '') {
    this.#limits = limits
    this.#opening = opening
  }

  /** Whether some of a head has arrived. */
  get hasBegun(): boolean {
    return this.#collected !== undefined
  }

  /** How many of the bytes last given to `read` belonged to the head, once it is complete. */
  consumed = 0

  /**
   * Takes the bytes of `chunk` from `start`.
   * @returns the head when its empty line has arrived; undefined while it has not.
   */
  read(chunk: Buffer, start: number): RawHead | HeadError | undefined {
    const before = this.#collected?.length ?? 0
    const bytes = this.#join(chunk, start)
    if (!this.#beginsWell(bytes)) return malformed(`it does not begin with ${this.#opening}`)
    const end = this.#findEnd(bytes)
    if (end instanceof HeadError) return end
    if (end === undefined) {
      if (bytes.length >= this.#limits.headBytes) return tooLarge(this.#limits)
      this.#collected = this.#collected === undefined ? Buffer.from(bytes) : bytes
      return undefined
    }
    this.consumed = end - before
    const head = readLines(bytes.toString('latin1', this.#start, end - 4), this.#limits.headers)
    this.#collected = undefined
    this.#scanned = 0
    this.#start = 0
    this.#lineStart = 0
    return head
  }

  /** At most `headBytes` of what was collected before and of the new chunk, in one buffer. */
  #join(chunk: Buffer, start: number): Buffer {
    if (this.#collected === undefined) return start === 0 ? chunk : chunk.subarray(start)
    const room = this.#limits.headBytes - this.#collected.length + 1
    return Buffer.concat([this.#collected, chunk.subarray(start, start + room)])
  }

  /** Whether what has come of the head may still become one. */
  #beginsWell(bytes: Buffer): boolean {
    const from = bytes[0] === CR ? 2 : 0
    const begun = bytes.toString('latin1', from, from + this.#opening.length)
    return this.#opening.startsWith(begun)
  }

  /** The offset behind the empty line. Refuses the first byte that no head can contain. */
  #findEnd(bytes: Buffer): number | HeadError | undefined {
    const until = Math.min(bytes.length, this.#limits.headBytes)
    for (let offset = this.#scanned; offset < until; offset++) {
      const byte = bytes[offset]!
      if (isForbidden[byte] === 0) continue
      if (byte === LF) {
        if (offset === 0 || bytes[offset - 1] !== CR) return malformed('a line ends without CR')
        const isEmptyLine = offset - 1 === this.#lineStart
        this.#lineStart = offset + 1
        if (isEmptyLine && offset > 1) {
          return this.#start === offset - 1 ? malformed('the head is empty') : offset + 1
        }
        if (isEmptyLine) this.#start = this.#lineStart
      } else if (byte === CR) {
        if (offset + 1 === until) {
          this.#scanned = offset
          return undefined
        }
        if (bytes[offset + 1] !== LF) return malformed('a bare CR')
      } else {
        return malformed(`a control character (0x${byte.toString(16).padStart(2, '0')})`)
      }
    }
    this.#scanned = until
    return undefined
  }
}

function malformed(detail: string): HeadError {
  return new HeadError('malformed', detail)
}

function tooLarge(limits: HeadLimits): HeadError {
  return new HeadError('too-large', `the head is longer than ${limits.headBytes} bytes`)
}

function readLines(text: string, maxFields: number): RawHead | HeadError {
  const lines = text.split('\r\n')
  if (lines.length - 1 > maxFields) {
    return new HeadError('too-large', `the head has more than ${maxFields} fields`)
  }
  const fields = new HttpFields()
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (line.startsWith(' ') || line.startsWith('\t')) return malformed('a folded header line')
    const colon = line.indexOf(':')
    if (colon < 0) return malformed('a header line without colon')
    const name = line.slice(0, colon)
    // Also refuses white space before the colon (RFC 9112 §5.1).
    if (!isToken(name)) return malformed('a header name with a character that none may have')
    fields.add(name, trimWhiteSpace(line, colon + 1))
  }
  return { startLine: lines[0] ?? '', fields }
}
