/** A Socket.IO server and its clients, with the gateway between them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { relayTo, startGateway } from '../support/gateway.ts'
import { adapt, exampleOf } from '../support/page.ts'
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

  test('needs nothing to stick to a server where clients open a WebSocket from the start', async () => {
    await using other = await startPeer('socket-io-server.mjs')
    const example = exampleOf('in-front-of-socket-io.md', 'With several servers', 'yaml')
    const yaml = adapt(example, {
      '[8080]': '["127.0.0.1:0"]',
      '10.0.0.21:3000': server.host,
      '10.0.0.22:3000': other.host,
    })
    await using gateway = startGateway(yaml, { SLUICE_SECRET: 'known to this test alone' })
    const url = `http://${gateway.host}`
    for (let count = 0; count < 2; count++) {
      const result = await runPeer('socket-io-client.mjs', url, '--mode=websocket')
      expect(result).toMatchObject({ ok: true, transport: 'websocket' })
    }
    const endpointOf = async (wanted: string) =>
      (await gateway.event('session-opened', ({ endpoint }) => endpoint === wanted)).endpoint
    for (const { host } of [server, other])
      expect(await endpointOf(`ws://${host}`)).toBe(`ws://${host}`)
  }, 30_000)

  test('reaches 600 clients that hold a long poll at the same time with one broadcast', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `http://${gateway.host}`
    const result = await runPeer('socket-io-crowd.mjs', url, '--clients=600')
    expect(result).toMatchObject({ ok: true, connected: 600, received: 600, problems: [] })
  }, 70_000)
})
