/** A Socket.IO server and its clients, with the gateway between them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { relayTo, startGateway } from '../support/gateway.ts'
import { runPeer, startPeer, type Peer } from '../support/peer.ts'

describe('Socket.IO through the gateway', () => {
  let server: Peer
  beforeAll(async () => {
    server = await startPeer('socket-io-server.mjs')
  })
  afterAll(() => server.stop())

  test('acknowledges text and binary, and broadcasts, over long polling alone', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `http://${gateway.host}`
    const result = await runPeer('socket-io-client.mjs', url, '--mode=polling')
    expect(result).toMatchObject({ ok: true, transport: 'polling' })
    expect(gateway.events.some((event) => event.type === 'session-opened')).toBe(false)
    await gateway.event('request-answered', ({ method }) => method === 'GET')
    await gateway.event('request-answered', ({ method }) => method === 'POST')
  }, 20_000)

  test('acknowledges text and binary, and broadcasts, over a WebSocket from the start', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `http://${gateway.host}`
    const result = await runPeer('socket-io-client.mjs', url, '--mode=websocket')
    expect(result).toMatchObject({ ok: true, transport: 'websocket' })
    await gateway.event('session-opened', ({ path }) => path === '/socket.io/')
    expect(gateway.events.some((event) => event.type === 'request-answered')).toBe(false)
  }, 20_000)

  test('goes on over a WebSocket after it began with long polling', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `http://${gateway.host}`
    const result = await runPeer('socket-io-client.mjs', url, '--mode=upgrade')
    expect(result).toMatchObject({ ok: true, transport: 'websocket' })
    await gateway.event('session-opened')
    await gateway.event('request-answered', ({ path }) => path === '/socket.io/')
  }, 20_000)

  test('reaches 600 clients that hold a long poll at the same time with one broadcast', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `http://${gateway.host}`
    const result = await runPeer('socket-io-crowd.mjs', url, '--clients=600')
    expect(result).toMatchObject({ ok: true, connected: 600, received: 600, problems: [] })
  }, 70_000)
})
