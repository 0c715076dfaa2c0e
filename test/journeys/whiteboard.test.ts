/**
 * The example that a newcomer starts first, with its own configuration, in a browser; and what it promises:
 * its servers are processes that are killed, and nobody who draws notices.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'
import { startWhiteboard, type Whiteboard } from '../../examples/whiteboard/whiteboard.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { runPeer } from '../support/peer.ts'
import { openWebSocket } from '../support/websocket.ts'

const file = fileURLToPath(new URL('../../examples/whiteboard/sluice.yaml', import.meta.url))

describe('the whiteboard behind the gateway', () => {
  let whiteboard: Whiteboard
  let gateway: RunningGateway
  beforeAll(async () => {
    whiteboard = await startWhiteboard({ boardPort: 0, firstPort: 0 })
    const [one, two, three] = whiteboard.ports
    gateway = startGateway(await Bun.file(file).text(), {
      LISTEN: '127.0.0.1:0',
      SERVER_1: `${one}`,
      SERVER_2: `${two}`,
      SERVER_3: `${three}`,
      BOARD: `${whiteboard.boardPort}`,
    })
  }, 15_000)
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await whiteboard.stop()
  })

  test('lets two pages in Chromium draw together, and draw on when their servers are killed', async () => {
    const result = await runPeer('whiteboard-pages.mjs', `http://${gateway.host}/`)
    expect(result).toMatchObject({ ok: true, inked: [4, 4], people: ['2', '2'], problems: [] })
    const { strokes = [], segments = [], requests } = result as Record<string, string[]>
    expect([new Set(strokes).size, new Set(segments).size]).toEqual([1, 1])
    // What was said while a server died is there, and once.
    const said = ['still here', 'me too']
    expect(result['chats']).toEqual([said, said])
    // Page and socket came through one port, and nothing from anywhere else.
    expect(requests).toContain(`http://${gateway.host}/main.js`)
    expect(requests?.filter((url) => new URL(url).host !== gateway.host)).toEqual([])
    await gateway.event('request-answered', ({ route, path }) => route === 'page' && path === '/')

    // Two servers were killed, and no page has lost its socket.
    const url = `ws://${gateway.host}/board`
    expect(result['sockets']).toEqual({ opened: [url, url], closed: 0 })
    const kills = result['kills'] as { from: number; to: number; shown: string; note: string }[]
    expect(kills).toHaveLength(2)
    for (const { from, to, shown, note } of kills) {
      expect(shown).toBe(`server ${to}`)
      // How long that took is told where the board has heard of the death before the arrival.
      expect(note).toMatch(`Moved from server ${from} to server ${to}`)
    }
    const told = gateway.events.filter(({ type }) => type.startsWith('session-'))
    const moved = told.filter((event) => event.type === 'session-moved')
    expect(moved.every(({ cause, route }) => cause === 'lost' && route === 'socket')).toBeTrue()
    expect(moved.length).toBeGreaterThanOrEqual(2)
    expect(told.filter(({ type }) => type === 'session-opened')).toHaveLength(2)
  }, 70_000)

  test('goes on without a server that hangs', async () => {
    using client = await openWebSocket(`ws://${gateway.host}/board`)
    const welcome = await client.message((text) => text.includes('"welcome"'))
    const { server, you } = JSON.parse(welcome)
    const pid = whiteboard.pids()[server - 1]
    if (pid === undefined) throw new Error(`Server ${server} is down`)
    process.kill(pid, 'SIGSTOP')
    const next = await client.message((text) => text.includes('"moved":{'))
    process.kill(pid, 'SIGCONT')
    expect(JSON.parse(next)).toMatchObject({ you, moved: { from: server } })
    expect(JSON.parse(next).server).not.toBe(server)
    await gateway.event('session-moved', ({ cause }) => cause === 'unhealthy')
  }, 20_000)

  test('is spared messages larger than its route accepts', async () => {
    using client = await openWebSocket(`ws://${gateway.host}/board`)
    await client.message((text) => text.includes('"welcome"'))
    client.socket.send(JSON.stringify({ type: 'chat', id: 'a', text: 'x'.repeat(16 * 1024) }))
    expect((await client.closed).code).toBe(1009)
  }, 10_000)

  test('lets only its own page kill servers', async () => {
    const kill = (headers: Record<string, string>, method = 'POST') =>
      fetch(`http://${gateway.host}/servers/1/kill`, { method, headers })
    const before = whiteboard.pids()
    expect((await kill({})).status).toBe(403)
    expect((await kill({ origin: 'http://elsewhere.test' })).status).toBe(403)
    const renamed = { host: 'elsewhere.test', origin: 'http://elsewhere.test' }
    expect((await kill(renamed)).status).toBe(403)
    expect((await kill({ origin: `http://${gateway.host}` }, 'GET')).status).toBe(405)
    expect(whiteboard.pids()).toEqual(before)
    expect((await kill({ origin: `http://${gateway.host}` })).status).toBe(202)
  })
})
