/** A listener with TLS: which certificate who gets, and what is closed without an answer. */
import { describe, expect, test } from 'bun:test'
import type { ListenerOptions } from '../../src/listener/listener-options.ts'
import { descriptors } from '../../src/net/descriptors.ts'
import { makeCertificate } from '../support/certificates.ts'
import { clientHello, serverName } from '../support/client-hello.ts'
import { served, startListener, toldClient } from '../support/listener.ts'
import { dialTcp, dialTls, failureOf } from '../support/tcp.ts'

const one = makeCertificate({ names: 'DNS:one.example,DNS:localhost', subject: '/CN=one' })
const other = makeCertificate({
  names: 'DNS:other.example,DNS:*.other.example',
  subject: '/CN=other',
})
const ca = [one.certPem, other.certPem]
const both = [served(one), served(other)]

const get = 'GET / HTTP/1.1\nHost: one.example\n\n'
const quick: ListenerOptions['timeout'] = {
  tlsMs: 100,
  headMs: 5_000,
  bodyMs: 5_000,
  idleMs: 5_000,
}

/** Who was met under this name: the certificate's own name. */
async function meet(port: number, servername: string): Promise<string> {
  using client = await dialTls(port, { ca, servername, checkServerIdentity: () => undefined })
  return String(client.socket.getPeerCertificate().subject['CN'])
}

describe('a client', () => {
  test('is met by the certificate for the name it asks for, the first for every other', async () => {
    using server = startListener({ tls: both })
    const names = [
      'one.example',
      'OTHER.example',
      'a.other.example',
      'a.b.other.example',
      'nobody.example',
      '',
    ]
    const met = await Promise.all(names.map((name) => meet(server.port, name)))
    expect(met).toEqual(['one', 'other', 'other', 'other', 'one', 'one'])
  })

  test('is met by the names that the configuration gives, where it gives some', async () => {
    using server = startListener({ tls: [served(one), served(other, { names: ['mine.example'] })] })
    expect(await meet(server.port, 'mine.example')).toBe('other')
    expect(await meet(server.port, 'other.example')).toBe('one')
  })

  test('is known by the name it asked for, and may ask again on its connection', async () => {
    using server = startListener({ tls: both })
    using client = await dialTls(server.port, { ca, servername: 'one.example' })
    for (let times = 0; times < 2; times++) {
      client.send(get)
      expect(toldClient(await client.message())).toEqual({
        address: '127.0.0.1',
        isTls: true,
        serverName: 'one.example',
        isTrustedProxy: false,
      } as never)
    }
  })

  test('may offer HTTP/2, and gets HTTP/1.1; one that speaks nothing else is refused', async () => {
    using server = startListener({ tls: both })
    const options = { ca, servername: 'one.example' }
    using client = await dialTls(server.port, { ...options, ALPNProtocols: ['h2', 'http/1.1'] })
    expect(client.socket.alpnProtocol).toBe('http/1.1')
    await failureOf(dialTls(server.port, { ...options, ALPNProtocols: ['h2'] }))
    const refusal = await server.refusals.find(() => true)
    expect(refusal).toMatchObject({ code: 'TLS_HANDSHAKE', detail: 'no application protocol' })
  })

  test('of TLS 1.2 is served, unless the certificate wants 1.3', async () => {
    using server = startListener({ tls: [served(one), served(other, { min: '1.3' })] })
    const dial = (servername: string) =>
      dialTls(server.port, { ca, servername, maxVersion: 'TLSv1.2' })
    using client = await dial('one.example')
    expect(client.socket.getProtocol()).toBe('TLSv1.2')
    await failureOf(dial('other.example'))
    expect(await server.refusals.find(() => true)).toMatchObject({ code: 'TLS_HANDSHAKE' })
  })

  test('whose ClientHello comes byte by byte is met all the same', async () => {
    using server = startListener({ tls: both })
    using relay = Bun.listen<{ up?: Awaited<ReturnType<typeof dialUp>> }>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        async data(down, bytes) {
          down.data ??= {}
          down.data.up ??= await dialUp(server.port, (answer) => void down.write(answer))
          for (const byte of bytes) down.data.up.write(Buffer.from([byte]))
        },
      },
    })
    expect(await meet(relay.port, 'other.example')).toBe('other')
    relay.stop(true)
  })
})

/** A connection whose writes leave one by one. */
async function dialUp(port: number, onData: (bytes: Buffer) => void) {
  return Bun.connect({ hostname: '127.0.0.1', port, socket: { data: (_, bytes) => onData(bytes) } })
}

