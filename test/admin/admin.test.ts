/**
 * The admin port of a gateway with real sessions, as programs meet it.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from 'bun:test'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startAdmin } from '../../src/admin/admin.ts'
import type { AdminAccess } from '../../src/admin/guard.ts'
import { createResources } from '../../src/admin/resources.ts'
import type { Status } from '../../src/admin/status.ts'
import type { AdminConfig } from '../../src/config/config.ts'
import type { SessionPage } from '../../src/proxy/session-list.ts'
import { bearer, sample, startAdminOf, type RunningAdmin } from '../support/admin.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { checkMetrics } from '../support/promtool.ts'
import { dialTcp, dialTls, failureOf } from '../support/tcp.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openWebSocket, upgradeRequest } from '../support/websocket.ts'

const folder = temporaryFolder('admin')
const token = 's3cret'
let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

const twoRoutes = () => `
listeners: [{ name: public, address: 127.0.0.1, port: 0 }]
upstreams: { echo: ["ws://${server.host}"] }
routes:
  - { name: chat, path: /chat/*, upstream: echo }
  - { name: rest, upstream: echo }
`

/** The code of the system's error. */
async function bindCode(gateway: OpenGateway, config: Partial<AdminConfig>): Promise<unknown> {
  try {
    await using _ = await startAdminOf(gateway, config)
    return 'bound'
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

/** A page of sessions. */
async function pageOf(admin: RunningAdmin, query: string): Promise<SessionPage> {
  return (await (await admin.ask(`/sessions?${query}`)).json()) as SessionPage
}

describe('a path', () => {
  test('that is not there is told what there is', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    for (const path of [
      '/',
      '/session',
      '/sessions/',
      '/sessions/a/b',
      '/constructor',
      '/metrics/',
    ]) {
      const answer = await admin.ask(path)
      expect([path, answer.status]).toEqual([path, 404])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(await answer.json()).toMatchObject({
        status: 404,
        title: expect.stringContaining('/healthz, /readyz'),
      })
    }
  })

  // Regression: HAProxy's check has no Host, and was told 500.
  test.each(['GET /readyz HTTP/1.0\n\n', 'GET /readyz HTTP/1.1\nHost: a:1:2\n\n'])(
    'is found whatever the host: %p',
    async (request) => {
      await using gateway = startGatewayHere(twoRoutes())
      await using admin = await startAdminOf(gateway)
      using client = await dialTcp(admin.port)
      client.send(request)
      expect(await client.message()).toMatchObject({ status: 200, body: '{"state":"ready"}' })
    },
  )

  test.each([
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/sessions', 'GET, HEAD'],
    ['OPTIONS', '/sessions/x', 'GET, HEAD, DELETE'],
    ['PUT', '/sessions/x', 'GET, HEAD, DELETE'],
  ])('has no %s at %s, and says what it has', async (method, path, allow) => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    const answer = await admin.ask(path, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('is answered to HEAD without a body', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    const answer = await admin.ask('/metrics', { method: 'HEAD' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})

test('metrics and health are not kept by caches, nor read by other origins', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  await using admin = await startAdminOf(gateway)
  for (const path of ['/metrics', '/healthz', '/nothing']) {
    const { headers } = await admin.ask(path)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  }
})

describe('GET /sessions', () => {
  test('shows who is connected, since when and how much, and no query', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    using client = await openWebSocket(`ws://${gateway.host}/chat/room?token=hidden`)
    client.socket.send('hello')
    await client.message(() => true)
    const text = await (await admin.ask('/sessions')).text()
    expect(text).not.toContain('hidden')
    const { sessions, next } = JSON.parse(text)
    expect(next).toBeUndefined()
    expect(sessions).toEqual([
      {
        id: (await gateway.event('session-opened')).session,
        listener: 'public',
        route: 'chat',
        upstream: 'echo',
        endpoint: `ws://${server.host}`,
        address: '127.0.0.1',
        host: gateway.host,
        path: '/chat/room',
        request: expect.stringMatching(/^[0-9a-f-]{36}$/),
        moves: 0,
        isBetween: false,
        openedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        sequence: 1,
        ageMs: expect.any(Number),
        inbound: { messages: 1, bytes: 11, pendingBytes: 0 },
        outbound: { messages: 1, bytes: 7, pendingBytes: 0 },
      },
    ])
    expect(
      Math.abs(Date.parse(sessions[0].openedAt) + sessions[0].ageMs - Date.now()),
    ).toBeLessThan(5_000)
    const one = await admin.ask(`/sessions/${sessions[0].id}`)
    expect(await one.json()).toMatchObject({ id: sessions[0].id, path: '/chat/room' })
  })

  test('tells whose certificate the client has shown, by its subject and its names', async () => {
    const authority = makeAuthority()
    const own = makeCertificate()
    const names = 'DNS:device-7.example.com,IP:10.0.0.7'
    const device = makeCertificate({ subject: '/O=Example/CN=device-7', names, issuer: authority })
    const tls = { cert: own.cert, key: own.key, client: authority.cert }
    const listener = { name: 'public', address: '127.0.0.1', port: 0, tls }
    await using gateway = startGatewayHere(
      `listeners: [${JSON.stringify(listener)}]\nroutes: [{ upstream: "ws://${server.host}" }]\n`,
    )
    await using admin = await startAdminOf(gateway)
    using client = await dialTls(gateway.port, {
      ca: own.certPem,
      cert: device.certPem,
      key: device.keyPem,
      servername: 'localhost',
    })
    client.send(upgradeRequest('/'))
    expect((await client.message()).status).toBe(101)
    const shown = {
      certificate: 'CN=device-7,O=Example',
      certificateNames: ['DNS:device-7.example.com', 'IP:10.0.0.7'],
    }
    expect((await pageOf(admin, '')).sessions).toMatchObject([shown])
    expect(await gateway.event('session-opened')).toMatchObject(shown)
  })

  test('goes page by page, also when the session a page ended with has closed since', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    const clients = []
    for (const path of ['/a', '/b', '/c', '/d', '/e'])
      clients.push(await openWebSocket(`ws://${gateway.host}${path}`))
    const pathsOf = ({ sessions }: SessionPage) => sessions.map(({ path }) => path)
    const first = await pageOf(admin, 'limit=2')
    expect(pathsOf(first)).toEqual(['/a', '/b'])
    clients[1]?.socket.close()
    await gateway.event('session-closed')
    const second = await pageOf(admin, `limit=2&after=${first.next}`)
    expect(pathsOf(second)).toEqual(['/c', '/d'])
    const last = await pageOf(admin, `limit=2&after=${second.next}`)
    expect([pathsOf(last), last.next]).toEqual([['/e'], undefined])
    for (const client of clients) client[Symbol.dispose]()
  })

  test('shows those of one route or address alone', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    using _chat = await openWebSocket(`ws://${gateway.host}/chat/1`)
    using _rest = await openWebSocket(`ws://${gateway.host}/rest`)
    const count = async (query: string) => (await pageOf(admin, query)).sessions.length
    expect(await count('route=chat')).toBe(1)
    expect(await count('route=none')).toBe(0)
    expect(await count('address=127.0.0.1')).toBe(2)
    expect(await count('address=127.0.0.2')).toBe(0)
  })

  test('refuses a question it does not understand', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway)
    expect((await admin.ask('/sessions?limit=all')).status).toBe(400)
  })
})

