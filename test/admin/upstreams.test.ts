/**
 * Upstreams and splits of a gateway with real sessions, seen and changed by way of its admin port.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { EndpointInfo, EndpointStory, UpstreamInfo } from '../../src/proxy/upstream-info.ts'
import { bearer, sample, startAdminOf, type RunningAdmin } from '../support/admin.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { temporaryFile } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

const token = 's3cret'
let first: Peer
let second: Peer
beforeAll(async () => {
  ;[first, second] = await Promise.all([startPeer('ws-server.mjs'), startPeer('ws-server.mjs')])
})
afterAll(() => Promise.all([first.stop(), second.stop()]))

const urlOf = ({ host }: Peer) => `ws://${host}`

/** One upstream called chat, with these endpoints. */
const chatTo = (...endpoints: readonly Peer[]) => `
listeners: ["127.0.0.1:0"]
upstreams: { chat: ${JSON.stringify(endpoints.map(urlOf))} }
routes: [{ name: all, upstream: chat }]
`

/** A gateway, and the admin port by which it is changed. */
async function start(yaml: string) {
  const gateway = startGatewayHere(yaml)
  const admin = await startAdminOf(gateway, { token })
  return {
    gateway,
    admin,
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    },
  }
}

/** @param query parameters of a change, as plain text. */
async function change<Answer = EndpointInfo>(
  admin: RunningAdmin,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<{ status: number; answer: Answer }> {
  const target = `${path}?${new URLSearchParams(query).toString()}`
  const response = await admin.ask(target, { method, headers: bearer(token) })
  return { status: response.status, answer: (await response.json()) as Answer }
}

const endpoints = '/upstreams/chat/endpoints'

async function chatOf(admin: RunningAdmin): Promise<UpstreamInfo<EndpointStory>> {
  return (await (await admin.ask('/upstreams/chat')).json()) as UpstreamInfo<EndpointStory>
}

/** Where so many new sessions went, one after the other; they are closed again. */
async function placesOf(gateway: OpenGateway, count: number): Promise<string[]> {
  const before = gateway.events.length
  for (let each = 0; each < count; each++) {
    using _ = await openWebSocket(`ws://${gateway.host}/`)
  }
  return gateway.events
    .slice(before)
    .flatMap((event) => (event.type === 'session-opened' ? event.endpoint : []))
}

describe('GET /upstreams', () => {
  test('shows every endpoint: how it is, since when and why, and what it carries', async () => {
    await using running = await start(`
listeners: ["127.0.0.1:0"]
upstreams:
  chat:
    endpoints:
      - { url: "${urlOf(first)}", sessions: 20 }
      - { url: "${urlOf(second)}", weight: 3, backup: true }
routes: [{ upstream: chat }, { path: /other, upstream: "${urlOf(second)}" }]
`)
    const { gateway, admin } = running
    using _client = await openWebSocket(`ws://${gateway.host}/`)
    const { upstreams } = (await (await admin.ask('/upstreams')).json()) as {
      upstreams: readonly UpstreamInfo[]
    }
    expect(upstreams.map(({ name }) => name)).toEqual(['chat', urlOf(second)])
    expect(upstreams[0]).toEqual({
      name: 'chat',
      balancer: expect.any(String),
      failover: 'off',
      waiting: 0,
      sessionsBetween: 0,
      endpoints: [
        {
          url: urlOf(first),
          state: 'healthy',
          reason: 'nothing has failed so far',
          since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
          stateMs: expect.any(Number),
          weight: 1,
          currentWeight: 1,
          isBackup: false,
          sessions: 1,
          limit: 20,
          load: 1,
          latencyMs: expect.any(Number),
          source: 'file',
          isToldToDrain: false,
          leaving: undefined,
        },
        expect.objectContaining({ url: urlOf(second), weight: 3, isBackup: true, sessions: 0 }),
      ],
      leaving: {},
      moving: {},
    })
    const { since = '', stateMs = 0 } = upstreams[0]?.endpoints[0] ?? {}
    expect(Math.abs(Date.parse(since) + stateMs - Date.now())).toBeLessThan(5_000)
  })

  test('finds one by its name, also one that is called by its URL', async () => {
    const url = urlOf(first)
    await using running = await start(`
listeners: ["127.0.0.1:0"]
routes: [{ upstream: "${url}" }]
`)
    const answer = await running.admin.ask(`/upstreams/${encodeURIComponent(url)}`)
    expect(await answer.json()).toMatchObject({ name: url, endpoints: [{ url, history: [] }] })
  })

  test.each([
    ['/upstreams/chta', 404, 'There is no upstream "chta"; did you mean "chat"?'],
    ['/upstreams/%zz', 404, 'There is no upstream "%zz"'],
    ['/upstreams/chat/endpoints', 400, 'The endpoint is missing: ?url=ws://10.0.0.1:9000'],
    ['/upstreams/chat/endpoints?url=ws://nobody', 404, 'chat has no endpoint ws://nobody'],
    ['/upstreams?name=chat', 400, 'There is no parameter "name"; this takes none'],
  ])('%s is %i and says why', async (path, status, title) => {
    await using running = await start(chatTo(first))
    const answer = await running.admin.ask(path)
    expect([answer.status, await answer.json()]).toEqual([status, { status, title }])
  })
})

describe('an endpoint that is added', () => {
  test('gets new sessions, and those that are open stay where they are', async () => {
    await using running = await start(chatTo(first))
    const { gateway, admin } = running
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const url = urlOf(second)
    const { status, answer } = await change(admin, 'POST', endpoints, { url, weight: '2' })
    expect([status, answer]).toMatchObject([
      201,
      { url, state: 'healthy', weight: 2, source: 'admin' },
    ])
    expect(gateway.events).toContainEqual({
      type: 'endpoint-added',
      upstream: 'chat',
      endpoint: url,
      source: 'admin',
    })
    expect((await placesOf(gateway, 6)).filter((place) => place === url).length).toBeGreaterThan(0)
    client.socket.send('still here')
    expect(await client.message(() => true)).toBe('still here')
  })

  test.each([
    ['that is there already', { url: 'ws://127.0.0.1:1' }, /is an endpoint of chat already$/],
    ['that speaks something else', { url: 'http://127.0.0.1:2' }, /speak the same/],
  ])('%s is 409', async (_, query, title) => {
    await using running = await start(`
listeners: ["127.0.0.1:0"]
upstreams: { chat: "ws://127.0.0.1:1" }
routes: [{ upstream: chat }]
`)
    expect(await change(running.admin, 'POST', endpoints, query)).toMatchObject({
      status: 409,
      answer: { title: expect.stringMatching(title) },
    })
    expect((await chatOf(running.admin)).endpoints).toHaveLength(1)
  })
})

describe('an endpoint that is removed', () => {
  test('gets no more sessions, and the one it has goes on and is counted until its end', async () => {
    await using running = await start(chatTo(first, second))
    const { gateway, admin } = running
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const { endpoint: url } = await gateway.event('session-opened')
    const { status, answer } = await change(admin, 'DELETE', endpoints, { url })
    expect([status, answer]).toMatchObject([202, { url, sessions: 1 }])
    expect(await placesOf(gateway, 4)).not.toContain(url)
    client.socket.send('still here')
    expect(await client.message(() => true)).toBe('still here')

    const metrics = async () => (await admin.ask('/metrics')).text()
    const labels = `{upstream="chat",endpoint="${url}"}`
    const meanwhile = await metrics()
    expect(sample(meanwhile, `sluice_endpoint_sessions${labels}`)).toBe(1)
    expect(sample(meanwhile, `sluice_endpoint_up${labels}`)).toBeUndefined()
    const shown = async () => (await admin.ask('/upstreams/chat')).json()
    expect(await shown()).toMatchObject({ leaving: { [url]: 1 } })
    client.socket.close()
    await gateway.event('session-closed', ({ endpoint }) => endpoint === url)
    expect(await shown()).toMatchObject({ leaving: {} })
    expect(JSON.stringify(await shown())).toContain('"leaving":{}')
    await metrics() // tells its counts once more
    expect(await metrics()).not.toContain(url)
  })

  test('is 404 the second time, and for an upstream that is not there', async () => {
    await using running = await start(chatTo(first, second))
    const { admin } = running
    const url = urlOf(first)
    expect((await change(admin, 'DELETE', endpoints, { url })).status).toBe(202)
    expect((await change(admin, 'DELETE', endpoints, { url })).status).toBe(404)
    expect((await change(admin, 'DELETE', '/upstreams/none/endpoints', { url })).status).toBe(404)
  })

  test('but would be discovered again stays, and is drained instead', async () => {
    const file = temporaryFile('endpoints.txt', `${urlOf(first)}\n`)
    await using running = await start(`
listeners: ["127.0.0.1:0"]
upstreams: { chat: { discover: { file: "${file}" } } }
routes: [{ upstream: chat }]
`)
    const { gateway, admin } = running
    await gateway.event('endpoint-added')
    const url = urlOf(first)
    expect(await change(admin, 'DELETE', endpoints, { url })).toMatchObject({
      status: 409,
      answer: {
        title: `${url} is in the file of its upstream and would come back; drain it instead`,
      },
    })
    expect((await change(admin, 'PATCH', endpoints, { url, drain: 'true' })).status).toBe(200)
  })

  test('a thousand times leaves nothing behind', async () => {
    await using running = await start(chatTo(first))
    const { gateway, admin } = running
    for (let each = 0; each < 1_000; each++) {
      const url = `ws://127.0.0.1:${1_000 + each}`
      await change(admin, 'POST', endpoints, { url })
      if (each % 100 === 0) await admin.ask('/metrics')
      await change(admin, 'DELETE', endpoints, { url })
    }
    expect((await chatOf(admin)).endpoints.map(({ url }) => url)).toEqual([urlOf(first)])
    await admin.ask('/metrics')
    const metrics = await (await admin.ask('/metrics')).text()
    const told = new Set([...metrics.matchAll(/endpoint="([^"]*)"/g)].map(([, url]) => url))
    expect([...told]).toEqual([urlOf(first)])
    expect(await placesOf(gateway, 2)).toEqual([urlOf(first), urlOf(first)])
  })
})

describe('an endpoint that drains', () => {
  test('gets no new sessions until it is told to take some again, and tells why and since when', async () => {
    await using running = await start(chatTo(first, second))
    const { gateway, admin } = running
    using client = await openWebSocket(`ws://${gateway.host}/`)
    const { endpoint: url } = await gateway.event('session-opened')
    const drained = await change(admin, 'PATCH', endpoints, { url, drain: 'true' })
    expect(drained).toMatchObject({
      status: 200,
      answer: { state: 'draining', isToldToDrain: true, sessions: 1 },
    })
    expect(await placesOf(gateway, 4)).not.toContain(url)
    client.socket.send('still here')
    expect(await client.message(() => true)).toBe('still here')
    // Once more changes nothing.
    expect((await change(admin, 'PATCH', endpoints, { url, drain: 'true' })).status).toBe(200)

    const again = await change(admin, 'PATCH', endpoints, { url, drain: 'false' })
    expect(again).toMatchObject({ status: 200, answer: { state: 'healthy', isToldToDrain: false } })
    expect(await placesOf(gateway, 4)).toContain(url)
    const { answer } = await change<EndpointStory>(admin, 'GET', endpoints, { url })
    expect(answer.history).toMatchObject([
      { state: 'draining', reason: 'told to drain', at: expect.any(String) },
      { state: 'healthy', reason: 'told to take sessions again' },
    ])
    const changes = gateway.events.filter(({ type }) => type === 'endpoint-changed')
    expect(changes).toMatchObject([
      { endpoint: url, state: 'draining', was: 'healthy' },
      { endpoint: url, state: 'healthy', was: 'draining' },
    ])
  })

  test('is one less that is healthy in status and metrics', async () => {
    await using running = await start(chatTo(first, second))
    const { admin } = running
    await change(admin, 'PATCH', endpoints, { url: urlOf(first), drain: 'true' })
    expect(await (await admin.ask('/status')).json()).toMatchObject({
      upstreams: [{ upstream: 'chat', endpoints: 2, healthy: 1 }],
    })
    const metrics = await (await admin.ask('/metrics')).text()
    const up = (peer: Peer) =>
      sample(metrics, `sluice_endpoint_up{upstream="chat",endpoint="${urlOf(peer)}"}`)
    expect([up(first), up(second)]).toEqual([0, 1])
    const draining = 'sluice_upstream_endpoints{upstream="chat",state="draining"}'
    expect(sample(metrics, draining)).toBe(1)
  })
})

test('a weight of 0 sends new sessions elsewhere, and one above lets them come back', async () => {
  await using running = await start(chatTo(first, second))
  const { gateway, admin } = running
  const url = urlOf(first)
  const none = await change(admin, 'PATCH', endpoints, { url, weight: '0' })
  expect(none).toMatchObject({ status: 200, answer: { url, weight: 0, state: 'healthy' } })
  expect(new Set(await placesOf(gateway, 4))).toEqual(new Set([urlOf(second)]))
  await change(admin, 'PATCH', endpoints, { url, weight: '5' })
  expect(await placesOf(gateway, 6)).toContain(url)
  expect(gateway.events.filter(({ type }) => type === 'endpoint-weighted')).toMatchObject([
    { upstream: 'chat', endpoint: url, weight: 0 },
    { weight: 5 },
  ])
})

describe('a split', () => {
  const twoUpstreams = () => `
listeners: ["127.0.0.1:0"]
upstreams: { chat: "${urlOf(first)}", chat-next: "${urlOf(second)}" }
routes:
  - { path: /*, upstream: { chat: 1, chat-next: 0 } }
  - { path: /plain, upstream: chat }
  - { path: /own, respond: { body: ok } }
`
  const path = `/routes/${encodeURIComponent('/*')}/split`

  test('has other shares from the next request on', async () => {
    await using running = await start(twoUpstreams())
    const { gateway, admin } = running
    const now = await change<object>(admin, 'GET', path, {})
    expect(now).toEqual({
      status: 200,
      answer: { route: '/*', shares: { chat: 1, 'chat-next': 0 } },
    })
    expect(new Set(await placesOf(gateway, 3))).toEqual(new Set([urlOf(first)]))
    const shares = { chat: 1, 'chat-next': 3 }
    const changed = await change(admin, 'PATCH', path, { chat: '1', 'chat-next': '3' })
    expect(changed).toMatchObject({ status: 200, answer: { route: '/*', shares } })
    const places = await placesOf(gateway, 8)
    expect(places.filter((place) => place === urlOf(first))).toHaveLength(2)
    expect(gateway.events).toContainEqual({ type: 'split-changed', route: '/*', shares })
  })

  test.each([
    ['%2F*', 'chat=1', 409, 'The route "/*" leads to chat, chat-next: give each of them its share'],
    [
      '%2F*',
      'chat=1&chat-nxt=2',
      409,
      'The route "/*" leads to chat, chat-next, not to chat-nxt: give each of them its share',
    ],
    ['%2F*', 'chat=0&chat-next=0', 400, 'One upstream at least needs a share above 0'],
    ['%2Fplain', 'chat=1', 409, 'The route "/plain" is no split: it leads to chat'],
    ['%2Fown', 'chat=1', 409, 'The route "/own" is no split: it leads to no upstream'],
    ['%2Fplian', 'chat=1', 404, 'There is no route "/plian"; did you mean "/plain"?'],
  ])('of %s is not changed to %s: %i', async (route, query, status, title) => {
    await using running = await start(twoUpstreams())
    const { gateway, admin } = running
    const response = await admin.ask(`/routes/${route}/split?${query}`, {
      method: 'PATCH',
      headers: bearer(token),
    })
    expect([response.status, await response.json()]).toEqual([status, { status, title }])
    expect(new Set(await placesOf(gateway, 3))).toEqual(new Set([urlOf(first)]))
  })
})

describe('who may not change anything', () => {
  const changes = [
    ['POST', `${endpoints}?url=ws://127.0.0.1:1`],
    ['PATCH', `${endpoints}?url=URL&drain=true`],
    ['DELETE', `${endpoints}?url=URL`],
    ['PATCH', '/routes/all/split?chat=1'],
  ] as const
  const strangers = [
    ['without the token', {}, 401],
    ['from a page of another origin', { ...bearer(token), Origin: 'https://evil.example' }, 403],
    ['by a name that leads here', { ...bearer(token), Host: 'evil.example' }, 421],
  ] as const

  test.each(strangers)('%s changes no upstream', async (_, headers, status) => {
    await using running = await start(chatTo(first))
    const { admin } = running
    for (const [method, path] of changes) {
      const target = path.replace('URL', encodeURIComponent(urlOf(first)))
      const answer = await admin.ask(target, { method, headers })
      expect([method, path, answer.status]).toEqual([method, path, status])
    }
    expect((await chatOf(admin)).endpoints).toMatchObject([{ url: urlOf(first), state: 'healthy' }])
  })

  test('sees no upstream by a name that leads here', async () => {
    await using running = await start(chatTo(first))
    for (const path of ['/upstreams', '/upstreams/chat', `${endpoints}?url=x`, '/routes/all/split'])
      expect((await running.admin.ask(path, { headers: { Host: 'evil.example' } })).status).toBe(
        421,
      )
  })
})

test('a path has the methods it has', async () => {
  await using running = await start(chatTo(first))
  const allowed = async (path: string) =>
    (await running.admin.ask(path, { method: 'PUT' })).headers.get('allow')
  expect(await allowed('/upstreams/chat')).toBe('GET, HEAD')
  expect(await allowed(endpoints)).toBe('GET, HEAD, POST, PATCH, DELETE')
  expect(await allowed('/routes/all/split')).toBe('GET, HEAD, PATCH')
  for (const path of ['/upstreams/', '/upstreams/chat/', '/routes/all', '/routes//split'])
    expect((await running.admin.ask(path)).status).toBe(404)
})
