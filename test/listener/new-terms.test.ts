/** A listener that is given other options while it listens: for whom they are, and from when on. */
import { describe, expect, test } from 'bun:test'
import { copyFileSync } from 'node:fs'
import fc from 'fast-check'
import type { Prepared } from '../../src/core/reload.ts'
import type { ClientRequest } from '../../src/listener/client-request.ts'
import { listen } from '../../src/listener/listener.ts'
import type { ListenerOptions } from '../../src/listener/listener-options.ts'
import { until } from '../support/byte-attack.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import {
  listenerDefaults,
  served,
  startListener,
  toldClient,
  type TestListener,
} from '../support/listener.ts'
import { dialTcp, dialTls, failureOf, type TcpConnection } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'

const authority = makeAuthority()
const one = makeCertificate({ subject: '/CN=one' })
const other = makeCertificate({ subject: '/CN=other' })
const ca = [one.certPem, other.certPem]
const get = 'GET / HTTP/1.1\nHost: localhost\n\n'
const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 1234 443\n'

/** Ready to be taken. */
function ready({ listener }: TestListener, options: Partial<ListenerOptions>): Prepared {
  return listener.prepare({ ...listenerDefaults, ...options })
}

function take(server: TestListener, options: Partial<ListenerOptions>): void {
  ready(server, options).commit()
}

/** With TLS; the certificate is one of the two. */
const dialSecure = (port: number) => dialTls(port, { ca, servername: 'localhost' })

async function whoIsMet(port: number): Promise<string> {
  using client = await dialSecure(port)
  return String(client.socket.getPeerCertificate().subject['CN'])
}

/** Asks once more. @returns the name of the listener that its connection came in by. */
async function ask(client: TcpConnection): Promise<string | undefined> {
  client.send(get)
  return (await client.message()).headers['x-listener']
}

describe('other options', () => {
  test('are for the connections to come; by its name an open one, too, is known from then on', async () => {
    using server = startListener({ name: 'before' })
    using open = await dialTcp(server.port)
    expect(await ask(open)).toBe('before')
    const prepared = ready(server, { name: 'after' })
    using between = await dialTcp(server.port)
    expect(await ask(between)).toBe('before')
    prepared.commit()
    expect(server.listener.name).toBe('after')
    using next = await dialTcp(server.port)
    expect([await ask(next), await ask(open)]).toEqual(['after', 'after'])
  })

  test('bring TLS, and take it away, on the same port', async () => {
    using server = startListener()
    using plain = await dialTcp(server.port)
    await ask(plain)
    take(server, { tls: [served(one)] })
    using secure = await dialSecure(server.port)
    expect(await ask(secure)).toBe('test')
    take(server, {})
    using next = await dialTcp(server.port)
    for (const client of [plain, secure, next]) expect(await ask(client)).toBe('test')
    expect(server.listener.port).toBe(server.port)
  })

  test('bring PROXY headers and trusted proxies', async () => {
    using server = startListener()
    using open = await dialTcp(server.port)
    await ask(open)
    take(server, { proxyProtocol: true, trustedProxies: ['192.0.2.0/24'] })
    using next = await dialTcp(server.port)
    next.send(line + get)
    const told = { address: '192.0.2.7', isTrustedProxy: true }
    expect(toldClient(await next.message())).toMatchObject(told)
    open.send(get)
    expect(toldClient(await open.message())).toMatchObject({ address: '127.0.0.1' })
  })

  test('bound heads anew, and clients with those who are there counted', async () => {
    using server = startListener()
    using open = await dialTcp(server.port)
    await ask(open)
    const long = `GET / HTTP/1.1\nHost: localhost\nX-Long: ${'x'.repeat(2_000)}\n\n`
    take(server, { limits: { headBytes: 1_000, headers: 10, clients: 2 } })
    using next = await dialTcp(server.port)
    next.send(long)
    expect((await next.message()).status).toBe(431)
    open.send(long)
    expect((await open.message()).status).toBe(200)
    take(server, { limits: { headBytes: 1_000, headers: 10, clients: 1 } })
    using third = await dialTcp(server.port)
    expect((await third.message()).status).toBe(503)
  })

  test('bring other deadlines, also for who is in the handshake when they come', async () => {
    const timeout = { ...listenerDefaults.timeout, tlsMs: 50 }
    using server = startListener({ tls: [served(one)], timeout })
    take(server, { tls: [served(one)] })
    using patient = await dialTcp(server.port)
    // Who comes behind it and is answered shows that it has been accepted.
    using witness = await dialSecure(server.port)
    await ask(witness)
    take(server, { tls: [served(one)], timeout })
    using quick = await dialTcp(server.port)
    await quick.farewell
    expect(server.refusals.items).toHaveLength(1)
    patient.end()
    await patient.farewell
    expect(server.refusals.items).toHaveLength(1)
  })

  test('hold requests for other hosts against what their own connection was asked', async () => {
    const [open, closed] = ['open.example', 'closed.example'].map((name) =>
      makeCertificate({ names: `DNS:${name}` }),
    )
    if (open === undefined || closed === undefined) throw new Error('there are two')
    const asking = served(closed, { client: { ca: authority.cert, isRequired: true } })
    using server = startListener({ tls: [served(open), served(closed)] })
    const options = { ca: open.certPem, servername: 'open.example' }
    const statusOf = async (client: TcpConnection) => {
      client.send('GET / HTTP/1.1\nHost: closed.example\n\n')
      return (await client.message()).status
    }
    using before = await dialTls(server.port, options)
    expect(await statusOf(before)).toBe(200)
    take(server, { tls: [served(open), asking] })
    using after = await dialTls(server.port, options)
    expect([await statusOf(after), await statusOf(before)]).toEqual([421, 200])
  })

  test('that are given up change nothing', async () => {
    using server = startListener({ name: 'before' })
    ready(server, { name: 'after', tls: [served(one)] }).abandon()
    using client = await dialTcp(server.port)
    expect([await ask(client), server.listener.name]).toEqual(['before', 'before'])
    expect(server.certificates.items).toEqual([])
  })

  test('may come when the listener has left, and then look after no files', async () => {
    using server = startListener()
    const prepared = ready(server, { tls: [served(one)] })
    await server.listener.leave()
    prepared.commit()
    expect(server.certificates.items).toEqual([])
  })
})

