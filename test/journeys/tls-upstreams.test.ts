/** Endpoints that speak TLS: believed only with a certificate for their name, and told why when not. */
import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp, listenTcp } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import { encodeFrame, Opcode, upgradeRequest } from '../support/websocket.ts'

const authority = makeAuthority()
const good = makeCertificate({ issuer: authority })
/** @param ca whose certificates clients are asked for. */
function startTlsServer({ cert, key }: Certificate, ca = ''): Promise<Peer> {
  return startPeer('tls-server.mjs', `--cert=${cert}`, `--key=${key}`, `--ca=${ca}`)
}

/** A gateway whose only upstream is this port, spoken to with TLS. @param tls its keys. */
function gatewayTo(
  port: number,
  tls: Readonly<Record<string, unknown>> = {},
  { host = 'localhost', kept = 64 } = {},
): RunningGateway {
  return startGateway(`
listeners: ["127.0.0.1:0"]
upstreams:
  secure:
    endpoints: ["wss://${host}:${port}"]
    tls: ${JSON.stringify({ ca: authority.cert, ...tls })}
    timeout: { connect: 300ms }
    keep-alive: { connections: ${kept} }
routes: [{ upstream: secure }]
`)
}

const get = 'GET /page HTTP/1.1\nHost: gateway.test\n\n'

async function ask(gateway: RunningGateway) {
  using client = await dialTcp(gateway.port)
  client.send(get)
  const { status, body } = await client.message()
  const problem = body.startsWith('{') ? (JSON.parse(body) as { code: string }) : undefined
  return { status, body, ...problem }
}

describe('an endpoint with TLS', () => {
  test('carries sessions', async () => {
    await using server = await startTlsServer(good)
    await using gateway = gatewayTo(server.port)
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    expect((await client.message()).status).toBe(101)
    client.send(encodeFrame(Opcode.text, 'over and back', { isMasked: true }))
    expect((await client.frame()).payload.toString()).toBe('over and back')
  })

  test('carries requests, one after the other on the same connection', async () => {
    await using server = await startTlsServer(good)
    await using gateway = gatewayTo(server.port)
    for (let times = 0; times < 3; times++)
      expect(await ask(gateway)).toMatchObject({ status: 200, body: 'ok' })
    expect(server.lines().map(({ connection }) => connection)).toEqual([1, 1, 1])
  })

  test('is asked for by its host, or by the name that the upstream gives it', async () => {
    const named = makeCertificate({ names: 'DNS:chat.internal', issuer: authority })
    await using server = await startTlsServer(named)
    await using gateway = gatewayTo(server.port, { 'server-name': 'chat.internal' })
    expect((await ask(gateway)).status).toBe(200)
    expect(server.lines()).toMatchObject([{ name: 'chat.internal' }])
  })

  test('may be an address, if its certificate is for it', async () => {
    await using server = await startTlsServer(good)
    await using gateway = gatewayTo(server.port, {}, { host: '127.0.0.1' })
    expect((await ask(gateway)).status).toBe(200)
    await using other = await startTlsServer(
      makeCertificate({ names: 'DNS:localhost', issuer: authority }),
    )
    await using refusing = gatewayTo(other.port, {}, { host: '127.0.0.1' })
    expect(await ask(refusing)).toMatchObject({ code: 'UPSTREAM_CERTIFICATE' })
  })

  test('is shown the certificate of the upstream', async () => {
    const { cert, key } = makeCertificate({ subject: '/CN=gateway', issuer: authority })
    await using server = await startTlsServer(good, authority.cert)
    await using gateway = gatewayTo(server.port, { cert, key })
    expect((await ask(gateway)).status).toBe(200)
    expect(server.lines()).toMatchObject([{ client: 'gateway' }])
  })
})

