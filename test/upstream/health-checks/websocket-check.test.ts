// What the health check by WebSocket says to a server, and what it makes of what it hears.

import { describe, expect, test } from 'bun:test'
import { websocketCheck } from '../../../src/upstream/health-checks/websocket-check.ts'
import { closeFrame, frame, someKey } from '../../support/frames.ts'
import { startHealthServer } from '../../support/health-server.ts'
import { page, switchTo } from '../../support/recording-server.ts'
import { failureOf, type TcpConnection } from '../../support/tcp.ts'

const check = websocketCheck.create({ path: '/live?v=2' }, undefined)
const patience = () => new AbortController().signal
const ping = 9
const pong = 10

interface Outcome {
  readonly pingMs: number | undefined
  readonly fault: string | undefined
}

/** @returns what comes of it with a server that does this once the WebSocket is open; nothing is left then. */
async function outcomeOf(
  act: (connection: TcpConnection, mark: Buffer) => Promise<void> | void,
  ...fields: readonly string[]
): Promise<Outcome> {
  using server = await startHealthServer(async (connection) => {
    const head = await connection.until(/\r\n\r\n/)
    connection.send(switchTo(head, ...fields))
    const { payload } = await connection.frame()
    await act(connection, payload)
  })
  const outcome = await check.check(server.target, patience()).then(
    (pingMs) => ({ pingMs, fault: undefined }),
    (error: unknown) => ({ pingMs: undefined, fault: String(error) }),
  )
  await server.gone(1)
  return outcome
}

async function endWell(connection: TcpConnection, mark: Buffer): Promise<void> {
  connection.send(frame({ opcode: pong, payload: mark }))
  await connection.frame()
  connection.send(closeFrame(1000))
  connection.end()
}

test('it opens a WebSocket, sends a ping, and when the pong has come a Close with 1000, all masked', async () => {
  let asked = ''
  const masked: boolean[] = []
  const heard: { opcode: number; payload: Buffer }[] = []
  using server = await startHealthServer(async (connection) => {
    const readFrame = async () => {
      await connection.until(/^(?=[^]{2})/)
      masked.push((connection.received.charCodeAt(1) & 0x80) !== 0)
      const read = await connection.frame()
      heard.push(read)
      return read
    }
    asked = await connection.until(/\r\n\r\n/)
    connection.send(switchTo(asked))
    const { payload } = await readFrame()
    connection.send(frame({ opcode: pong, payload }))
    await readFrame()
    connection.send(closeFrame(1000))
    connection.end()
  })
  const pingMs = await check.check(server.target, patience())
  await server.gone(1)
  expect(pingMs).toBeGreaterThan(0)
  expect(asked.replace(/(?<=Key: )[\w+/]{21}[AQgw]==/, 'KEY').split('\r\n')).toEqual([
    'GET /live?v=2 HTTP/1.1',
    `Host: ${server.target.authority}`,
    'User-Agent: sluice-health',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: KEY',
    'Sec-WebSocket-Version: 13',
    '',
    '',
  ])
  expect(heard.map(({ opcode }) => opcode)).toEqual([9, 8])
  expect(heard[0]?.payload).toHaveLength(8)
  expect(heard[1]?.payload).toEqual(Buffer.of(0x03, 0xe8))
  expect(masked).toEqual([true, true])
  expect(server.farewells).toEqual(['ended'])
})

test('no two checks have the same key, nor the same ping', async () => {
  const keys = new Set<string>()
  const marks = new Set<string>()
  using server = await startHealthServer(async (connection) => {
    const head = await connection.until(/\r\n\r\n/)
    connection.send(switchTo(head))
    const { payload } = await connection.frame()
    keys.add(/key: (.*)/i.exec(head)?.[1] ?? '')
    marks.add(payload.toString('hex'))
    await endWell(connection, payload)
  })
  for (let count = 0; count < 20; count++) await check.check(server.target, patience())
  expect([keys.size, marks.size]).toEqual([20, 20])
})