describe('certificates', () => {
  test('that cannot be served are an error, and those before stay', async () => {
    using server = startListener({ tls: [served(one)] })
    const wrong = served({ ...one, key: other.key })
    expect(() => ready(server, { tls: [wrong] })).toThrow(
      `${other.key} is not the key of the certificate`,
    )
    expect(await whoIsMet(server.port)).toBe('one')
  })

  test('are told of when they are taken, not when they are only ready', () => {
    using server = startListener({ tls: [served(one)] })
    const told = () => server.certificates.items.map((event) => 'file' in event && event.file)
    const prepared = ready(server, { tls: [served(other)] })
    expect(told()).toEqual([one.cert])
    prepared.commit()
    expect(told()).toEqual([one.cert, other.cert])
  })

  test('are not read again where others than theirs are the options that change', async () => {
    const place = { cert: temporaryPath('cert.pem'), key: temporaryPath('key.pem') }
    copyFileSync(one.cert, place.cert)
    copyFileSync(one.key, place.key)
    using server = startListener({ tls: [served({ ...one, ...place })] })
    // Half of a replacement, which could not be read: the listener waits for the other half.
    copyFileSync(other.cert, place.cert)
    take(server, { name: 'after', tls: [served({ ...one, ...place })] })
    expect(await whoIsMet(server.port)).toBe('one')
    copyFileSync(other.key, place.key)
    await server.certificates.find(() => server.certificates.items.length === 2)
    expect(await whoIsMet(server.port)).toBe('other')
  })

  test('that are replaced by others are looked after no more, and again when they come back', async () => {
    const place = { cert: temporaryPath('cert.pem'), key: temporaryPath('key.pem') }
    copyFileSync(one.cert, place.cert)
    copyFileSync(one.key, place.key)
    const before = { tls: [served({ ...one, ...place })] }
    using server = startListener(before)
    using witness = startListener(before)
    const back = ready(server, before)
    take(server, { tls: [served(other)] })
    copyFileSync(other.cert, place.cert)
    copyFileSync(other.key, place.key)
    await witness.certificates.find(() => witness.certificates.items.length === 2)
    expect(server.certificates.items).toHaveLength(2)
    back.commit()
    // It tells which it has, and soon which has come since.
    await server.certificates.find(() => server.certificates.items.length === 4)
    expect(await whoIsMet(server.port)).toBe('other')
  })
})

test('whatever is made ready, taken and given up in whatever order, the last that was taken counts', async () => {
  const state = fc.record({
    tls: fc.constantFrom(undefined, [served(one)], [served(other)]),
    proxyProtocol: fc.boolean(),
  })
  const act = fc.oneof(
    state.map((options) => ({ kind: 'prepare', options }) as const),
    fc.record({ kind: fc.constantFrom('commit', 'abandon'), at: fc.nat(3) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 12 }), async (acts) => {
      using server = startListener({ name: 'start' })
      let last: Partial<ListenerOptions> = { name: 'start' }
      const waiting: { prepared: Prepared; options: Partial<ListenerOptions> }[] = []
      for (const [index, next] of acts.entries()) {
        if (next.kind === 'prepare') {
          const options = { ...next.options, name: `state ${index}` }
          waiting.push({ prepared: ready(server, options), options })
        } else {
          const [chosen] = waiting.splice(next.at % Math.max(waiting.length, 1), 1)
          chosen?.prepared[next.kind]()
          if (next.kind === 'commit') last = chosen?.options ?? last
        }
      }
      await expectTerms(server, last)
    }),
    { numRuns: 60 },
  )
}, 20_000)

/** Comes as these options want it, and is met as they say. */
async function expectTerms({ port }: TestListener, options: Partial<ListenerOptions>) {
  const { name, tls, proxyProtocol = false } = options
  using raw = await dialTcp(port)
  if (proxyProtocol) raw.send(line)
  if (tls === undefined) {
    expect(await ask(raw)).toBe(name)
    return
  }
  // What TLS refuses shows that it is spoken, and that the header, if any, was read.
  raw.send(get)
  expect(JSON.parse((await raw.message()).body)).toMatchObject({ code: 'PLAIN_HTTP' })
  if (proxyProtocol) return void (await failureOf(dialSecure(port)))
  const { cert } = tls[0] ?? {}
  expect(await whoIsMet(port)).toBe(cert === one.cert ? 'one' : 'other')
}

test('who comes before a listener is to stay waits, and is served once it is', async () => {
  const heard: string[] = []
  const onRequest = ({ head }: ClientRequest) => void heard.push(head.path)
  const listener = listen(listenerDefaults, { onRequest, onRefuse() {}, onCertificate() {} })
  using client = await dialTcp(listener.port)
  client.send(get)
  const gone = await dialTcp(listener.port)
  expect(await until(() => listener.clients === 2)).toBeTrue()
  gone.reset()
  expect(heard).toEqual([])
  listener.start()
  expect(await until(() => heard.length > 0 && listener.clients === 1)).toBeTrue()
  expect(heard).toHaveLength(1)
  listener.destroy()
})
