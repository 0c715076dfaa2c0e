/** Clients that are asked for a certificate: who is let in, what is known of them, and no way around it. */
import { describe, expect, test } from 'bun:test'
import type { ConnectionOptions } from 'node:tls'
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.ts'
import { served, startListener, toldClient } from '../support/listener.ts'
import { dialTls, type TlsConnection } from '../support/tcp.ts'

const authority = makeAuthority()
const open = makeCertificate({ names: 'DNS:open.example', subject: '/CN=open' })
const closed = makeCertificate({
  names: 'DNS:closed.example,DNS:*.closed.example',
  subject: '/CN=closed',
})
const asking = makeCertificate({ names: 'DNS:asking.example', subject: '/CN=asking' })
const ca = [open.certPem, closed.certPem, asking.certPem]
const tls = [
  served(open),
  served(closed, { client: { ca: authority.cert, isRequired: true } }),
  served(asking, { client: { ca: authority.cert, isRequired: false } }),
]

const device = makeCertificate({
  names: 'DNS:device-7.example.com,URI:urn:device:7',
  subject: '/C=DE/O=Things, Inc/CN=device-7',
  issuer: authority,
})
const impostor = makeCertificate({ subject: '/CN=device-7' })
const expired = makeCertificate({ issuer: authority, days: -1 })

const showing = ({ certPem, keyPem }: Certificate): ConnectionOptions => ({
  cert: certPem,
  key: keyPem,
})

/** Asks on a connection of this name. @returns the client as the listener knows it, or the status. */
async function ask(port: number, servername: string, host: string, more: ConnectionOptions = {}) {
  using client = await dialTls(port, { ca, servername, ...more })
  return await askOn(client, host)
}

async function askOn(client: TlsConnection, host: string) {
  client.send(`GET / HTTP/1.1\nHost: ${host}\n\n`)
  const answer = await client.message()
  return answer.status === 200 ? toldClient(answer) : answer.status
}

/** Asks, and finds itself cut off: in TLS 1.3 a client learns only afterwards that it was refused. */
async function isRefused(port: number, servername: string, more: ConnectionOptions = {}) {
  return ask(port, servername, servername, more).then(
    () => false,
    () => true,
  )
}

describe.each(['TLSv1.3', 'TLSv1.2'] as const)('with %s, a client', (maxVersion) => {
  test('with a certificate that is accepted is let in, and all of it is known', async () => {
    using server = startListener({ tls })
    const told = await ask(server.port, 'closed.example', 'closed.example', {
      ...showing(device),
      maxVersion,
    })
    expect(told).toMatchObject({
      serverName: 'closed.example',
      certificate: {
        subject: 'CN=device-7,O=Things\\, Inc,C=DE',
        alternativeNames: ['DNS:device-7.example.com', 'URI:urn:device:7'],
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
  })

  test.each([
    ['without a certificate', {}],
    ['with one of another authority', showing(impostor)],
    ['with one that has expired', showing(expired)],
  ])('%s is not let in where one is required', async (_, more) => {
    using server = startListener({ tls })
    expect(await isRefused(server.port, 'closed.example', { ...more, maxVersion })).toBe(true)
    await server.refusals.find(({ code }) => code === 'TLS_HANDSHAKE')
  })

  test.each([
    ['without a certificate', {}],
    ['with one of another authority', showing(impostor)],
  ])('%s is let in as if it had none where one is only asked for', async (_, more) => {
    using server = startListener({ tls })
    const told = await ask(server.port, 'asking.example', 'asking.example', { ...more, maxVersion })
    expect(told).not.toHaveProperty('certificate')
  })
})

test('a certificate that nobody asked for is not known', async () => {
  using server = startListener({ tls })
  const told = await ask(server.port, 'open.example', 'open.example', showing(device))
  expect(told).not.toHaveProperty('certificate')
})

describe('a request for another host than its connection was made to', () => {
  test.each([
    [
      'has no certificate behind it, though that host requires one',
      'open.example',
      'closed.example',
      {},
    ],
    ['and its host is written otherwise', 'open.example', 'CLOSED.example:443', {}],
    ['and its host has a dot behind it', 'open.example', 'closed.example.', {}],
    ['and its host has a dot and a port behind it', 'open.example', 'closed.example.:443', {}],
    ['and its host is below a wildcard', 'open.example', 'a.b.closed.example', {}],
    ['was asked for one, though it is required', 'asking.example', 'closed.example', {}],
    [
      'shows a certificate where none is asked for',
      'closed.example',
      'open.example',
      showing(device),
    ],
  ])('is refused with 421: the connection %s', async (_, name, host, more) => {
    using server = startListener({ tls })
    expect(await ask(server.port, name, host, more)).toBe(421)
    expect(server.refusals.items).toMatchObject([{ code: 'MISDIRECTED' }])
  })

  test('is refused on a connection that has served its own host before', async () => {
    using server = startListener({ tls })
    using client = await dialTls(server.port, { ca, servername: 'open.example' })
    expect(await askOn(client, 'open.example')).toMatchObject({ serverName: 'open.example' })
    expect(await askOn(client, 'closed.example')).toBe(421)
    expect(await askOn(client, 'open.example')).toMatchObject({ serverName: 'open.example' })
  })

  test('is served where both ask the same of clients', async () => {
    const twin = served(asking, {
      names: ['twin.example'],
      client: { ca: authority.cert, isRequired: true },
    })
    using server = startListener({ tls: [...tls, twin] })
    const told = await ask(server.port, 'closed.example', 'twin.example', showing(device))
    expect(told).toMatchObject({ serverName: 'closed.example' })
  })

  test('is served where no certificate asks anything', async () => {
    using server = startListener({ tls: [served(open), served(asking)] })
    expect(await ask(server.port, 'open.example', 'asking.example')).toMatchObject({ isTls: true })
  })
})

test('a session of a host that asks for nothing does not open the one that does', async () => {
  using server = startListener({ tls })
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  using first = await dialTls(server.port, { ca, servername: 'open.example' })
  first.socket.once('session', resolve)
  await askOn(first, 'open.example')
  const session = await promise
  expect(await isRefused(server.port, 'closed.example', { session })).toBe(true)
})
