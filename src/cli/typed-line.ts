/**
 * What a line of input means to `sluice connect`: a message, or a command that begins with a slash.
 *
 * Invariant: without commands every line is a message, and says exactly what was typed: what is piped in
 * is never obeyed.
 */
import { isUtf8 } from 'node:buffer'
import { maxControlBytes, Opcode } from '../wire/opcode.ts'
import { farewellFault, type Farewell } from './farewell.ts'

export interface LineMode {
  /** Lines are the bytes of binary messages, in hexadecimal. */
  readonly isHex: boolean
  readonly hasCommands: boolean
}

export type TypedLine =
  | { readonly kind: 'message' | 'control'; readonly opcode: number; readonly payload: Buffer }
  /** Without a farewell the one that was asked for when the command was given. */
  | { readonly kind: 'close'; readonly farewell: Farewell | undefined }
  /** Nothing is sent of it. */
  | { readonly kind: 'mistake'; readonly sentence: string }

const slash = 0x2f
const commands = '/ping [TEXT], /pong [TEXT], /hex BYTES and /close [CODE [REASON]]'

export function readTypedLine(line: Buffer, { isHex, hasCommands }: LineMode): TypedLine {
  const isCommand = hasCommands && line[0] === slash
  if (isHex && !isCommand) return readBytes(line.toString('latin1'))
  // RFC 6455 §5.6: a text message is UTF-8. Sent with what is wrong replaced, it would be another one.
  if (!isUtf8(line)) return mistake('it is not UTF-8; --hex sends bytes of any kind')
  return isCommand ? readCommand(line.toString()) : text(line)
}

function readCommand(line: string): TypedLine {
  if (line.startsWith('//')) return text(Buffer.from(line.slice(1)))
  const [, name, rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? []
  switch (name) {
    case 'ping':
      return readControl(Opcode.ping, rest)
    case 'pong':
      return readControl(Opcode.pong, rest)
    case 'hex':
      return readBytes(rest)
    case 'close':
      return readClose(rest)
    default:
      return mistake(
        `/${name} is no command: there are ${commands}; a text that begins with / is sent with // in front`,
      )
  }
}

function readControl(opcode: number, rest: string): TypedLine {
  const payload = Buffer.from(rest)
  return payload.length > maxControlBytes
    ? mistake(
        `a ping or pong has at most ${maxControlBytes} bytes, this would be ${payload.length}`,
      )
    : { kind: 'control', opcode, payload }
}

function readBytes(hexadecimal: string): TypedLine {
  const digits = hexadecimal.replace(/\s+/g, '')
  return digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits)
    ? { kind: 'message', opcode: Opcode.binary, payload: Buffer.from(digits, 'hex') }
    : mistake('bytes are written as two hexadecimal digits each, such as 00ff')
}

function readClose(rest: string): TypedLine {
  if (rest === '') return { kind: 'close', farewell: undefined }
  const [, code = '', reason = ''] = /^(\S+)\s*(.*)$/s.exec(rest) ?? []
  if (!/^\d+$/.test(code))
    return mistake(`/close is followed by a code and a reason: /close 4001 bye`)
  const farewell = { code: Number(code), reason }
  const fault = farewellFault(farewell)
  return fault === undefined ? { kind: 'close', farewell } : mistake(fault)
}

function text(payload: Buffer): TypedLine {
  return { kind: 'message', opcode: Opcode.text, payload }
}

function mistake(sentence: string): TypedLine {
  return { kind: 'mistake', sentence }
}
