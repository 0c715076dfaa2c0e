/** A gateway that is watched from outside: by a scraper while sessions are open, by probes while it leaves. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { defaultConfigFor } from '../../src/config/default-config.ts'
import { createGateway } from '../../src/gateway.ts'
import { builtIn } from '../../src/registry.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { sample, startAdminOf } from '../support/admin.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startGatewayHere, relayTo, type OpenGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { flood, rawConnect, startRawServer } from '../support/raw.ts'
import { dialTcp, listenTcp } from '../support/tcp.ts'
import { temporaryFile } from '../support/temporary.ts'
import { encodeFrame, Opcode, openWebSocket, upgradeRequest } from '../support/websocket.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

/** Asks again until the answer is as wanted; the test's time limit is the deadline. */
async function until<Value>(
  ask: () => Value | Promise<Value>,
  isWanted: (value: Value) => boolean,
): Promise<Value> {
  for (;;) {
    const value = await ask()
    if (isWanted(value)) return value
    await new Promise(setImmediate)
  }
}

const named = (url: string, more = '') => relayTo(url, `name: chat\n    ${more}`)
/** `sluice run` with an admin port. */
const run = (yaml: string, adminPort = 0): RunningCommand =>
  startCommand(['run', temporaryFile('sluice.yaml', `${yaml}\nadmin: ${adminPort}\n`)])
const expose = ({ gateway, metrics }: OpenGateway) => metrics.expose(gateway.read())
const inbound = 'sluice_messages_total{route="chat",direction="inbound"}'
const outbound = 'sluice_messages_total{route="chat",direction="outbound"}'

describe('a scraper', () => {
  test('sees messages and bytes while their session is open', async () => {
    await using gateway = startGatewayHere(named(`ws://${server.host}`))
    using client = await openWebSocket(`ws://${gateway.host}/`)
    expect(sample(expose(gateway), inbound)).toBe(0)
    for (const text of ['one', 'two', 'three']) client.socket.send(text)
    await client.message((text) => text === 'three')
    const text = expose(gateway)
    expect([sample(text, inbound), sample(text, outbound)]).toEqual([3, 3])
    const bytes = 'sluice_bytes_total{route="chat",direction='
    // Two bytes of header a message, and four of mask from a client.
    expect(sample(text, `${bytes}"inbound"}`)).toBe(3 * 6 + 11)
    expect(sample(text, `${bytes}"outbound"}`)).toBe(3 * 2 + 11)
    expect(sample(text, 'sluice_sessions{route="chat"}')).toBe(1)
    expect(sample(text, 'sluice_sessions_total{route="chat"}')).toBe(1)
    const [listener] = gateway.gateway.listeners
    expect(sample(text, `sluice_connections{listener="${listener?.name}"}`)).toBe(1)
  })

  test('sees totals that never go back, whatever opens, speaks and closes between two looks', async () => {
    await using gateway = startGatewayHere(named(`ws://${server.host}`))
    let [seen, sent] = [0, 0]
    const look = () => {
      const total = sample(expose(gateway), inbound) ?? -1
      expect(total).toBeGreaterThanOrEqual(seen)
      seen = total
    }
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all([1, 2, 3].map(() => openWebSocket(`ws://${gateway.host}/`)))
      look()
      for (const [index, client] of clients.entries()) {
        for (let count = 0; count <= index; count++) client.socket.send(`message ${sent++}`)
        look()
      }
      for (const client of clients) {
        client.socket.close()
        look()
      }
      await Promise.all(clients.map((client) => client.closed))
      await until(
        () => gateway.gateway.sessions,
        (sessions) => (look(), sessions === 0),
      )
    }
    look()
    expect(seen).toBe(sent)
    expect(sent).toBe(60)
  })

  test('sees what waits for a slow reader, in the direction in which it waits', async () => {
    await using upstream = await startRawServer((socket) => {
      flood(socket, encodeFrame(Opcode.text, 'x'.repeat(120), { isMasked: false }), 64 << 20)
    })
    await using gateway = startGatewayHere(named(`ws://127.0.0.1:${upstream.port}`))
    const client = await rawConnect(gateway.port)
    const pending = (direction: string) =>
      sample(expose(gateway), `sluice_pending_bytes{route="chat",direction="${direction}"}`) ?? 0
    await until(
      () => pending('outbound'),
      (bytes) => bytes > 0,
    )
    expect(pending('inbound')).toBe(0)
    client.destroy()
    await gateway.event('session-closed')
    expect(pending('outbound')).toBe(0)
  })

  test('sees handshakes under way, and how they ended', async () => {
    const { promise: isTold, resolve: finish } = Promise.withResolvers<void>()
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      await isTold
      connection.send('HTTP/1.1 403 Forbidden\nContent-Length: 0\n\n')
    })
    await using gateway = startGatewayHere(named(`ws://${upstream.host}`))
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/'))
    const pending = () => sample(expose(gateway), 'sluice_handshakes_pending{route="chat"}')
    await until(pending, (count) => count === 1)
    finish()
    expect((await client.message()).status).toBe(403)
    const text = expose(gateway)
    expect(sample(text, 'sluice_handshakes_pending{route="chat"}')).toBe(0)
    const rejected = 'sluice_handshakes_total{route="chat",result="rejected",reason="4xx"}'
    expect(sample(text, rejected)).toBe(1)
    expect(await gateway.event('handshake-rejected')).toMatchObject({
      route: 'chat',
      endpoint: `ws://${upstream.host}`,
      status: 403,
      dialMs: expect.any(Number),
    })
  })

  test('sees refusals by route and code, of handshakes and of others', async () => {
    await using gateway = startGatewayHere(`
listeners: [{ name: public, address: 127.0.0.1, port: 0 }]
routes: [{ name: chat, path: /chat, upstream: "ws://${server.host}", origins: ["https://a.example"] }]
`)
    using client = await dialTcp(gateway.port)
    client.send(upgradeRequest('/chat', { Origin: 'https://evil.example' }))
    expect((await client.message()).status).toBe(403)
    client.send('GET /nowhere HTTP/1.1\nHost: gateway.test\n\n')
    expect((await client.message()).status).toBe(404)
    const text = expose(gateway)
    const refused = 'sluice_refused_total{listener="public"'
    expect(sample(text, `${refused},route="chat",code="ORIGIN_NOT_ALLOWED"}`)).toBe(1)
    expect(sample(text, `${refused},code="NO_ROUTE"}`)).toBe(1)
    const handshakes = 'sluice_handshakes_total{route="chat",result="refused"'
    expect(sample(text, `${handshakes},reason="ORIGIN_NOT_ALLOWED"}`)).toBe(1)
    expect(text).not.toContain('result="refused",reason="NO_ROUTE"')
  })

  test('sees what a route answers by itself', async () => {
    await using gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
routes: [{ name: ping, respond: { status: 200, body: ok } }]
`)
    expect((await fetch(`http://${gateway.host}/`)).status).toBe(200)
    expect(sample(expose(gateway), 'sluice_requests_total{route="ping",status="2xx"}')).toBe(1)
  })
})

