/** Certificates by server name, and certificates of clients. */
import { describe, expect, test } from 'bun:test'
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.ts'
import { inEveryWebSocket } from './on-purpose.ts'
import { sideBySide, type Differences, type Side, type Sides } from './side-by-side.ts'
import { servedBy, type Visit } from './visit.ts'

const chat = makeCertificate({ names: 'DNS:chat.example.com', subject: '/CN=chat.example.com' })
const play = makeCertificate({ names: 'DNS:play.example.org', subject: '/CN=play.example.org' })

const overTls: Differences = { ...inEveryWebSocket, 'request x-forwarded-proto': undefined }

describe('two names, two certificates', () => {
  const title = 'Two names, two certificates'
  const sides: Sides = {
    upstreams: ['10.0.0.1:9000', '10.0.0.2:9000'],
    replace: {
      '/etc/ssl/chat.pem': chat.cert,
      '/etc/ssl/chat.key': chat.key,
      '/etc/ssl/play.pem': play.cert,
      '/etc/ssl/play.key': play.key,
    },
  }

  test.each(['chat.example.com', 'play.example.org'])(
    '%s is served with its own certificate, by its own server',
    async (name) => {
      await using both = await sideBySide(title, sides)
      const upstream = name.startsWith('chat') ? '10.0.0.1:9000' : '10.0.0.2:9000'
      for (const side of [both.nginx, both.sluice])
        expect([side.name, await servedBy(portOf(side, 443), name)]).toEqual([side.name, name])
      const { nginx, differences } = await both.visit(443, {
        tls: { name },
        headers: { Host: name },
      })
      expect(nginx).toMatchObject({
        'answer x-upstream': upstream,
        'request x-forwarded-proto': 'https',
        echo: 'whole',
        close: 4321,
      })
      expect(differences).toEqual({ ...overTls, 'request x-forwarded-host': [undefined, name] })
    },
    15_000,
  )

  test.each([undefined, 'other.example.net'])(
    'who asks for %p gets the first certificate',
    async (name) => {
      await using both = await sideBySide(title, sides)
      for (const side of [both.nginx, both.sluice])
        expect([side.name, await servedBy(portOf(side, 443), name)]).toEqual([
          side.name,
          'chat.example.com',
        ])
    },
    15_000,
  )

  test('a host that nobody was told of gets 404, where nginx takes its first server', async () => {
    await using both = await sideBySide(title, sides)
    const name = 'other.example.net'
    const { nginx, sluice } = await both.visit(443, { tls: { name }, headers: { Host: name } })
    expect(nginx).toMatchObject({ 'answer x-upstream': '10.0.0.1:9000' })
    expect(sluice).toMatchObject({ status: 'HTTP/1.1 404 Not Found', requests: 0 })
  }, 15_000)

  test('plain HTTP is told that this port speaks TLS', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, sluice } = await both.visit(443, { kind: 'page' })
    expect([nginx['status'], sluice['status']]).toEqual([
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 400 Bad Request',
    ])
  }, 15_000)
})