describe('a handshake is not well', () => {
  test.each([
    ['with another status', () => page('ok'), 'answered 200'],
    [
      'for another key',
      (head: string) => switchTo(head, 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo='),
      'sec-websocket-accept does not belong to the key that was sent',
    ],
    [
      'with a subprotocol that was not offered',
      (head: string) => switchTo(head, 'Sec-WebSocket-Protocol: chat'),
      'the subprotocol was not offered',
    ],
    [
      'with an extension that was not offered',
      (head: string) => switchTo(head, 'Sec-WebSocket-Extensions: permessage-deflate'),
      'an extension was not offered',
    ],
    [
      'without its upgrade',
      (head: string) => switchTo(head, 'Upgrade: h2c'),
      'the upgrade header of the 101 is not websocket',
    ],
  ])('%s', async (_, answer, fault) => {
    using server = await startHealthServer(async (connection) => {
      connection.send(answer(await connection.until(/\r\n\r\n/)))
    })
    expect(await failureOf(check.check(server.target, patience()))).toBe(`Error: ${fault}`)
    await server.gone(1)
  })
})

describe('before the pong', () => {
  test('a server may greet, send fragments, and ping, which is answered', async () => {
    const answered: Buffer[] = []
    const { pingMs } = await outcomeOf(async (connection, mark) => {
      connection.send(frame({ opcode: 1, payload: 'x'.repeat(70_000) }))
      connection.send(frame({ opcode: 2, payload: 'first', isFinal: false }))
      connection.send(frame({ opcode: ping, payload: 'are you there?' }))
      connection.send(frame({ opcode: 0, payload: 'last' }))
      const { opcode, payload } = await connection.frame()
      expect(opcode).toBe(pong)
      answered.push(payload)
      await endWell(connection, mark)
    })
    expect(pingMs).toBeGreaterThan(0)
    expect(answered.map(String)).toEqual(['are you there?'])
  })

  test('pongs of another ping are not taken for it', async () => {
    const { fault } = await outcomeOf((connection, mark) => {
      connection.send(frame({ opcode: pong }))
      connection.send(frame({ opcode: pong, payload: Buffer.concat([mark, mark]) }))
      connection.send(frame({ opcode: pong, payload: Buffer.from(mark).reverse() }))
      connection.send(closeFrame(1011))
    })
    expect(fault).toBe('Error: closed with 1011 before its pong')
  })

  test('a Close is a failure, and is answered', async () => {
    let answer: Buffer | undefined
    const { fault } = await outcomeOf(async (connection) => {
      connection.send(frame({ opcode: 8 }))
      const { opcode, payload } = await connection.frame()
      expect(opcode).toBe(8)
      answer = payload
    })
    expect(fault).toBe('Error: closed with no code before its pong')
    expect(answer).toEqual(Buffer.of(0x03, 0xe8))
  })

  test.each([
    ['FIN', 'ended', (connection: TcpConnection) => connection.end()],
    ['RST', 'reset', (connection: TcpConnection) => connection.reset()],
  ])('%s is a failure', async (_, how, leave) => {
    const { fault } = await outcomeOf(leave)
    expect(fault).toBe(`Error: ${how} the connection before its pong`)
  })

  test.each([
    ['masked', frame({ opcode: 1, payload: 'hi', key: someKey }), 'a server frame is masked'],
    ['compressed', frame({ opcode: 1, payload: 'hi', reserved: 4 }), 'a reserved bit is set'],
    ['of an unknown kind', frame({ opcode: 3 }), 'a reserved opcode'],
    ['no frames at all', Buffer.from('HTTP/1.1 200 OK'), 'a reserved bit is set'],
    ['too long', frame({ opcode: 2, length: 1n << 40n }), 'a frame is larger than 1048576 bytes'],
  ])('what is %s is a failure', async (_, bytes, detail) => {
    const { fault } = await outcomeOf((connection) => connection.send(bytes))
    expect(fault).toBe(`Error: sent no proper WebSocket frames: ${detail}`)
  })

  test.each([
    ['data', frame({ opcode: 1, payload: 'x'.repeat(10_000) })],
    ['pings', frame({ opcode: ping, payload: 'x'.repeat(125) })],
  ])('no more than a megabyte of %s is read', async (_, bytes) => {
    const many = Buffer.concat(Array.from({ length: 100 }, () => bytes))
    const { fault } = await outcomeOf(async (connection) => {
      connection.discard()
      for (let isOver = false; !isOver;)
        await connection.sendWhole(many).catch(() => (isOver = true))
    })
    expect(fault).toBe('Error: sent more than 1MB before its pong')
  })
})

test('what comes together with the 101 is read, also when it is much', async () => {
  using server = await startHealthServer(async (connection) => {
    const head = await connection.until(/\r\n\r\n/)
    const greeting = frame({ opcode: 1, payload: 'x'.repeat(50_000) })
    const question = frame({ opcode: ping, payload: 'already?' })
    connection.send(Buffer.concat([Buffer.from(switchTo(head)), greeting, question]))
    const { payload } = await connection.frame()
    const answer = await connection.frame()
    expect([answer.opcode, String(answer.payload)]).toEqual([pong, 'already?'])
    await endWell(connection, payload)
  })
  expect(await check.check(server.target, patience())).toBeGreaterThan(0)
  await server.gone(1)
})

test('it hears a pong that comes byte by byte', async () => {
  const { pingMs } = await outcomeOf(async (connection, mark) => {
    for (const byte of frame({ opcode: pong, payload: mark }))
      await connection.sendWhole(Buffer.of(byte))
    await connection.frame()
    connection.end()
  })
  expect(pingMs).toBeGreaterThan(0)
})

test.each([
  ['does not answer the Close', async () => {}],
  [
    'goes on sending after it',
    async (connection: TcpConnection) => {
      const more = frame({ opcode: 1, payload: 'x'.repeat(60_000) })
      for (let isOver = false; !isOver;)
        await connection.sendWhole(more).catch(() => (isOver = true))
    },
  ],
  ['breaks the rules after it', async (connection: TcpConnection) => connection.send('nonsense')],
  ['resets the connection after it', async (connection: TcpConnection) => connection.reset()],
])('once the pong has come a server is well that %s', async (_, act) => {
  const { pingMs, fault } = await outcomeOf(async (connection, mark) => {
    connection.send(frame({ opcode: pong, payload: mark }))
    await connection.frame()
    await act(connection)
  })
  expect(fault).toBeUndefined()
  expect(pingMs).toBeGreaterThan(0)
})

test('it ends when it is told to, while it waits for the pong', async () => {
  const abort = new AbortController()
  using server = await startHealthServer(async (connection) => {
    connection.send(switchTo(await connection.until(/\r\n\r\n/)))
    await connection.frame()
    abort.abort(new Error('no answer within 2s'))
  })
  const outcome = check.check(server.target, abort.signal)
  expect(await failureOf(outcome)).toBe('Error: no answer within 2s')
  await server.gone(1)
})