describe('a probe', () => {
  test('is told that the gateway is starting until it listens, and when it is gone', async () => {
    const loaded = defaultConfigFor({
      registry: builtIn,
      to: `ws://${server.host}`,
      port: 0,
      address: '127.0.0.1',
    })
    if (!loaded.ok) throw new Error('the configuration is refused')
    const metrics = createMetrics()
    const gateway = createGateway(loaded.config, metrics.emit)
    await using admin = await startAdminOf({ gateway, metrics })
    const probe = async () => {
      const answer = await admin.ask('/readyz')
      return [answer.status, ((await answer.json()) as { title?: string }).title]
    }
    expect(await probe()).toEqual([503, 'The gateway is starting'])
    expect((await admin.ask('/healthz')).status).toBe(200)
    gateway.start()
    expect(await probe()).toEqual([200, undefined])
    gateway.destroy()
    expect(await probe()).toEqual([503, 'The gateway is leaving'])
  })

  test('is told at once on SIGTERM, while everything else goes on, until the very end', async () => {
    await using program = run(
      `${named(`ws://${server.host}`)}\nleave: { delay: 300ms, window: 0ms }`,
    )
    const { port: adminPort } = await program.line('admin-listening')
    const { port } = await program.line('listening')
    const probe = async () => (await fetch(`http://127.0.0.1:${String(adminPort)}/readyz`)).status
    await until(probe, (status) => status === 200)
    using client = await openWebSocket(`ws://127.0.0.1:${String(port)}/`)
    program.kill('SIGTERM')
    await program.line('leaving')
    expect(await probe()).toBe(503)
    // Still within the delay: balancers that have not noticed lose nobody.
    using late = await openWebSocket(`ws://127.0.0.1:${String(port)}/late`)
    late.socket.send('hello')
    expect(await late.message(() => true)).toBe('hello')
    expect((await client.closed).code).toBe(1012)
    expect(await program.exitCode).toBe(0)
    expect(program.lines.at(-1)).toMatchObject({ event: 'left' })
  }, 15_000)

  test('gets answers for as long as a stubborn session holds up the end', async () => {
    await using program = run(
      `
listeners: ["127.0.0.1:0"]
routes: [{ upstream: "ws://${server.host}", timeout: { close: 500ms } }]
leave: { window: 0ms }`,
    )
    const { port: adminPort } = await program.line('admin-listening')
    const { port } = await program.line('listening')
    using client = await dialTcp(Number(port))
    client.send(upgradeRequest('/stubborn'))
    await client.until(/\r\n\r\n/)
    program.kill('SIGTERM')
    expect((await client.frame()).opcode).toBe(Opcode.close)
    const answer = await fetch(`http://127.0.0.1:${String(adminPort)}/readyz`)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ title: 'The gateway is leaving' })
    expect(await program.exitCode).toBe(0)
  }, 15_000)

  test('is not let in by an admin port that is taken: the start fails and says so', async () => {
    await using taken = await startRawServer(() => {})
    await using program = run(named(`ws://${server.host}`), taken.port)
    expect(await program.exitCode).toBe(1)
    expect(await program.stderr).toContain(
      `the admin port cannot listen on 127.0.0.1:${taken.port}: EADDRINUSE; something listens there already`,
    )
  })
})
