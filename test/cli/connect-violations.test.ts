/**
 * `sluice connect` with servers that break the protocol: each is told what it did with a Close, and so is
 * whoever looks.
 */
import { describe, expect, test } from 'bun:test'
import { deflateRawSync } from 'node:zlib'
import { runCommand } from '../support/command.ts'
import { closeFrame, frame, someKey } from '../support/frames.ts'
import type { Frame } from '../support/tcp.ts'
import { Opcode } from '../support/websocket.ts'
import { listenRaw } from './raw-server.ts'

const compressed = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
const hello = frame({ opcode: 1, payload: 'hello' })

/** What becomes of a client whose server sends this, and what the server hears of it. */
async function connectTo(bytes: Buffer, headers: Readonly<Record<string, string>> = {}) {
  const heard = Promise.withResolvers<Frame>()
  using server = await listenRaw(async (connection) => {
    connection.send(bytes)
    heard.resolve(await connection.frame())
    connection.end()
  }, headers)
  const args = ['connect', `ws://${server.host}`, '--wait', 'off', '--compress']
  const result = await runCommand(args)
  const { opcode, payload } = await heard.promise
  expect(opcode).toBe(Opcode.close)
  return { ...result, code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
}

function deflated(payload: Buffer): Buffer {
  return deflateRawSync(payload, { finishFlush: 2 }).subarray(0, -4)
}

describe('sluice connect closes with 1002, and exits with 1, where a server', () => {
  test.each<[string, Buffer, string]>([
    ['masks a frame', frame({ opcode: 1, payload: 'a', key: someKey }), 'a server frame is masked'],
    ['sets RSV2', frame({ opcode: 1, reserved: 2 }), 'a reserved bit is set'],
    [
      'compresses what it did not agree to',
      frame({ opcode: 1, reserved: 4 }),
      'a reserved bit is set',
    ],
    ['uses a reserved opcode', frame({ opcode: 3 }), 'a reserved opcode'],
    [
      'sends a control frame that is too long',
      frame({ opcode: 9, payload: 'x'.repeat(126) }),
      'a control frame is longer than 125 bytes',
    ],
    ['cuts a control frame', frame({ opcode: 9, isFinal: false }), 'a control frame is fragmented'],
    ['continues nothing', frame({ opcode: 0 }), 'a continuation without a message'],
    [
      'begins a message inside another',
      Buffer.concat([frame({ opcode: 1, isFinal: false }), hello]),
      'a new message inside a fragmented one',
    ],
    [
      'writes a length longer than it must',
      frame({ opcode: 1, payload: 'a', lengthBytes: 2 }),
      'a length is not in its shortest form',
    ],
    [
      'closes with half a code',
      frame({ opcode: 8, payload: 'a' }),
      'a Close frame with half a code',
    ],
    ['closes with a code that may not travel', closeFrame(1005), 'a Close frame with code 1005'],
  ])('%s', async (_, bytes, detail) => {
    expect(await connectTo(Buffer.concat([hello, bytes, hello]))).toEqual({
      exitCode: 1,
      stdout: 'hello\n',
      stderr: `connected, without compression\n✖ the server broke the protocol: ${detail}; closed with 1002\n`,
      code: 1002,
      reason: detail,
    })
  })
})

describe('sluice connect closes with 1007, and exits with 1, where a server', () => {
  test.each<[string, Buffer, string]>([
    [
      'sends text that is not UTF-8',
      frame({ opcode: 1, payload: Buffer.from([0x61, 0xff]) }),
      'a text message is not UTF-8',
    ],
    [
      'sends text that is not UTF-8 once it is inflated',
      frame({ opcode: 1, reserved: 4, payload: deflated(Buffer.from([0x61, 0xc0])) }),
      'a text message is not UTF-8',
    ],
    [
      'sends what cannot be inflated',
      frame({ opcode: 2, reserved: 4, payload: Buffer.from([0xff, 0xff]) }),
      'a compressed message cannot be inflated',
    ],
  ])('%s', async (_, bytes, detail) => {
    expect(await connectTo(bytes, compressed)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `connected, permessage-deflate\n✖ the server broke the protocol: ${detail}; closed with 1007\n`,
      code: 1007,
      reason: detail,
    })
  })
})

describe('sluice connect closes with 1009, and exits with 1, where a server', () => {
  const mostBytes = 16 * 1024 * 1024
  const detail = `a message is larger than ${mostBytes} bytes`

  test('sends a bomb: few bytes that inflate to more than 16 MB', async () => {
    const bomb = deflated(Buffer.alloc(mostBytes + 1))
    expect(bomb.length).toBeLessThan(20_000)
    expect(
      await connectTo(frame({ opcode: 2, reserved: 4, payload: bomb }), compressed),
    ).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(`✖ the server sent too much: ${detail}; closed with 1009\n`),
      code: 1009,
      reason: detail,
    })
  })

  test('announces a frame of more than 16 MB', async () => {
    const announced = frame({ opcode: 2, lengthBytes: 8, length: BigInt(mostBytes + 1) })
    expect(await connectTo(announced)).toMatchObject({ exitCode: 1, stdout: '', code: 1009 })
  })
})

describe('sluice connect refuses, with 1, a server that', () => {
  test.each([
    ['permessage-deflate; client_max_window_bits', 'client_max_window_bits has no value'],
    ['permessage-deflate; server_max_window_bits=16', 'is no parameter of permessage-deflate'],
    ['permessage-deflate, permessage-deflate', 'an extension was chosen twice'],
    ['x-mux', 'an extension was not offered'],
  ])('answers its offer with %s', async (answer, fault) => {
    using server = await listenRaw(() => {}, { 'Sec-WebSocket-Extensions': answer })
    const { exitCode, stderr } = await runCommand(['connect', `ws://${server.host}`, '--compress'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(fault)])
    expect(stderr).not.toContain('connected')
  })

  test('chooses compression that was not offered', async () => {
    using server = await listenRaw(() => {}, compressed)
    const { exitCode, stderr } = await runCommand(['connect', `ws://${server.host}`])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('an extension was not offered')])
  })
})