test('a certificate that is replaced is shown to endpoints from then on, a wrong one is told and not', async () => {
  const before = makeCertificate({ subject: '/CN=before', issuer: authority })
  const after = makeCertificate({ subject: '/CN=after', issuer: authority })
  const [cert, key] = [temporaryPath('cert.pem'), temporaryPath('key.pem')]
  const place = (certificate: Certificate) => {
    writeFileSync(cert, certificate.certPem)
    writeFileSync(key, certificate.keyPem)
  }
  place(before)
  await using server = await startTlsServer(good, authority.cert)
  await using gateway = gatewayTo(server.port, { cert, key }, { kept: 0 })
  await ask(gateway)
  writeFileSync(cert, authority.certPem)
  const { detail } = await gateway.event('certificate-rejected')
  expect(detail).toBe(`${key} is not the key of the certificate`)
  await ask(gateway)
  place(after)
  const loaded = () => gateway.events.filter(({ type }) => type === 'certificate-loaded').length
  await gateway.event('certificate-loaded', () => loaded() === 2)
  await ask(gateway)
  expect(server.lines().map(({ client }) => client)).toEqual(['before', 'before', 'after'])
}, 10_000)

describe('an endpoint is not believed, and nothing is sent to it,', () => {
  const wrong: [string, Certificate, string][] = [
    [
      'with a certificate for another name',
      makeCertificate({ names: 'DNS:elsewhere.example', issuer: authority }),
      'its certificate is not for localhost but for DNS:elsewhere.example',
    ],
    [
      'with one that has expired',
      makeCertificate({ issuer: authority, days: -1 }),
      'its certificate has expired',
    ],
    [
      'with one that is signed by itself',
      makeCertificate(),
      'its certificate is signed by itself: if it is the right one, name it as tls.ca of the upstream',
    ],
    [
      'with one of an authority that is not believed',
      makeCertificate({ issuer: makeAuthority('somebody else') }),
      'its certificate is signed by nobody that is believed: name its authority as tls.ca of the upstream',
    ],
  ]
  test.each(wrong)('%s', async (_, certificate, sentence) => {
    await using server = await startTlsServer(certificate)
    await using gateway = gatewayTo(server.port)
    const { body } = await ask(gateway)
    expect(JSON.parse(body)).toEqual({
      title: 'The upstream has no certificate that is believed',
      status: 502,
      code: 'UPSTREAM_CERTIFICATE',
    })
    expect(await gateway.event('request-refused')).toMatchObject({
      detail: `wss://localhost:${server.port} is not believed: ${sentence}`,
    })
    expect(server.lines()).toEqual([])
  })

  test.each(wrong)('unless nobody is to verify it: %s', async (_, certificate) => {
    await using server = await startTlsServer(certificate)
    await using gateway = gatewayTo(server.port, { verify: false })
    expect((await ask(gateway)).status).toBe(200)
  })

  test('with the authorities of the system, where the upstream names none', async () => {
    await using server = await startTlsServer(good)
    await using gateway = gatewayTo(server.port, { ca: undefined })
    expect(await ask(gateway)).toMatchObject({ code: 'UPSTREAM_CERTIFICATE' })
  })
})

describe('an endpoint that does not manage the handshake', () => {
  test('is answered for with 504 after timeout.connect, as often as it is tried', async () => {
    using silent = await listenTcp(() => {})
    await using gateway = gatewayTo(silent.port)
    // More than may be dialled at once: each must give its place back.
    const answers = await Promise.all(Array.from({ length: 70 }, () => ask(gateway)))
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['UPSTREAM_CONNECT_TIMEOUT']))
    expect(await ask(gateway)).toMatchObject({ status: 504 })
  })

  test('is answered for with 502 where it speaks no TLS, or leaves in the middle of it', async () => {
    using plain = await listenTcp((connection) => connection.send('HTTP/1.1 400 Bad Request\n\n'))
    using leaving = await listenTcp(async (connection) => {
      await connection.until(/[^]{6}/)
      connection.end()
    })
    for (const { port } of [plain, leaving]) {
      await using gateway = gatewayTo(port)
      expect(await ask(gateway)).toMatchObject({ status: 502, code: 'UPSTREAM_UNREACHABLE' })
    }
  })

  test('is given up with the client that asked', async () => {
    const { promise: farewell, resolve } = Promise.withResolvers<unknown>()
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>()
    using silent = await listenTcp(async (connection) => {
      asked()
      resolve(await connection.farewell)
    })
    await using gateway = gatewayTo(silent.port)
    using client = await dialTcp(gateway.port)
    client.send(get)
    await isAsked
    client.reset()
    expect(await farewell).toBeOneOf(['ended', 'reset'])
  })
})
