/**
 * Follows the fields behind the last chunk of a body, up to the empty line that ends it (RFC 9112
 * §7.1.2). They pass as they are, but for those whose names are not allowed there.
 *
 * A field at fault is found at its colon, before any of its value has passed.
 */
import { isToken } from './http-head.ts'

export interface TrailerRules {
  /** Whether a field of this name, lower case, may stand behind a body. */
  mayTrail(name: string): boolean
}

/** Bytes of the fields, their empty line included. */
const maxTrailerBytes = 8192

type TrailerState = 'name' | 'value' | 'line-lf' | 'end-lf'

export class TrailerFollower {
  readonly #rules: TrailerRules
  #state: TrailerState = 'name'
  /** What has come of the name of this line. */
  #name = ''
  #bytes = 0
  isComplete = false
  /** What is wrong, once something is. */
  fault: string | undefined

  constructor(rules: TrailerRules) {
    this.#rules = rules
  }

  step(byte: number): void {
    if (++this.#bytes > maxTrailerBytes) this.fault = 'the trailer is too large'
    else if (this.#state === 'end-lf') {
      if (byte === LF) this.isComplete = true
      else this.fault = 'the trailer ends without LF'
    } else if (this.#state === 'line-lf') {
      if (byte !== LF) this.fault = 'a trailer line ends without LF'
      this.#state = 'name'
      this.#name = ''
    } else if (byte === CR) this.#endLine()
    else if (isControl(byte)) this.fault = 'a control character in the trailer'
    else if (this.#state === 'name') this.#stepName(byte)
  }

  #endLine(): void {
    if (this.#state === 'value') this.#state = 'line-lf'
    else if (this.#name === '') this.#state = 'end-lf'
    else this.fault = 'a trailer line without colon'
  }

  #stepName(byte: number): void {
    if (byte !== COLON) {
      this.#name += String.fromCharCode(byte)
      return
    }
    this.#state = 'value'
    // Also refuses folded lines, and white space before the colon.
    if (!isToken(this.#name)) this.fault = 'a trailer name with a character that none may have'
    else if (!this.#rules.mayTrail(this.#name.toLowerCase()))
      this.fault = `${this.#name.toLowerCase()} may not stand in a trailer`
  }
}

const CR = 0x0d
const LF = 0x0a
const COLON = 0x3a

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f
}
