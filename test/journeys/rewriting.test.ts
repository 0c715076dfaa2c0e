/** What a route changes of a request on its way to a server, and of the answer on its way back. */
import { describe, expect, test } from 'bun:test'
import { ask, pageRequest, startRouting, startSplit } from '../support/routing.ts'
import { template } from '../support/template.ts'
import { startWitness } from '../support/witness.ts'
import { upgradeRequest } from '../support/websocket.ts'

const nothing = { set: [], remove: [] }

describe('the path', () => {
  test.each<[string, string, string]>([
    ['/rooms/{request.path.room}', '/chat/blue?x=1', '/rooms/blue?x=1'],
    ['/rooms/{request.path.room}?all', '/chat/blue?x=1', '/rooms/blue?all'],
    ['/rooms?room={request.path.room}&{request.query}', '/chat/blue?x=1', '/rooms?room=blue&x=1'],
    ['/v2{request.target}', '/chat/blue?x=1', '/v2/chat/blue?x=1'],
    ['{request.path.room}', '/chat/blue', '/blue'],
    ['/rooms/{request.header.x-room}', '/chat/blue', '/rooms/a%20room'],
  ])('is %p: %s arrives as %s', async (path, asked, arrives) => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, {
      path: '/chat/:room',
      forward: { path: template(path) },
    })
    await ask(gateway, pageRequest(asked, 'X-Room: a room'))
    await ask(gateway, upgradeRequest(asked, { 'X-Room': 'a room' }))
    for (const index of [0, 1])
      expect((await server.head(index)).startLine).toBe(`GET ${arrives} HTTP/1.1`)
  })

  test("of the server's own URL stays in front", async () => {
    using server = await startWitness()
    await using gateway = startRouting(`${server.host}/base`, {
      path: '/chat/*',
      forward: { path: template('/{request.path.*}') },
    })
    await ask(gateway, pageRequest('/chat/a/b'))
    expect((await server.head()).startLine).toBe('GET /base/a/b HTTP/1.1')
  })
})

describe('the host', () => {
  test.each<[string, (host: string) => string]>([
    ['client', () => 'gateway.test'],
    ['endpoint', (host) => host],
    ['{request.path.tenant}.example.com', () => 'blue.example.com'],
  ])('may be %p', async (host, expected) => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, {
      path: '/:tenant/*',
      forward: { host: host === 'client' || host === 'endpoint' ? host : template(host) },
    })
    await ask(gateway, pageRequest('/blue/x'))
    const head = await server.head()
    expect(head.all('host')).toEqual([expected(server.host)])
    expect(head.all('x-forwarded-host')).toEqual(['gateway.test'])
  })
})

