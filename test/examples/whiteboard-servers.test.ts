// The servers of the whiteboard, without a gateway: they share one board, and know a session by its header.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startBoard, type BoardServer } from '../../examples/whiteboard/board-server.ts'
import { answerControl } from '../../examples/whiteboard/control.ts'
import { linkUrl } from '../../examples/whiteboard/link.ts'
import type { ServerMessage } from '../../examples/whiteboard/messages.ts'
import { startServer, type WhiteboardServer } from '../../examples/whiteboard/server.ts'
import { Journal } from '../support/journal.ts'

type Welcome = Extract<ServerMessage, { type: 'welcome' }>
type Other = Exclude<ServerMessage['type'], 'welcome'>

const stroke = { id: 's', colour: 1, width: 2, points: [0.1, 0.1, 0.2, 0.2] }

/** A window as the gateway brings it. */
async function openWindow(server: WhiteboardServer, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/board`, { headers })
  const messages = new Journal<ServerMessage>()
  socket.addEventListener('message', ({ data }) => messages.add(JSON.parse(String(data))))
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener('close', ({ code }) => resolve(code)),
  )
  const welcome = await messages.find((message): message is Welcome => message.type === 'welcome')
  return {
    welcome,
    closed,
    messages,
    say: (message: object) => socket.send(JSON.stringify(message)),
    heard: (type: Other, text = '') =>
      messages.find((each) => each.type === type && JSON.stringify(each).includes(text)),
    [Symbol.dispose]: () => socket.terminate(),
  }
}

describe('servers of one board', () => {
  let board: BoardServer
  let servers: [WhiteboardServer, WhiteboardServer]
  beforeAll(async () => {
    board = startBoard({ port: 0 })
    servers = [await serverOf(1), await serverOf(2)]
  })
  afterAll(async () => {
    for (const server of servers) await server.stop()
    await board.stop()
  })
  const serverOf = (number: number) => startServer({ port: 0, number, board: board.url })

  test('tell their windows what is drawn at the other, in one order', async () => {
    using one = await openWindow(servers[0])
    using two = await openWindow(servers[1])
    one.say({ type: 'stroke', stroke: { ...stroke, id: 'a' } })
    await two.heard('stroke', '"a"')
    two.say({ type: 'stroke', stroke: { ...stroke, id: 'b' } })
    for (const window of [one, two]) {
      await window.heard('stroke', '"b"')
      const drawn = window.messages.items.filter(({ type }) => type === 'stroke')
      expect(drawn).toMatchObject([{ stroke: { id: 'a' } }, { stroke: { id: 'b' } }])
    }
    using three = await openWindow(servers[0])
    expect(three.welcome.strokes.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  test('say which of them serves a window, and how many windows each has', async () => {
    using one = await openWindow(servers[0])
    using two = await openWindow(servers[1])
    expect([one.welcome.server, two.welcome.server]).toEqual([1, 2])
    const numbers = ({ servers: all }: Welcome) => all.map(({ number, isUp }) => [number, isUp])
    expect(numbers(two.welcome)).toEqual([
      [1, true],
      [2, true],
    ])
    expect(two.welcome.canKill).toBeFalse() // nobody runs them who could
  })

  test('welcome a session that a gateway has moved as who it was, with all that it missed', async () => {
    using witness = await openWindow(servers[1])
    const session = { 'sluice-session': 'moved' }
    const before = await openWindow(servers[0], session)
    before.say({ type: 'rename', name: 'Ada' })
    await witness.heard('person', 'Ada')
    const arrivals = witness.messages.items.length
    witness.say({ type: 'stroke', stroke: { ...stroke, id: 'missed' } })
    using after = await openWindow(servers[1], { ...session, 'sluice-failover': '1' })
    expect(after.welcome.you).toBe(before.welcome.you)
    expect(after.welcome.moved).toEqual({ from: 1 })
    expect(after.welcome.people).toContainEqual(expect.objectContaining({ name: 'Ada' }))
    expect(after.welcome.strokes).toContainEqual(expect.objectContaining({ id: 'missed' }))

    // The old connection ends a little later: nobody is told that anybody came or went.
    before[Symbol.dispose]()
    await before.closed
    after.say({ type: 'chat', id: 'c', text: 'still here' })
    await witness.heard('chat', 'still here')
    const told = witness.messages.items.slice(arrivals).map(({ type }) => type)
    expect(told.filter((type) => type === 'person' || type === 'left')).toEqual([])
  })

  test('know a session that comes back to the same server before that knows that it went', async () => {
    const session = { 'sluice-session': 'back' }
    using before = await openWindow(servers[0], session)
    using after = await openWindow(servers[0], { ...session, 'sluice-failover': '1' })
    await before.closed
    expect(after.welcome.you).toBe(before.welcome.you)
    after.say({ type: 'chat', id: 'back', text: 'still here' })
    await after.heard('chat', 'still here')
  })

  test('take what a window sends twice once', async () => {
    using one = await openWindow(servers[0])
    for (const text of ['first', 'again']) one.say({ type: 'chat', id: 'twice', text })
    one.say({ type: 'chat', id: 'once', text: 'last' })
    await one.heard('chat', 'last')
    const lines = one.messages.items.filter(({ type }) => type === 'chat')
    expect(lines).toMatchObject([{ line: { text: 'first' } }, { line: { text: 'last' } }])
  })

  test('welcome a window whose headers say nonsense, as any other', async () => {
    const nonsense = { 'sluice-session': 'x'.repeat(1_000), 'sluice-failover': 'nonsense' }
    using one = await openWindow(servers[0], nonsense)
    expect(one.welcome.moved).toBeUndefined()
    using two = await openWindow(servers[0], { 'sluice-session': '', 'sluice-failover': '-1' })
    expect(two.welcome.you).not.toBe(one.welcome.you)
  })

  test('close a window that says what is no message', async () => {
    using one = await openWindow(servers[0])
    one.say({ type: 'stroke', stroke: { ...stroke, colour: 99 } })
    expect(await one.closed).toBe(1008)
  })

  test('say that they leave, and their people are still here', async () => {
    using witness = await openWindow(servers[1])
    const third = await serverOf(3)
    using one = await openWindow(third, { 'sluice-session': 'leaves' })
    await witness.heard('person', one.welcome.people.at(-1)?.name)
    await third.stop()
    expect(await one.closed).toBe(1001)
    await witness.heard('servers', '{"number":3,"isUp":false,"windows":0}')
    expect(witness.messages.items.filter(({ type }) => type === 'left')).toEqual([])
  })
})

test('a server without its board serves nobody, and says so to whoever started it', async () => {
  const board = startBoard({ port: 0 })
  const server = await startServer({ port: 0, number: 1, board: board.url })
  const health = () => fetch(`http://127.0.0.1:${server.port}/healthz`)
  expect((await health()).status).toBe(204)
  await board.stop()
  await server.lost
  expect((await health()).status).toBe(503)
  await server.stop()
})

