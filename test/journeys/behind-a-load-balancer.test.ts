/**
 * The examples of docs/behind-a-load-balancer.md, run: real balancers, with the gateways behind them.
 * Clients come from 127.0.0.2, so that they are told from the balancer.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { makeCertificate } from '../support/certificates.ts'
import { startCommand } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway } from '../support/gateway.ts'
import { startHaproxy } from '../support/haproxy.ts'
import { runNginx } from '../support/nginx.ts'
import { adapt, exampleOf } from '../support/page.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { TcpConnection } from '../support/tcp.ts'
import { encodeFrame, Opcode, upgradeRequest } from '../support/websocket.ts'

const page = 'behind-a-load-balancer.md'
const behindHaproxy = 'HAProxy, TCP: the gateways end TLS'
const behindNginx = 'nginx, HTTP: nginx ends TLS'
const client = '127.0.0.2'

const certificate = makeCertificate()
const folder = mkdtempSync(join(tmpdir(), 'sluice-balancers-'))
chmodSync(folder, 0o755) // nginx's worker may be another user
afterAll(() => rmSync(folder, { recursive: true }))

let server: Peer
beforeAll(async () => {
  server = await startPeer('http-server.mjs')
})
afterAll(() => server.stop())

/** The gateway of the example: its ports free ones, its server this one. */
function gatewayBehindHaproxy(host: string, adminPort = 0): string {
  return adapt(exampleOf(page, behindHaproxy, 'yaml'), {
    'port: 8443': 'address: 127.0.0.1\n    port: 0',
    '/etc/sluice/chat.pem': certificate.cert,
    '/etc/sluice/chat-key.pem': certificate.key,
    '10.0.0.21:9000': host,
    "address: '::', port: 9090": `address: 127.0.0.1, port: ${adminPort}`,
    '${env:SLUICE_TOKEN}': 'x'.repeat(32),
  })
}

function gatewayBehindNginx(more: Readonly<Record<string, string>> = {}): string {
  return adapt(exampleOf(page, behindNginx, 'yaml'), {
    'port: 8080': 'address: 127.0.0.1\n    port: 0',
    '10.0.0.5': '127.0.0.1',
    '10.0.0.21:9000': server.host,
    ...more,
  })
}

/** @param gateways the ports of the two of the example. @returns the port on which nginx ends TLS. */
async function startNginx(
  gateways: readonly [number, number],
  more: Readonly<Record<string, string>> = {},
) {
  const port = await freePort()
  const http = adapt(exampleOf(page, behindNginx, 'nginx'), {
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '/etc/nginx/tls.crt': certificate.cert,
    '/etc/nginx/tls.key': certificate.key,
    '10.0.0.11:8080': `127.0.0.1:${gateways[0]}`,
    '10.0.0.12:8080': `127.0.0.1:${gateways[1]}`,
    ...more,
  })
  const nginx = await runNginx(http, mkdtempSync(join(folder, 'nginx-')))
  return { port, [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose]() }
}

async function dialTls(port: number): Promise<TcpConnection> {
  const place = { host: '127.0.0.1', port, localAddress: client, servername: 'localhost' }
  const socket = connect({ ...place, ca: certificate.certPem })
  await once(socket, 'secureConnect')
  return new TcpConnection(socket)
}

/** Asks for a page and then opens a WebSocket. @returns who answered, and what it was told of the client. */
async function visit(connection: TcpConnection) {
  connection.send('GET /echo-headers HTTP/1.1\nHost: chat.example.com\n\n')
  const { headers } = await connection.message()
  const [json = ''] = /\{.*\}/.exec(await connection.until(/\r\n0\r\n\r\n/)) ?? []
  connection.send(upgradeRequest('/ws'))
  expect((await connection.message()).status).toBe(101)
  connection.send(encodeFrame(Opcode.text, 'through', { isMasked: true }))
  expect((await connection.frame()).payload.toString()).toBe('through')
  const { rawHeaders }: { rawHeaders: string[] } = JSON.parse(json)
  const told: Record<string, string> = {}
  for (let index = 0; index < rawHeaders.length; index += 2)
    told[rawHeaders[index]?.toLowerCase() ?? ''] = rawHeaders[index + 1] ?? ''
  return { name: headers['x-peer'] ?? '', told }
}

/** A page over TLS, on a connection of its own. @returns the name of the server that answered. */
async function fetchPage(port: number): Promise<string> {
  const answer = await fetch(`https://localhost:${port}/hello`, {
    headers: { connection: 'close' },
    tls: { ca: certificate.certPem },
  })
  expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
  return answer.headers.get('x-peer') ?? ''
}