describe('DELETE /sessions/{id}', () => {
  test('closes both sides with 1008, and the log says that an administrator did', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway, { token })
    using client = await openWebSocket(`ws://${gateway.host}/to-be-closed`)
    const { session } = await gateway.event('session-opened')
    const answer = await admin.ask(`/sessions/${session}`, {
      method: 'DELETE',
      headers: bearer(token),
    })
    expect([answer.status, await answer.json()]).toEqual([202, { session }])
    expect(await client.closed).toEqual({
      code: 1008,
      reason: 'An administrator has closed the session',
    })
    const heard = await server.line(
      ({ event, url }) => event === 'close' && url === '/to-be-closed',
    )
    expect(heard).toMatchObject({ code: 1008 })
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'gateway', code: 1008, reason: 'CLOSED_BY_ADMIN' })
    expect((await admin.ask(`/sessions/${session}`)).status).toBe(404)
  })

  test('closes with another code and reason', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway, { token })
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const { session } = await gateway.event('session-opened')
    const path = `/sessions/${session}?code=4001&reason=bought%20out`
    await admin.ask(path, { method: 'DELETE', headers: bearer(token) })
    expect(await client.closed).toEqual({ code: 4001, reason: 'bought out' })
  })

  test.each([
    ['without the token', {}, 401],
    ['with a foreign Origin', { ...bearer(token), Origin: 'https://evil.example' }, 403],
    ['by a name that leads here', { ...bearer(token), Host: 'evil.example' }, 421],
  ])('%s changes nothing', async (_, headers, status) => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway, { token })
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const { session } = await gateway.event('session-opened')
    const answer = await admin.ask(`/sessions/${session}`, { method: 'DELETE', headers })
    expect(answer.status).toBe(status)
    client.socket.send('still here')
    expect(await client.message(() => true)).toBe('still here')
    expect(gateway.gateway.sessions).toBe(1)
  })

  test('of nobody is 404, and with a code that may not travel 400', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway, { token })
    const ask = (path: string) => admin.ask(path, { method: 'DELETE', headers: bearer(token) })
    expect((await ask('/sessions/nobody')).status).toBe(404)
    expect((await ask('/sessions/nobody?code=1006')).status).toBe(400)
  })
})