test('nobody but servers talks to the board', async () => {
  const board = startBoard({ port: 0 })
  const handshake = (url: string, headers: Record<string, string>) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, { headers })
      socket.onopen = () => resolve('opened')
      socket.onclose = () => resolve('refused')
    })
  const own = linkUrl(board.url, 1, 9001)
  expect(await handshake(own, { origin: 'http://127.0.0.1' })).toBe('refused')
  expect(await handshake(`${board.url}/link?server=99&port=1`, {})).toBe('refused')
  expect(await handshake(own, {})).toBe('opened')
  await board.stop()
})

describe('the kill button', () => {
  const page = { host: 'localhost:8080', origin: 'http://localhost:8080' }
  const press = (headers: Record<string, string>, path = '/servers/2/kill', method = 'POST') => {
    const killed: number[] = []
    const request = new Request(`http://localhost:8080${path}`, { method, headers })
    const { status } = answerControl(request, (server) => killed.push(server) > 0)
    return [status, ...killed]
  }

  test('is pressed by the page alone', () => {
    expect(press(page)).toEqual([202, 2])
    const loopback = { host: '127.0.0.1:8080', origin: 'http://127.0.0.1:8080' }
    expect(press(loopback)).toEqual([202, 2])
  })

  test.each([
    ['another site', { ...page, origin: 'http://elsewhere.test' }],
    ['another port of this machine', { ...page, origin: 'http://localhost:3000' }],
    ['a page that says no origin', { ...page, origin: 'null' }],
    ['a program that is no browser', { host: page.host }],
    [
      'a site whose name points here',
      { host: 'elsewhere.test:8080', origin: 'http://elsewhere.test:8080' },
    ],
  ])('is not pressed by %s', (_, headers) => {
    expect(press(headers as Record<string, string>)).toEqual([403])
  })

  test('is no link, and there is one for each server', () => {
    expect(press(page, '/servers/2/kill', 'GET')).toEqual([405])
    expect(press(page, '/servers/0/kill')).toEqual([404])
    expect(press(page, '/')).toEqual([404])
  })

  test('says that a server is down already', () => {
    const request = new Request('http://localhost:8080/servers/3/kill', {
      method: 'POST',
      headers: page,
    })
    expect(answerControl(request, () => false).status).toBe(409)
  })
})