describe('HAProxy in front of the gateways', () => {
  /** @param servers two, as they stand behind their addresses. @returns its port. */
  async function startBalancer(
    servers: readonly [string, string],
    more: Readonly<Record<string, string>> = {},
  ) {
    const port = await freePort()
    const text = adapt(exampleOf(page, behindHaproxy, 'haproxy'), {
      'bind :443': `bind 127.0.0.1:${port}`,
      '10.0.0.11:8443 check port 9090': servers[0],
      '10.0.0.12:8443 check port 9090': servers[1],
      ...more,
    })
    const haproxy = await startHaproxy(text, port)
    return { port, [Symbol.asyncDispose]: () => haproxy[Symbol.asyncDispose]() }
  }

  test('tells them who the client is, in front of the TLS that they end', async () => {
    await using gateway = startGateway(gatewayBehindHaproxy(server.host))
    await using balancer = await startBalancer([gateway.host, gateway.host]) // whose health is not asked
    using connection = await dialTls(balancer.port)
    const { told } = await visit(connection)
    expect(told).toMatchObject({ 'x-forwarded-for': client, 'x-forwarded-proto': 'https' })
    expect(told).toMatchObject({ 'x-real-ip': client })
    expect(await gateway.event('session-opened')).toMatchObject({ address: client })
  }, 15_000)

  /** The first session that this one serves. */
  async function sessionAt(name: string, port: number) {
    for (;;) {
      const connection = await dialTls(port)
      if ((await visit(connection)).name === name) return connection
      connection[Symbol.dispose]()
    }
  }

  /** As a process: it is the command line that has an admin port. */
  async function startOne(name: string) {
    const peer = await startPeer('http-server.mjs', `--name=${name}`)
    const admin = await freePort()
    const file = join(folder, `${name}.yaml`)
    writeFileSync(file, gatewayBehindHaproxy(peer.host, admin))
    const gateway = startCommand(['run', file], { folder })
    const [port] = await gateway.ports()
    return {
      place: `127.0.0.1:${port} check port ${admin}`,
      /** Begins to. */
      leave: () => gateway.kill('SIGTERM'),
      hasEnded: gateway.exitCode,
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]()
        await peer.stop()
      },
    }
  }

  test('turns to the other while one leaves, whose sessions go on, and no request fails', async () => {
    await using red = await startOne('red')
    await using blue = await startOne('blue')
    // A check that takes longer than the interval has failed.
    const quickly = { 'inter 2s': 'inter 500ms' }
    await using balancer = await startBalancer([red.place, blue.place], quickly)
    // On a busy machine a check may have taken too long: then the other has its turn a little later.
    using one = await sessionAt('red', balancer.port)
    using other = await sessionAt('blue', balancer.port)
    // Each has as many connections as the other, so each has its turn.
    const before = new Set<string>()
    while (before.size < 2) before.add(await fetchPage(balancer.port))
    expect(before).toEqual(new Set(['blue', 'red']))

    red.leave()
    for (let inARow = 0; inARow < 10;)
      inARow = (await fetchPage(balancer.port)) === 'blue' ? inARow + 1 : 0
    for (const session of [one, other]) {
      session.send(encodeFrame(Opcode.text, 'still here', { isMasked: true }))
      expect((await session.frame()).payload.toString()).toBe('still here')
    }
    expect(Bun.peek.status(red.hasEnded)).toBe('pending')
  }, 30_000)
})

describe('nginx in front of the gateways', () => {
  test('tells them who the client is, and ends TLS itself', async () => {
    await using gateway = startGateway(gatewayBehindNginx())
    await using nginx = await startNginx([gateway.port, gateway.port])
    using connection = await dialTls(nginx.port)
    const { told } = await visit(connection)
    expect(told).toMatchObject({ 'x-real-ip': client, 'x-forwarded-proto': 'https' })
    expect(told).toMatchObject({ 'x-forwarded-for': `${client}, 127.0.0.1` })
    expect(await gateway.event('session-opened')).toMatchObject({ address: client })
  }, 15_000)

  test('turns to the other when one has left, and no request fails', async () => {
    await using first = startGateway(gatewayBehindNginx())
    await using second = startGateway(gatewayBehindNginx())
    await using nginx = await startNginx([first.port, second.port])
    const count = 6
    for (let index = 0; index < count; index++) await fetchPage(nginx.port)
    await first.gateway.leave()
    for (let index = 0; index < count; index++) await fetchPage(nginx.port)
    const answered = second.events.filter((event) => event.type === 'request-answered')
    expect(answered.length).toBeGreaterThan(count)
  }, 15_000)

  test('does not end a session whose client says nothing, as the gateway pings it', async () => {
    await using gateway = startGateway(gatewayBehindNginx({ 'client: 30s': 'client: 200ms' }))
    const impatient = { 'proxy_read_timeout 90s': 'proxy_read_timeout 1s' }
    await using nginx = await startNginx([gateway.port, gateway.port], impatient)
    using connection = await dialTls(nginx.port)
    await visit(connection)
    for (let pings = 0; pings < 10; pings++) {
      const { opcode, payload } = await connection.frame()
      expect(opcode).toBe(Opcode.ping)
      connection.send(encodeFrame(Opcode.pong, payload, { isMasked: true }))
    }
    connection.send(encodeFrame(Opcode.text, 'still here', { isMasked: true }))
    expect((await connection.frame()).payload.toString()).toBe('still here')
  }, 15_000)
})
