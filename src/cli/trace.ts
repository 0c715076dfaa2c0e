/**
 * What passes on a connection, as `sluice connect` shows it.
 */
import { Opcode } from '../wire/opcode.ts'
import { closeText } from './farewell.ts'
import { readable } from './readable.ts'

export interface Passing {
  readonly opcode: number
  readonly payload: Buffer
  /** What it takes on the wire if it is compressed. */
  readonly deflatedBytes?: number | undefined
}

/** A message of the server as it would be typed; in hexadecimal whatever it is, or only where it is binary. */
export function messageLine({ opcode, payload }: Passing, isHex: boolean): string {
  if (isHex) return payload.toString('hex')
  if (opcode === Opcode.binary) return `/hex ${payload.toString('hex')}`
  const text = payload.toString()
  return process.stdout.isTTY ? readable(text) : text
}

/** `<` came from the server, `>` goes to it: `< text, 1200 bytes, 93 compressed`, `> ping 7`, `< close 1000 bye`. */
export function traceLine(direction: '<' | '>', { opcode, payload, deflatedBytes }: Passing) {
  const compressed = deflatedBytes === undefined ? '' : `, ${deflatedBytes} compressed`
  switch (opcode) {
    case Opcode.close:
      return `${direction} close ${closeText(payload)}`.trimEnd()
    case Opcode.ping:
      return `${direction} ping ${readable(payload.toString())}`.trimEnd()
    case Opcode.pong:
      return `${direction} pong ${readable(payload.toString())}`.trimEnd()
    default: {
      const kind = opcode === Opcode.text ? 'text' : 'binary'
      return `${direction} ${kind}, ${payload.length} bytes${compressed}`
    }
  }
}

/** `0.42 ms`, `12.3 ms`, `1240 ms`: three digits, or whole milliseconds. */
export function roundTripText(roundTripMs: number): string {
  return `${roundTripMs >= 100 ? Math.round(roundTripMs) : Number(roundTripMs.toPrecision(3))} ms`
}
