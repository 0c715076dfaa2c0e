// The messages of the table: each is known by its session and number alone, so that whoever receives one can
// tell whether it is whole and right. Opcode and fragments follow from the same two numbers.
//
// A message is `sssssss:nnnnnnnn` in hexadecimal, and as much of one text that all processes share.
import { Opcode } from '../../../src/wire/opcode.ts'

export interface Message {
  opcode: number
  payload: Buffer
}

export interface Name {
  session: number
  number: number
}

const nameBytes = 16
export const largestBytes = 256 * 1024
const corpusBytes = 2 * largestBytes
/** What their sizes are from, up to which share of them: most are short, and 5,000 of them are 11 MB. */
const sizes = [
  { upTo: 0.75, from: nameBytes, to: 1024 },
  { upTo: 0.95, from: 1024, to: 8 * 1024 },
  { upTo: 0.995, from: 8 * 1024, to: 32 * 1024 },
  { upTo: 1, from: 32 * 1024, to: largestBytes },
]
const corpus = writeCorpus()

/** Half of it is words, which become a third of their size when compressed; the other half hardly shrinks. */
function writeCorpus(): Buffer {
  const words = ['failover', 'session', 'endpoint', 'gateway', 'message', 'drain', 'hold', 'wait']
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const text: string[] = []
  let bytes = 0
  for (let index = 0; bytes < corpusBytes; index++) {
    const chance = mix(index, 77)
    const isWord = (index >> 9) % 2 === 0
    const piece = isWord ? `${words[chance & 7]} ${chance % 1000}, ` : letters.charAt(chance & 63)
    text.push(piece)
    bytes += piece.length
  }
  return Buffer.from(text.join('')).subarray(0, corpusBytes)
}

export function bytesOf(session: number, number: number): number {
  const chance = mix(session, number) / 2 ** 32
  let below = 0
  for (const { upTo, from, to } of sizes) {
    const share = (chance - below) / (upTo - below)
    if (chance < upTo) return Math.round(from * (to / from) ** share)
    below = upTo
  }
  return largestBytes
}

export function messageOf(session: number, number: number): Message {
  const length = bytesOf(session, number)
  const payload = Buffer.allocUnsafe(length)
  payload.write(nameOf(session, number), 'latin1')
  payload.set(bodyOf(session, number, length), nameBytes)
  return { opcode: opcodeOf(session, number), payload }
}

/** Its frames: a third of all messages have several. */
export function fragmentsOf(session: number, number: number): number {
  const chance = mix(number, session + 7)
  return chance % 3 === 0 ? 2 + ((chance >>> 8) & 3) : 1
}

/** @returns whose it is; a sentence where it is not what its session has sent. */
export function readMessage(opcode: number, payload: Buffer): Name | string {
  const match = /^([0-9a-f]{7}):([0-9a-f]{8})$/.exec(payload.toString('latin1', 0, nameBytes))
  if (match === null) return 'a message that nobody has sent'
  const session = Number.parseInt(match[1] ?? '', 16)
  const number = Number.parseInt(match[2] ?? '', 16)
  if (opcode !== opcodeOf(session, number)) return 'a message of the other kind'
  const length = bytesOf(session, number)
  if (payload.length !== length) return 'a message that is too long or too short'
  return payload.subarray(nameBytes).equals(bodyOf(session, number, length))
    ? { session, number }
    : 'a message whose content has changed'
}

function nameOf(session: number, number: number): string {
  return `${session.toString(16).padStart(7, '0')}:${number.toString(16).padStart(8, '0')}`
}

function bodyOf(session: number, number: number, length: number): Buffer {
  const start = mix(number, session + 3) % (corpusBytes - largestBytes)
  return corpus.subarray(start, start + length - nameBytes)
}

function opcodeOf(session: number, number: number): number {
  return mix(session, number + 5) % 2 === 0 ? Opcode.text : Opcode.binary
}

/** 32 bits that look like chance. */
function mix(a: number, b: number): number {
  let bits = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b)) >>> 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b)
  return (bits ^ (bits >>> 16)) >>> 0
}
