/**
 * A load balancer in front of the gateway keeps connections and sends on them whatever comes next: a
 * page, and then an upgrade. What reads only the first head of a connection takes the second for body.
 */
import { describe, expect, test } from 'bun:test'
import { curl } from '../support/curl.ts'
import { startGateway } from '../support/gateway.ts'
import { startNginx } from '../support/nginx.ts'
import { runPeer, startPeer } from '../support/peer.ts'
import { dialTcp } from '../support/tcp.ts'
import { encodeFrame, Opcode, upgradeRequest } from '../support/websocket.ts'

/** Lets one connection in at a time: whatever works, works on that one. */
const oneConnection = (host: string) => `
listeners: [{ address: 127.0.0.1, port: 0, limits: { clients: 1 } }]
routes: [{ upstream: "ws://${host}" }]
`
const page = 'GET /hello HTTP/1.1\nHost: gateway.test\n\n'

describe('nginx with keepalive in front of the gateway', () => {
  test('opens a WebSocket on the connection that carried pages before', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(oneConnection(server.host))
    await using nginx = await startNginx(gateway.port)
    const pages = ['http://gateway.test/hello', 'http://gateway.test/hello']
    const { body } = await curl('--unix-socket', nginx.socket, ...pages)
    expect(body.toString()).toBe('hellohello')

    const result = await runPeer('ws-client.mjs', `ws+unix:${nginx.socket}:/ws`)
    expect(result).toMatchObject({ ok: true, status: 101, echoed: 16 })
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', code: 1000, reason: 'closed' })
    expect(gateway.events.some((event) => event.type === 'request-refused')).toBe(false)
  }, 15_000)

  test('has one connection only: while it is a WebSocket, a page finds no place', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(oneConnection(server.host))
    await using nginx = await startNginx(gateway.port)
    using client = await dialTcp(nginx.socket)
    client.send(upgradeRequest('/ws'))
    expect((await client.message()).status).toBe(101)
    const { transfers } = await curl('--unix-socket', nginx.socket, 'http://gateway.test/hello')
    expect(transfers).toMatchObject([{ http_code: 503 }])
    const refused = await gateway.event('request-refused')
    expect(refused.code).toBe('TOO_MANY_CONNECTIONS')
  }, 15_000)
})

describe('one connection', () => {
  test('carries pages, an upgrade that the server refuses, a page, and then a WebSocket', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(oneConnection(server.host))
    using client = await dialTcp(gateway.port)
    for (const request of [page, upgradeRequest('/ws-refused'), page]) {
      client.send(request)
      const { status, body } = await client.message()
      expect([status, body]).toEqual(request === page ? [200, 'hello'] : [403, 'not for you'])
    }
    client.send(upgradeRequest('/ws'))
    expect((await client.message()).status).toBe(101)
    client.send(encodeFrame(Opcode.text, 'through', { isMasked: true }))
    expect((await client.frame()).payload.toString()).toBe('through')
  }, 10_000)

  test('carries an upgrade that was sent right behind a page, whose answer comes first', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(oneConnection(server.host))
    using client = await dialTcp(gateway.port)
    client.send(page + upgradeRequest('/ws'))
    expect(await client.message()).toMatchObject({ status: 200, body: 'hello' })
    expect((await client.message()).status).toBe(101)
    client.send(encodeFrame(Opcode.text, 'through', { isMasked: true }))
    expect((await client.frame()).payload.toString()).toBe('through')
  }, 10_000)

  test('carries an upgrade behind an upload, of which no byte is taken for the next head', async () => {
    await using server = await startPeer('http-server.mjs')
    await using gateway = startGateway(oneConnection(server.host))
    using client = await dialTcp(gateway.port)
    const body = upgradeRequest('/ws').replaceAll('\n', '\r\n')
    client.send(`POST /upload HTTP/1.1\nHost: gateway.test\nContent-Length: ${body.length}\n\n`)
    client.send(body)
    const upload = await client.until(/"trailers":\{\}\}/)
    expect(upload).toContain(`"bytes":${body.length}`)
    await client.until(/\r\n0\r\n\r\n/)
    client.send(upgradeRequest('/ws'))
    expect((await client.message()).status).toBe(101)
  }, 10_000)
})