describe('a Unix socket', () => {
  const unix = join(folder, 'admin.sock')

  test('belongs to its user alone, needs no token, and is gone afterwards', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    const admin = await startAdminOf(gateway, { unix })
    expect(statSync(unix).mode & 0o777).toBe(0o600)
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const { session } = await gateway.event('session-opened')
    expect((await admin.ask(`/sessions/${session}`, { method: 'DELETE' })).status).toBe(202)
    await client.closed
    await admin[Symbol.asyncDispose]()
    expect(existsSync(unix)).toBe(false)
  })

  test('that a killed process has left is taken over', async () => {
    const leaver = Bun.spawn([
      process.execPath,
      '-e',
      `Bun.listen({ unix: ${JSON.stringify(unix)}, socket: { data() {} } }); process.kill(process.pid, 'SIGKILL')`,
    ])
    await leaver.exited
    expect(statSync(unix).isSocket()).toBe(true)
    await using gateway = startGatewayHere(twoRoutes())
    await using admin = await startAdminOf(gateway, { unix })
    expect((await admin.ask('/healthz')).status).toBe(200)
  })

  test('on which somebody else listens is left to them', async () => {
    await using gateway = startGatewayHere(twoRoutes())
    await using first = await startAdminOf(gateway, { unix })
    expect(await bindCode(gateway, { unix })).toMatchObject({
      message: `${unix} is in use: another process listens on it already`,
    })
    expect((await first.ask('/healthz')).status).toBe(200)
  })

  test('leads to the process that takes over from the first moment, and stays when the other stops', async () => {
    const place = { address: '', port: 0, unix }
    const first = startAdmin(place, () => new Response('first'), nobody)
    const next = startAdmin(place, () => new Response('next'), nobody, { isShared: true })
    const ask = async () => (await fetch('http://localhost/', { unix, keepalive: false })).text()
    expect([await ask(), statSync(unix).mode & 0o777]).toEqual(['next', 0o600])
    await first.stop()
    expect(await ask()).toBe('next')
    await next.stop()
    expect(existsSync(unix)).toBe(false)
  })

  test('does not replace a file that is none', async () => {
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'mine')
    await using gateway = startGatewayHere(twoRoutes())
    expect(await bindCode(gateway, { unix: file })).toMatchObject({
      message: `${file} is not a socket: remove it, or choose another path`,
    })
    expect(await Bun.file(file).text()).toBe('mine')
  })
})

test('an admin port is not shared with another gateway', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  await using first = await startAdminOf(gateway)
  expect(await bindCode(gateway, { port: Number(new URL(first.url).port) })).toBe('EADDRINUSE')
})

test('an admin port that is taken is an error of the start', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  await using gateway = startGatewayHere(twoRoutes())
  expect(await bindCode(gateway, { port })).toBe('EADDRINUSE')
  taken.close()
})

describe('an answer that goes on', () => {
  test('comes to its end when the admin port stops, and nobody else is let in', async () => {
    const { admin, more, answer } = await startTelling()
    const stopped = admin.stop()
    expect(await failureOf(dialTcp(admin.port ?? 0))).toContain('ECONNREFUSED')
    more.resolve()
    expect(await answer.text()).toBe('begun, ended')
    await stopped
  })

  test('is cut where that is told', async () => {
    const { admin, answer } = await startTelling()
    const text = failureOf(answer.text())
    await admin.stop({ isCut: true })
    expect(await text).toContain('closed unexpectedly')
  })

  test('is cut when it has not ended some seconds after the stop', async () => {
    const { admin, answer } = await startTelling()
    const text = failureOf(answer.text())
    jest.useFakeTimers()
    try {
      const stopped = admin.stop()
      jest.advanceTimersByTime(3_000)
      await stopped
    } finally {
      jest.useRealTimers()
    }
    expect(await text).toContain('closed unexpectedly')
  })

  test('may take longer than that where the place is only left, and others have it', async () => {
    const { admin, more, answer } = await startTelling()
    const place = { address: '127.0.0.1', port: admin.port ?? 0, unix: undefined }
    expect(() => startAdmin(place, () => new Response('third'), nobody)).toThrow()
    const next = startAdmin(place, () => new Response('next'), nobody, { isShared: true })
    admin.leave()
    for (let times = 0; times < 20; times++) {
      const asked = await fetch(`http://127.0.0.1:${next.port}/`, { keepalive: false })
      expect(await asked.text()).toBe('next')
    }
    more.resolve()
    expect(await answer.text()).toBe('begun, ended')
    await admin.stop()
    await next.stop()
  })
})