describe('what is not a TLS client', () => {
  test('is told so with 400 if it speaks plain HTTP, and closed', async () => {
    using server = startListener({ tls: both })
    using client = await dialTcp(server.port)
    client.send(get)
    const answer = await client.message()
    expect(answer).toMatchObject({ status: 400, headers: { connection: 'close' } })
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'PLAIN_HTTP' })
    expect(await client.farewell).toBe('ended')
    expect(server.refusals.items).toMatchObject([{ code: 'PLAIN_HTTP', address: '127.0.0.1' }])
  })

  test.each([
    ['noise', Buffer.from([0, 1, 2, 3])],
    ['a ClientHello that ends in itself', Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0])],
    ['a ClientHello with two names', clientHello({ extensions: [serverName('a', 'b')] })],
    ['a ClientHello that offers nothing', clientHello({ extensions: [serverName('one.example')] })],
  ])('is closed: %s', async (_, bytes) => {
    using server = startListener({ tls: both })
    using client = await dialTcp(server.port)
    client.send(bytes)
    await client.farewell
    expect(server.refusals.items).toMatchObject([{ code: 'TLS_HANDSHAKE', address: '127.0.0.1' }])
  })

  test('is no event where it comes and goes without a word, as health checks do', async () => {
    using server = startListener({ tls: both })
    using client = await dialTcp(server.port)
    client.end()
    await client.farewell
    expect(server.refusals.items).toEqual([])
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    [
      'half a ClientHello',
      clientHello({ extensions: [serverName('one.example')] }).subarray(0, 40),
    ],
  ])('that sends %s is closed after timeout.tls', async (_, bytes) => {
    using server = startListener({ tls: both, timeout: quick })
    using client = await dialTcp(server.port)
    client.send(bytes)
    await client.farewell
    expect(server.refusals.items).toMatchObject([
      { code: 'TLS_HANDSHAKE', detail: 'it took too long' },
    ])
  })

  test('that falls silent in the middle of the handshake is closed after timeout.tls', async () => {
    using server = startListener({ tls: both, timeout: quick })
    const before = descriptors.sockets
    using client = await dialTcp(server.port)
    client.send(await realHello())
    // The server's flight shows that the handshake is under way.
    await client.until(/[^]{6}/)
    expect(descriptors.sockets).toBe(before + 1)
    await client.farewell
    expect(server.refusals.items).toMatchObject([{ detail: 'it took too long' }])
    expect([descriptors.sockets, descriptors.clients]).toEqual([before, 0])
  })
})

/** The first flight of a real client. */
async function realHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  using trap = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (_, bytes) => resolve(Buffer.from(bytes)) },
  })
  dialTls(trap.port, { ca }).catch(() => {})
  const hello = await promise
  trap.stop(true)
  return hello
}

describe('a listener with TLS', () => {
  test('counts a client as one socket, from the accept to the end', async () => {
    using server = startListener({ tls: both })
    const before = { sockets: descriptors.sockets, clients: descriptors.clients }
    const client = await dialTls(server.port, { ca, servername: 'one.example' })
    client.send(get)
    await client.message()
    expect([descriptors.sockets, descriptors.clients]).toEqual([
      before.sockets + 1,
      before.clients + 1,
    ])
    client.end()
    await client.farewell
    expect([descriptors.sockets, descriptors.clients]).toEqual([before.sockets, before.clients])
    client[Symbol.dispose]()
  })

  test('closes who comes when it is full, and takes the next when there is room', async () => {
    using server = startListener({
      tls: both,
      limits: { headBytes: 1_000, headers: 10, clients: 1 },
    })
    using first = await dialTls(server.port, { ca, servername: 'one.example' })
    await failureOf(dialTls(server.port, { ca, servername: 'one.example' }))
    await server.refusals.find(({ code }) => code === 'TOO_MANY_CONNECTIONS')
    first.end()
    await first.farewell
    using third = await dialTls(server.port, { ca, servername: 'one.example' })
    third.send(get)
    expect((await third.message()).status).toBe(200)
  })

  test('leaves without waiting for handshakes', async () => {
    using server = startListener({ tls: both })
    using silent = await dialTcp(server.port)
    using idle = await dialTls(server.port, { ca, servername: 'one.example' })
    idle.send(get)
    await idle.message()
    await server.listener.leave()
    expect(await idle.farewell).toBe('ended')
    await silent.farewell
  })

  test('does not start with a certificate that cannot be served, and says why', () => {
    const wrong = { cert: one.cert, key: other.key }
    expect(() => startListener({ tls: [{ ...served(one), ...wrong }] })).toThrow(
      `${other.key} is not the key of the certificate`,
    )
    expect(() => startListener({ tls: [{ ...served(one), cert: '/nowhere.pem' }] })).toThrow(
      '/nowhere.pem',
    )
  })

  test('tells what it has loaded, and what ends soon', () => {
    const old = makeCertificate({ days: -1 })
    using server = startListener({ tls: [served(one), served(old)] })
    expect(server.certificates.items).toMatchObject([
      { type: 'certificate-loaded', file: one.cert, names: ['one.example', 'localhost'] },
      { type: 'certificate-loaded', file: old.cert },
      { type: 'certificate-expiring', file: old.cert },
    ])
  })
})
