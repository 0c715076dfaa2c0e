// What a line of input means.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readTypedLine, type LineMode } from '../../src/cli/typed-line.ts'
import { Opcode } from '../../src/wire/opcode.ts'

const piped = { isHex: false, hasCommands: false }
const typed = { isHex: false, hasCommands: true }
const hex = { isHex: true, hasCommands: false }
const typedHex = { isHex: true, hasCommands: true }

/** Its payload as latin1 text. */
function read(line: string | Uint8Array, mode: LineMode) {
  const meaning = readTypedLine(Buffer.from(line), mode)
  return 'payload' in meaning
    ? { ...meaning, payload: meaning.payload.toString('latin1') }
    : meaning
}

const text = (payload: string) => ({ kind: 'message', opcode: Opcode.text, payload })
const binary = (payload: string) => ({ kind: 'message', opcode: Opcode.binary, payload })
const control = (opcode: number, payload: string) => ({ kind: 'control', opcode, payload })
const close = (code: number, reason: string) => ({ kind: 'close', farewell: { code, reason } })

describe('a line', () => {
  test('is a text message as it is where there are no commands, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('', '/', '//'),
        (rest, start) => {
          const line = Buffer.from(start + rest)
          expect(readTypedLine(line, piped)).toEqual({
            kind: 'message',
            opcode: Opcode.text,
            payload: line,
          })
        },
      ),
    )
  })

  test('can send any text where there are commands', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('', '/', '//'),
        (rest, start) => {
          const wanted = Buffer.from(start + rest)
          const line = wanted[0] === 0x2f ? Buffer.concat([Buffer.from('/'), wanted]) : wanted
          for (const mode of [typed, wanted[0] === 0x2f ? typedHex : typed])
            expect(readTypedLine(line, mode)).toMatchObject({
              opcode: Opcode.text,
              payload: wanted,
            })
        },
      ),
    )
  })

  test('says the bytes of a binary message in hexadecimal, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(' ', ''), (bytes, gap) => {
        const payload = Buffer.from(bytes)
        const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(gap)
        const wanted = { kind: 'message', opcode: Opcode.binary, payload } as const
        expect(readTypedLine(Buffer.from(digits), hex)).toEqual(wanted)
        expect(readTypedLine(Buffer.from(`/hex ${digits}`), typed)).toEqual(wanted)
        expect(readTypedLine(Buffer.from(`/hex ${digits.toUpperCase()}`), typedHex)).toEqual(wanted)
      }),
    )
  })

  test.each([
    ['/ping', control(Opcode.ping, '')],
    ['/ping  are you there ', control(Opcode.ping, 'are you there ')],
    ['/pong 7', control(Opcode.pong, '7')],
    ['/hex', binary('')],
    ['/hex 00 fF', binary('\x00\xff')],
    ['/close', { kind: 'close', farewell: undefined }],
    ['/close 4001', close(4001, '')],
    ['/close 4001 see you later', close(4001, 'see you later')],
    ['//', text('/')],
    ['//ping', text('/ping')],
    [' /ping', text(' /ping')],
    ['', text('')],
  ])('%p is obeyed on a terminal', (line, wanted) => {
    expect(read(line, typed)).toEqual(wanted as ReturnType<typeof read>)
  })

  test.each([
    ['/foo', typed, '/foo is no command'],
    ['/', typed, '/ is no command'],
    ['/PING', typed, '/PING is no command'],
    ['/hex 0', typed, 'two hexadecimal digits each'],
    ['/hex 0g', typed, 'two hexadecimal digits each'],
    ['hello', hex, 'two hexadecimal digits each'],
    ['/ping', hex, 'two hexadecimal digits each'],
    [`/ping ${'x'.repeat(126)}`, typed, 'has at most 125 bytes, this would be 126'],
    [`/close 4001 ${'é'.repeat(62)}`, typed, 'at most 123 bytes'],
    ['/close now', typed, '/close 4001 bye'],
    ['/close 1005', typed, '1005 is no code to close with'],
    ['/close 5000', typed, '5000 is no code to close with'],
    [new Uint8Array([0x61, 0xff]), piped, 'it is not UTF-8'],
    [new Uint8Array([0x2f, 0xff]), typed, 'it is not UTF-8'],
  ])('%p is a mistake', (line, mode, sentence) => {
    expect(read(line, mode)).toEqual({
      kind: 'mistake',
      sentence: expect.stringContaining(sentence),
    })
  })
})
