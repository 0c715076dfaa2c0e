/** What a client may send in a second: what comes too fast waits, or ends the session. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { relayTo, startGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { openWebSocket } from '../support/websocket.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

async function flooded(limits: string, texts: readonly string[]) {
  const gateway = startGateway(relayTo(`ws://${server.host}`, `limits: ${limits}`))
  const client = await openWebSocket(`ws://${gateway.host}/`)
  const startedAtMs = performance.now()
  for (const text of texts) client.socket.send(text)
  return { gateway, client, startedAtMs }
}

describe('messages that come too fast', () => {
  const texts = Array.from({ length: 40 }, (_, index) => `message ${index}`)

  test('wait with over: delay, and arrive all of them, in order, no faster than the rate', async () => {
    const limits = '{ messages: { rate: 50/s, burst: 10, over: delay } }'
    const { gateway, client, startedAtMs } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    const heard: string[] = []
    client.socket.addEventListener('message', ({ data }) => heard.push(String(data)))
    await client.message((text) => text === 'message 39')
    // Ten at once, thirty at fifty a second.
    expect(performance.now() - startedAtMs).toBeGreaterThan(500)
    expect(heard.filter((text) => text.startsWith('message'))).toEqual(texts)
  })

  test('end the session with 4429 and over: close, behind as many as there may be', async () => {
    const limits = '{ messages: { rate: 1/s, burst: 10, over: close } }'
    const { gateway, client } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    expect(await client.closed).toEqual({ code: 4429, reason: 'more than 1 messages a second' })
    const { end, inbound } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', code: 4429, reason: 'RATE_EXCEEDED' })
    expect(inbound.messages).toBe(10)
  })

  test('hold up neither pings nor what the server sends', async () => {
    const limits = '{ messages: { rate: 1/s, burst: 1, over: delay } }'
    const { gateway, client } = await flooded(limits, ['first'])
    await using _ = gateway
    using __ = client
    await client.message((text) => text === 'first')
    client.socket.ping('x')
    const ponged = new Promise((resolve) => client.socket.addEventListener('pong', resolve))
    await ponged
  })

  test('which still wait when the gateway closes the session do not hold up its Close', async () => {
    const limits = '{ messages: { rate: 1/s, burst: 1, over: delay } }'
    const { gateway, client } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    await client.message((text) => text === 'message 0')
    void gateway.gateway.leave()
    expect((await client.closed).code).toBe(1012)
  }, 20_000)
})

describe('bytes that come too fast', () => {
  const texts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(50_000))

  test('wait with over: delay, and arrive whole', async () => {
    const limits = '{ bytes: { rate: 500KB/s, burst: 100KB, over: delay } }'
    const { gateway, client, startedAtMs } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    for (const text of texts) await client.message((heard) => heard === text)
    expect(performance.now() - startedAtMs).toBeGreaterThan(450)
  })

  test('end the session with 4429 and over: close, at the end of a frame', async () => {
    const limits = '{ bytes: { rate: 1KB/s, burst: 120KB, over: close } }'
    const { gateway, client } = await flooded(limits, texts)
    await using _ = gateway
    using __ = client
    expect((await client.closed).code).toBe(4429)
    // The server got whole messages and a proper Close: 1011, not 1006.
    expect(await server.line(({ event, code }) => event === 'close' && code === 1011)).toBeDefined()
  })
})
