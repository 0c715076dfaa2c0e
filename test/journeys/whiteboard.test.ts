/** The example that a newcomer starts first, with its own configuration, in a browser. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startWhiteboard } from '../../examples/whiteboard/server.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { runPeer } from '../support/peer.ts'
import { openWebSocket } from '../support/websocket.ts'

const file = fileURLToPath(new URL('../../examples/whiteboard/sluice.yaml', import.meta.url))

describe('the whiteboard behind the gateway', () => {
  let whiteboard: ReturnType<typeof startWhiteboard>
  let gateway: RunningGateway
  beforeAll(async () => {
    whiteboard = startWhiteboard({ port: 0 })
    const env = { PORT: '127.0.0.1:0', WHITEBOARD_PORT: `${whiteboard.port}` }
    gateway = startGateway(await Bun.file(file).text(), env)
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await whiteboard.stop()
  })

  test('lets two pages in Chromium draw together, and shows them round-trip time and rate', async () => {
    const result = await runPeer('whiteboard-pages.mjs', `http://${gateway.host}/`)
    expect(result).toMatchObject({ ok: true, inked: [2, 2], people: ['2', '2'], problems: [] })
    const { strokes = [], requests, sockets } = result as Record<string, string[]>
    expect(new Set(strokes).size).toBe(1)
    // Page and socket came through one port, and nothing from anywhere else.
    expect(sockets).toEqual([`ws://${gateway.host}/board`])
    expect(requests).toContain(`http://${gateway.host}/main.js`)
    expect(requests?.filter((url) => new URL(url).host !== gateway.host)).toEqual([])
    await gateway.event('request-answered', ({ route, path }) => route === 'page' && path === '/')
    const opened = gateway.events.filter((event) => event.type === 'session-opened')
    expect(opened.map(({ route }) => route)).toEqual(['socket', 'socket'])
  }, 60_000)

  test('is spared messages larger than its route accepts', async () => {
    using client = await openWebSocket(`ws://${gateway.host}/board`)
    await client.message((text) => text.includes('"welcome"'))
    client.socket.send(JSON.stringify({ type: 'chat', text: 'x'.repeat(16 * 1024) }))
    expect((await client.closed).code).toBe(1009)
  }, 10_000)
})
