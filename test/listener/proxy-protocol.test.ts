/** A listener that every connection tells its client's address first, with TLS behind it or without. */
import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import type { ListenerOptions } from '../../src/listener/listener-options.ts'
import { makeCertificate } from '../support/certificates.ts'
import { served, startListener, toldClient } from '../support/listener.ts'
import { binaryHeader } from '../support/proxy-header.ts'
import { dialTcp, dialTls, failureOf, type TcpConnection } from '../support/tcp.ts'

const certificate = makeCertificate()
const ca = certificate.certPem
const tls = [served(certificate)]
const plain: Partial<ListenerOptions> = { proxyProtocol: true, trustedProxies: ['192.0.2.0/24'] }
const secure = { ...plain, tls }

const line = Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1234 443\r\n')
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const told = { address: '192.0.2.7', isTrustedProxy: true }

async function answerOf(client: TcpConnection) {
  return toldClient(await client.message())
}

describe('behind a PROXY header', () => {
  test.each([
    ['version 1', line],
    ['version 2', binaryHeader({ source: '192.0.2.7', extensions: Buffer.alloc(300) })],
  ])(
    'of %s a client is known by the address in it, however the bytes are cut',
    async (_, header) => {
      using server = startListener(plain)
      const bytes = Buffer.concat([header, Buffer.from(get)])
      for (const cut of [1, 7, header.length - 1, header.length, header.length + 1, bytes.length]) {
        using client = await dialTcp(server.port)
        await client.sendWhole(bytes.subarray(0, cut))
        // An answer to somebody else shows that the first piece has been read by itself.
        using witness = await dialTcp(server.port)
        witness.send(bytes)
        expect(await answerOf(witness)).toMatchObject(told)
        client.send(bytes.subarray(cut))
        expect(await answerOf(client)).toMatchObject(told)
      }
    },
  )

  test('that tells no address it is known by its connection', async () => {
    using server = startListener({ ...plain, trustedProxies: ['127.0.0.0/8'] })
    for (const header of [Buffer.from('PROXY UNKNOWN\r\n'), binaryHeader({ command: 0 })]) {
      using client = await dialTcp(server.port)
      client.send(Buffer.concat([header, Buffer.from(get)]))
      expect(await answerOf(client)).toMatchObject({ address: '127.0.0.1', isTrustedProxy: true })
    }
  })

  test('the next request of the connection needs none', async () => {
    using server = startListener(plain)
    using client = await dialTcp(server.port)
    client.send(Buffer.concat([line, Buffer.from(get + get)]))
    expect(await answerOf(client)).toMatchObject(told)
    expect(await answerOf(client)).toMatchObject(told)
  })

  test('TLS begins, with its name and certificate', async () => {
    using server = startListener(secure)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(line)
    using client = await dialTls(server.port, { ca, socket, servername: 'localhost' })
    client.send(get)
    const known = { ...told, isTls: true, serverName: 'localhost' }
    expect(await answerOf(client)).toMatchObject(known)
  })

  test('TLS may begin in the same segment', async () => {
    using server = startListener(secure)
    using relay = Bun.listen<{ up?: Promise<{ write(bytes: Buffer): unknown }> }>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        async data(down, bytes) {
          const isFirst = down.data === undefined
          down.data ??= {
            up: Bun.connect({
              hostname: '127.0.0.1',
              port: server.port,
              socket: { data: (_, answer) => void down.write(answer) },
            }),
          }
          const up = await down.data.up
          up?.write(isFirst ? Buffer.concat([line, bytes]) : bytes)
        },
      },
    })
    using client = await dialTls(relay.port, { ca, servername: 'localhost' })
    client.send(get)
    expect(await answerOf(client)).toMatchObject({ ...told, isTls: true })
    relay.stop(true)
  })
})

describe('without a proper PROXY header', () => {
  test.each([
    ['a request', get],
    ['a header of another family', 'PROXY TCP5 a b 1 2\r\n'],
    ['a header for UDP', binaryHeader({ family: 0x12, block: Buffer.alloc(12) })],
    ['a line that does not end', `PROXY UNKNOWN ${'x'.repeat(200)}`],
  ])('a connection is closed without an answer: %s', async (_, bytes) => {
    for (const options of [plain, secure]) {
      using server = startListener(options)
      using client = await dialTcp(server.port)
      client.send(bytes)
      await client.farewell
      expect(client.received).toBe('')
      expect(server.refusals.items).toMatchObject([
        { code: 'PROXY_PROTOCOL', address: '127.0.0.1' },
      ])
    }
  })

  test('a connection that says nothing is closed after timeout.tls', async () => {
    const timeout = { tlsMs: 50, headMs: 5_000, bodyMs: 5_000, idleMs: 5_000 }
    using server = startListener({ ...plain, timeout })
    using client = await dialTcp(server.port)
    client.send('PROXY TCP4 192.0')
    await client.farewell
    expect(server.refusals.items).toMatchObject([
      { code: 'PROXY_PROTOCOL', detail: 'it did not come in time' },
    ])
  })

  test('a TLS client is closed', async () => {
    using server = startListener(secure)
    await failureOf(dialTls(server.port, { ca }))
    expect(server.refusals.items).toMatchObject([{ code: 'PROXY_PROTOCOL' }])
  })
})

test('a listener that is not told to read PROXY headers does not take one for anything', async () => {
  using server = startListener()
  using client = await dialTcp(server.port)
  client.send(Buffer.concat([line, Buffer.from(get)]))
  expect((await client.message()).status).toBe(400)
})

describe('a trusted proxy', () => {
  test.each([
    [['127.0.0.0/8'], true],
    [['10.0.0.0/8', '::1'], false],
    [[], false],
  ])('is one whose address is listed: %j', async (trustedProxies, isTrustedProxy) => {
    using server = startListener({ trustedProxies })
    using client = await dialTcp(server.port)
    client.send(get)
    expect(await answerOf(client)).toMatchObject({ isTrustedProxy })
  })
})