describe('client certificates', () => {
  const title = 'Client certificates'
  const authority = makeAuthority('Devices')
  const subject = '/O=Example/CN=device-7'
  const device = makeCertificate({ subject, names: 'DNS:device-7', issuer: authority })
  const stranger = makeCertificate({ subject, names: 'DNS:device-7' })
  const sides: Sides = {
    replace: {
      '/etc/ssl/chat.pem': chat.cert,
      '/etc/ssl/chat.key': chat.key,
      '/etc/ssl/devices-ca.pem': authority.cert,
    },
  }
  const name = 'chat.example.com'
  const shown = { tls: { name, cert: device.certPem, key: device.keyPem } } satisfies Visit
  const told: Differences = {
    ...overTls,
    'request sluice-client-subject': [undefined, 'CN=device-7,O=Example'],
    'request sluice-client-names': [undefined, 'DNS:device-7'],
    'request sluice-client-fingerprint': [undefined, expect.stringMatching(/^[0-9a-f]{64}$/)],
  }

  test.each([443, 8443])(
    'port %p: the server is told whose it is',
    async (port) => {
      await using both = await sideBySide(title, sides)
      const { nginx, differences } = await both.visit(port, {
        ...shown,
        headers: { 'X-Client-Subject': 'CN=a claim', 'Sluice-Client-Subject': 'CN=a claim' },
      })
      expect(nginx).toMatchObject({
        'request x-client-subject': 'CN=device-7,O=Example',
        echo: 'whole',
      })
      expect(differences).toEqual({
        ...told,
        'request sluice-client-subject': ['CN=a claim', 'CN=device-7,O=Example'],
      })
    },
    15_000,
  )

  test('where they are optional, a client without one is served, and cannot claim to have one', async () => {
    await using both = await sideBySide(title, sides)
    const headers = { 'X-Client-Subject': 'CN=device-7,O=Example' }
    const { nginx, differences } = await both.visit(8443, { tls: { name }, headers })
    expect(nginx).toMatchObject({ echo: 'whole' })
    expect(nginx['request x-client-subject']).toBeUndefined()
    expect(differences).toEqual(overTls)
  }, 15_000)

  test('where they are required, nobody without one is let in', async () => {
    await using both = await sideBySide(title, sides)
    const nginx = await both.nginx.visit(443, { tls: { name } })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 400 Bad Request', requests: 0 })
    expect(await both.sluice.visit(443, { tls: { name } }).catch(String)).toContain('Error')
  }, 15_000)

  test('where they are required, one by another authority is no better', async () => {
    await using both = await sideBySide(title, sides)
    const tls = { name, cert: stranger.certPem, key: stranger.keyPem }
    const nginx = await both.nginx.visit(443, { tls })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 400 Bad Request', requests: 0 })
    expect(await both.sluice.visit(443, { tls }).catch(String)).toContain('Error')
  }, 15_000)
})

describe('TLS to the servers', () => {
  const title = 'TLS to the servers'
  const authority = makeAuthority('Internal')
  const edge = makeCertificate({ subject: '/CN=edge', names: 'DNS:edge', issuer: authority })
  const sidesWith = (server: Certificate): Sides => ({
    upstreams: ['10.0.0.1:9443'],
    upstreamTls: { cert: server.certPem, key: server.keyPem, ca: authority.certPem },
    replace: {
      '/etc/ssl/internal-ca.pem': authority.cert,
      '/etc/ssl/edge.pem': edge.cert,
      '/etc/ssl/edge.key': edge.key,
    },
  })
  const names = 'DNS:chat.internal'

  test('the server sees the name and the certificate of the gateway', async () => {
    const server = makeCertificate({ names, issuer: authority })
    await using both = await sideBySide(title, sidesWith(server))
    const { nginx, differences } = await both.visit(80, {})
    expect(nginx).toMatchObject({
      'request (server name)': 'chat.internal',
      'request (certificate)': 'edge',
      echo: 'whole',
      close: 4321,
    })
    expect(differences).toEqual(inEveryWebSocket)
  }, 15_000)

  test.each([
    ['has another name', () => makeCertificate({ names: 'DNS:other', issuer: authority })],
    ['is signed by nobody known', () => makeCertificate({ names })],
    ['has expired', () => makeCertificate({ names, issuer: authority, days: -1 })],
  ])(
    'a server whose certificate %s is not spoken to',
    async (_, certificate) => {
      await using both = await sideBySide(title, sidesWith(certificate()))
      const { nginx, sluice } = await both.visit(80, {})
      for (const seen of [nginx, sluice])
        expect(seen).toMatchObject({ status: 'HTTP/1.1 502 Bad Gateway', requests: 0 })
    },
    15_000,
  )
})

function portOf(side: Side, door: number): number {
  const place = side.place(door)
  if (typeof place !== 'number') throw new Error(`${door} is a socket`)
  return place
}
