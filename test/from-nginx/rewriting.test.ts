/** Other paths and names for the server, and redirects. */
import { describe, expect, test } from 'bun:test'
import { inEveryAnswer, inEveryWebSocket } from './on-purpose.ts'
import { sideBySide, type Differences } from './side-by-side.ts'

describe('another path for the server', () => {
  const title = 'Another path for the server'

  test.each([
    ['/ws/rooms/blue', '/rooms/blue'],
    ['/ws/rooms/blue?since=12&x=%20', '/rooms/blue?since=12&x=%20'],
    ['/ws/', '/'],
    ['/ws/a%20b', '/a%20b'],
    ['/app/rooms/blue?x=1', '/v2/rooms/blue?x=1'],
    ['/app/%41%7E', '/v2/A~'],
    ['/rooms/blue/socket', '/socket?room=blue'],
  ])(
    '%s reaches it as %s',
    async (target, arrived) => {
      await using both = await sideBySide(title)
      const { nginx, differences } = await both.visit(80, { target })
      expect(nginx).toMatchObject({ request: `GET ${arrived} HTTP/1.1`, echo: 'whole' })
      expect(differences).toEqual(inEveryWebSocket)
    },
    15_000,
  )

  test('a room is one value of the query, where nginx lets it add to the query', async () => {
    await using both = await sideBySide(title)
    for (const room of ['a%26admin=1', 'a&admin=1']) {
      const { nginx, sluice } = await both.visit(80, { target: `/rooms/${room}/socket` })
      expect([nginx['request'], sluice['request']]).toEqual([
        'GET /socket?room=a&admin=1 HTTP/1.1',
        'GET /socket?room=a%26admin%3D1 HTTP/1.1',
      ])
    }
  }, 15_000)

  test.each(['/ws/../secret', '/ws/a%2F..%2Fb', '/app/%2e%2e/secret'])(
    '%s is refused, where nginx makes another path of it',
    async (target) => {
      await using both = await sideBySide(title)
      const { nginx, sluice } = await both.visit(80, { target })
      expect(nginx['status']).not.toContain(' 400 ')
      expect(sluice).toMatchObject({ status: 'HTTP/1.1 400 Bad Request', requests: 0 })
    },
    15_000,
  )

  test('the server can be called by another name', async () => {
    await using both = await sideBySide(title)
    const { nginx, differences } = await both.visit(80, { target: '/named/blue' })
    expect(nginx).toMatchObject({ 'request host': 'chat.internal', echo: 'whole' })
    expect(differences).toEqual(inEveryWebSocket)
  }, 15_000)
})

describe('redirects and fixed answers', () => {
  const title = 'To https, and elsewhere'
  const sides = { upstreams: [] }
  /** nginx writes a small page. */
  const page: Differences = {
    ...inEveryAnswer,
    body: [expect.stringContaining('<h1>'), expect.any(String)],
    'answer content-type': ['text/html', undefined],
    'answer content-length': [expect.any(String), '0'],
  }

  test('a page is sent to https, with path and query as they are', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, { kind: 'page', target: '/a%20b?c=d&e' })
    expect(nginx).toMatchObject({
      status: 'HTTP/1.1 301 Moved Permanently',
      'answer location': 'https://chat.example.com/a%20b?c=d&e',
    })
    expect(differences).toEqual(page)
  }, 15_000)

  test('so is an upgrade', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, { target: '/chat' })
    expect(nginx).toMatchObject({ 'answer location': 'https://chat.example.com/chat' })
    expect(differences).toEqual(page)
  }, 15_000)

  test('a POST stays one', async () => {
    await using both = await sideBySide(title, sides)
    const request = 'POST /form HTTP/1.1\nHost: chat.example.com\nContent-Length: 2\n\nok'
    const { differences } = await both.visit(80, { kind: { request } })
    expect(differences).toEqual({
      ...page,
      status: ['HTTP/1.1 301 Moved Permanently', 'HTTP/1.1 308 Permanent Redirect'],
      // What was not read is not read for the sake of the next request.
      'answer connection': ['keep-alive', 'close'],
    })
  }, 15_000)

  test('what has moved elsewhere is looked for there', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(8080, { kind: 'page', target: '/old/a?b=c' })
    expect(nginx).toMatchObject({ 'answer location': 'https://www.example.com/old/a?b=c' })
    expect(differences).toEqual({
      ...page,
      // The words of RFC 2616, which nginx has kept.
      status: ['HTTP/1.1 302 Moved Temporarily', 'HTTP/1.1 302 Found'],
    })
  }, 15_000)

  test('what is gone says so', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(8080, { kind: 'page', target: '/gone' })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 410 Gone', body: 'This is gone.\n' })
    expect(differences).toEqual({
      ...inEveryAnswer,
      'answer content-type': ['text/plain', 'text/plain; charset=utf-8'],
    })
  }, 15_000)
})