const nobody = () => {}

/** An admin port with an answer under way, which ends with `more`. */
async function startTelling() {
  const more = Promise.withResolvers<void>()
  async function* tell() {
    yield 'begun'
    await more.promise
    yield ', ended'
  }
  const headers = { Connection: 'close' }
  const place = { address: '127.0.0.1', port: 0, unix: undefined }
  const admin = startAdmin(place, () => new Response(tell(), { headers }), nobody)
  const answer = await fetch(`http://127.0.0.1:${admin.port}/`)
  return { admin, more, answer }
}

test('the token that counts is that of the moment', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  let access: AdminAccess = { address: '127.0.0.1', unix: undefined, token: 'old' }
  const answer = createResources({ ...gateway, operations: undefined }, () => access)
  const ask = async (shown: string) => {
    const headers = { ...bearer(shown), Host: 'localhost' }
    const url = 'http://localhost/sessions/nobody'
    return (await answer(new Request(url, { method: 'DELETE', headers }))).status
  }
  expect([await ask('old'), await ask('new')]).toEqual([404, 401])
  access = { ...access, token: 'new' }
  expect([await ask('old'), await ask('new')]).toEqual([401, 404])
})

test('the log is told where it listens', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  await using admin = await startAdminOf(gateway)
  expect(admin.events).toEqual([
    { type: 'admin-listening', address: '127.0.0.1', port: admin.port },
  ])
})

test('GET /status shows the gateway at a glance', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  await using admin = await startAdminOf(gateway)
  using _client = await openWebSocket(`ws://${gateway.host}/chat/1`)
  expect(await (await admin.ask('/status')).json()).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    pid: process.pid,
    state: 'ready',
    uptimeMs: expect.any(Number),
    listeners: [{ name: 'public', address: '127.0.0.1', port: gateway.port, connections: 1 }],
    sessions: 1,
    sessionsBetween: 0,
    routes: [
      { route: 'chat', sessions: 1, handshakes: 0 },
      { route: 'rest', sessions: 0, handshakes: 0 },
    ],
  })
})

test('GET /status names a Unix socket by its path alone', async () => {
  const unix = join(folder, 'listener.sock')
  await using gateway = startGatewayHere(`
listeners: [{ name: local, unix: ${unix} }]
routes: [{ respond: { body: ok } }]
`)
  await using admin = await startAdminOf(gateway)
  const { listeners } = (await (await admin.ask('/status')).json()) as Status
  expect(listeners).toEqual([{ name: 'local', unix, connections: 0 }])
})

test('GET /metrics is accepted by promtool while sessions are open', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  await using admin = await startAdminOf(gateway)
  using _client = await openWebSocket(`ws://${gateway.host}/chat/1`)
  using _idle = await dialTcp(gateway.port)
  const answer = await admin.ask('/metrics')
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await answer.text()
  expect(await checkMetrics(text)).toEqual({ exitCode: 0, complaints: '' })
  expect(sample(text, 'sluice_sessions{route="chat"}')).toBe(1)
  expect(
    sample(text, `sluice_endpoint_sessions{upstream="echo",endpoint="ws://${server.host}"}`),
  ).toBe(1)
})

test('a Host that is none is told how to ask, and is no mistake of the gateway', async () => {
  await using gateway = startGatewayHere(twoRoutes())
  await using admin = await startAdminOf(gateway)
  for (const host of ['localhost@evil.test', 'a b', '<a>', '[::1', 'a/b', 'a:b', '']) {
    using client = await dialTcp(admin.port)
    client.send(`GET //sessions?limit=1 HTTP/1.1\nHost: ${host}\n\n`)
    expect((await client.message()).status).toBe(404)
    client.send(`GET /sessions?limit=1 HTTP/1.1\nHost: ${host}\n\n`)
    expect((await client.message()).status).toBe(421)
  }
  expect(admin.events.filter(({ type }) => type === 'mistake')).toEqual([])
})
