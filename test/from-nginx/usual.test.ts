/** The blocks that nearly everybody has: upgrades, pages beside them, several services. */
import { describe, expect, test } from 'bun:test'
import { inEveryAnswer, inEveryPage, inEveryWebSocket } from './on-purpose.ts'
import { sideBySide, type Differences, type Sides } from './side-by-side.ts'

/** Both tell the server these, by the same values. */
const toldByBoth: Differences = {
  'request x-forwarded-for': undefined,
  'request x-forwarded-proto': undefined,
  'request x-real-ip': undefined,
}

describe('the usual block', () => {
  test('opens the same WebSocket: request, answer, subprotocol, messages, Close', async () => {
    await using both = await sideBySide('The usual block')
    const { nginx, differences } = await both.visit(80, {
      target: '/rooms/blue?since=12&x=%20%41',
      headers: { 'Sec-WebSocket-Protocol': 'chat.v2, chat.v1', Cookie: 'user=ada', 'X-Own': 'a b' },
    })
    expect(nginx).toMatchObject({
      status: 'HTTP/1.1 101 Switching Protocols',
      request: 'GET /rooms/blue?since=12&x=%20%41 HTTP/1.1',
      'request host': 'chat.example.com',
      'request x-real-ip': '127.0.0.1',
      'request sec-websocket-protocol': 'chat.v2, chat.v1',
      'request cookie': 'user=ada',
      'answer sec-websocket-protocol': 'chat.v2',
      echo: 'whole',
      close: 4321,
      requests: 1,
    })
    expect(differences).toEqual({ ...inEveryWebSocket, ...toldByBoth })
  }, 15_000)

  test('passes pages by the same way', async () => {
    await using both = await sideBySide('The usual block')
    const { nginx, differences } = await both.visit(80, { kind: 'page', target: '/index.html' })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 200 OK', body: 'a page of 10.0.0.1:9000\n' })
    expect(differences).toEqual({ ...inEveryPage, ...toldByBoth })
  }, 15_000)

  test('passes Host as it was sent, where $host is in lower case and without port', async () => {
    await using both = await sideBySide('The usual block')
    const { differences } = await both.visit(80, { headers: { Host: 'Chat.Example.com:8080' } })
    expect(differences).toEqual({
      ...inEveryWebSocket,
      ...toldByBoth,
      'request host': ['chat.example.com', 'Chat.Example.com:8080'],
      'request x-forwarded-host': [undefined, 'Chat.Example.com:8080'],
    })
  }, 15_000)

  test('believes no forwarding header of a stranger, where nginx appends to it', async () => {
    await using both = await sideBySide('The usual block')
    const { differences } = await both.visit(80, { headers: { 'X-Forwarded-For': '192.0.2.1' } })
    expect(differences).toEqual({
      ...inEveryWebSocket,
      ...toldByBoth,
      'request x-forwarded-for': ['192.0.2.1, 127.0.0.1', '127.0.0.1'],
    })
  }, 15_000)

  test('takes no 101 without a handshake for a WebSocket, as nginx does', async () => {
    await using both = await sideBySide('The usual block')
    const { nginx, sluice } = await both.visit(80, { target: '/not-a-websocket' })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 101 Switching Protocols', echo: 'whole' })
    expect(sluice).toMatchObject({ status: 'HTTP/1.1 502 Bad Gateway' })
  }, 15_000)
})

describe('pages and sockets on one port', () => {
  const title = 'Pages and sockets on one port'
  const sides: Sides = { upstreams: ['10.0.0.1:9000', '10.0.0.3:3000'] }

  test('each gets what is for it', async () => {
    await using both = await sideBySide(title, sides)
    const socket = await both.visit(80, { target: '/ws/' })
    expect(socket.nginx).toMatchObject({ echo: 'whole', 'answer x-upstream': '10.0.0.1:9000' })
    expect(socket.differences).toEqual(inEveryWebSocket)
    const page = await both.visit(80, { kind: 'page', target: '/' })
    expect(page.nginx).toMatchObject({ body: 'a page of 10.0.0.3:3000\n' })
    // nginx speaks HTTP/1.0 to pages unless told otherwise.
    expect(page.differences).toEqual({
      ...inEveryPage,
      request: ['GET / HTTP/1.0', 'GET / HTTP/1.1'],
    })
  }, 15_000)

  test('an upgrade for the pages is told so, where nginx asks for a page', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, sluice } = await both.visit(80, { target: '/' })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 200 OK', body: 'a page of 10.0.0.3:3000\n' })
    expect(sluice).toMatchObject({ status: 'HTTP/1.1 426 Upgrade Required', requests: 0 })
  }, 15_000)
})

describe('several services, several servers', () => {
  const title = 'Several services, several servers'
  const places = ['10.0.0.1:9000', '10.0.0.2:9000', '10.0.0.4:9000', '10.0.0.5:9000']
  const sides: Sides = { upstreams: places }

  test('exact paths win, then the longest prefix', async () => {
    await using both = await sideBySide(title, sides)
    const expected = {
      '/chat/lobby': '10.0.0.4:9000',
      '/chat/games': '10.0.0.5:9000',
      '/chat/games/go': '10.0.0.5:9000',
      '/chat/blue': '10.0.0.1:9000',
    }
    for (const [target, upstream] of Object.entries(expected)) {
      const { nginx, differences } = await both.visit(80, { target })
      expect([target, nginx['answer x-upstream']]).toEqual([target, upstream])
      expect(differences).toEqual(inEveryWebSocket)
    }
  }, 15_000)

  test('the servers of one service take turns', async () => {
    await using both = await sideBySide(title, sides)
    for (const turn of [0, 1, 0, 1]) {
      const { nginx, differences } = await both.visit(80, { target: '/chat/blue' })
      expect(nginx['answer x-upstream']).toBe(places[turn])
      expect(differences).toEqual(inEveryWebSocket)
    }
  }, 15_000)

  test('a fixed answer is the same', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, { kind: 'page', target: '/ping' })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 200 OK', body: 'pong', requests: 0 })
    expect(differences).toEqual({
      ...inEveryAnswer,
      'answer content-type': ['text/plain', 'text/plain; charset=utf-8'],
    })
  }, 15_000)

  test('a prefix is for its own name too, and for no longer one', async () => {
    await using both = await sideBySide(title, sides)
    const own = await both.visit(80, { target: '/chat' })
    expect(own.nginx).toMatchObject({ status: 'HTTP/1.1 301 Moved Permanently' })
    expect(own.sluice).toMatchObject({ echo: 'whole', 'answer x-upstream': '10.0.0.1:9000' })
    const longer = await both.visit(80, { target: '/chat/gamesters' })
    expect(longer.nginx).toMatchObject({ 'answer x-upstream': '10.0.0.5:9000' })
    expect(longer.sluice).toMatchObject({ 'answer x-upstream': '10.0.0.2:9000' })
  }, 15_000)

  test('what nobody takes is 404', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, sluice } = await both.visit(80, { kind: 'page', target: '/elsewhere' })
    expect([nginx['status'], sluice['status']]).toEqual(
      Array.from({ length: 2 }, () => 'HTTP/1.1 404 Not Found'),
    )
  }, 15_000)
})