describe('headers', () => {
  test('of a request are set, replaced, left out when empty, and removed', async () => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, {
      path: '/chat/:room',
      forward: {
        headers: {
          set: [
            { name: 'X-Room', value: template('{request.path.room}') },
            { name: 'X-None', value: template('$request.header.x-nowhere') },
            { name: 'X-Real-IP', value: template('one of ours') },
          ],
          remove: ['cookie'],
        },
      },
    })
    const sent = { 'x-room': 'forged', X_Room: 'forged too', 'X-None': 'forged', Cookie: 'a=1' }
    await ask(gateway, upgradeRequest('/chat/blue', { ...sent, 'X-Other': 'stays' }))
    const head = await server.head()
    expect(head.all('x-room')).toEqual(['blue'])
    expect(head.all('x-none')).toEqual([])
    expect(head.all('x-real-ip')).toEqual(['one of ours'])
    expect(head.all('cookie')).toEqual([])
    expect(head.all('x-other')).toEqual(['stays'])
  })

  test('of an answer too, of the 101 as well as of a page', async () => {
    const more = { Server: 'secret', 'X-Room': 'old' }
    using server = await startWitness({
      switching: more,
      page: 'HTTP/1.1 200 OK\nServer: secret\nX-Room: old\nContent-Length: 2\n\nok',
    })
    await using gateway = startRouting(server.host, {
      path: '/:room',
      answer: {
        headers: {
          set: [{ name: 'X-Room', value: template('{request.path.room}') }],
          remove: ['server'],
        },
      },
    })
    for (const request of [upgradeRequest('/blue'), pageRequest('/blue')]) {
      const { headers } = await ask(gateway, request)
      expect(headers).toMatchObject({ 'x-room': 'blue' })
      expect(headers).not.toHaveProperty('server')
    }
  })

  test('that make the message what it is are never touched, whatever a route says', async () => {
    using server = await startWitness()
    const names = ['Connection', 'Upgrade', 'Content-Length', 'Transfer-Encoding', 'Host', 'TE']
    const rewrite = {
      set: [...names, 'Sec-WebSocket-Key', 'Sluice-Session'].map((name) => ({
        name,
        value: template('1'),
      })),
      remove: ['sec-websocket-key', 'sec-websocket-accept', 'sec_websocket_version'],
    }
    await using gateway = startRouting(server.host, {
      forward: { headers: rewrite },
      answer: { headers: rewrite },
    })
    const answer = await ask(gateway, upgradeRequest('/'))
    expect(answer.status).toBe(101)
    expect(answer.headers).toMatchObject({ connection: 'Upgrade', upgrade: 'websocket' })
    const head = await server.head()
    expect(head.all('sec-websocket-version')).toEqual(['13'])
    expect(head.all('content-length')).toEqual([])
    expect(head.all('sluice-session')).toEqual([answer.headers['sluice-session'] ?? ''])
  })

  test('are not touched in what the gateway says itself', async () => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, {
      path: '/here',
      answer: { headers: { ...nothing, remove: ['content-type'] } },
    })
    expect((await ask(gateway, pageRequest('/'))).headers).toMatchObject({
      'content-type': 'application/problem+json',
    })
  })
})

describe('compression that is off', () => {
  test('is not offered to the server, and a server that uses it all the same is refused', async () => {
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
    using server = await startWitness()
    using liar = await startWitness({ switching: offer })
    await using gateway = startRouting(server.host, { compression: 'off' })
    await using lying = startRouting(liar.host, { compression: 'off' })
    expect((await ask(gateway, upgradeRequest('/', offer))).status).toBe(101)
    expect((await server.head()).all('sec-websocket-extensions')).toEqual([])
    expect((await ask(lying, upgradeRequest('/', offer))).status).toBe(502)
  })
})

describe('a split', () => {
  test('gives each server its share, by turn, of pages and sessions together', async () => {
    using stable = await startWitness()
    using canary = await startWitness()
    const hosts = { stable: stable.host, canary: canary.host }
    await using gateway = startSplit(hosts, { stable: 3, canary: 1 })
    for (let turn = 0; turn < 4; turn++) {
      await ask(gateway, pageRequest('/'))
      await ask(gateway, upgradeRequest('/'))
    }
    expect([stable.heads.length, canary.heads.length]).toEqual([6, 2])
  })

  test('by a value gives the same client the same server, and others by turn', async () => {
    using stable = await startWitness()
    using canary = await startWitness()
    const hosts = { stable: stable.host, canary: canary.host }
    await using gateway = startSplit(
      hosts,
      { stable: 1, canary: 1 },
      { splitBy: template('$request.cookie.user') },
    )
    for (const user of ['eve', 'adam', 'lilith', 'abel', 'seth', 'enoch', 'noah', 'shem']) {
      for (let turn = 0; turn < 3; turn++)
        await ask(gateway, pageRequest('/', `Cookie: user=${user}`))
    }
    const users = [stable, canary].map(
      ({ heads }) => new Set(heads.map((head) => head.all('cookie')[0])),
    )
    expect([...(users[0] ?? [])].filter((user) => users[1]?.has(user))).toEqual([])
    expect(users.every((some) => some.size > 0)).toBe(true)

    const before = [stable.heads.length, canary.heads.length]
    for (let turn = 0; turn < 4; turn++) await ask(gateway, pageRequest('/'))
    expect([stable.heads.length, canary.heads.length]).toEqual(before.map((count) => count + 2))
  })
})
