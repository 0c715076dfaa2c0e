/**
 * A gateway that is given another configuration while clients are there: what changed holds at once, and who
 * has nothing to do with it sees nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { reload } from '../support/reload.ts'
import { failureOf } from '../support/tcp.ts'
import { openWebSocket } from '../support/websocket.ts'

let first: Peer
let second: Peer
beforeAll(async () => {
  first = await startPeer('ws-server.mjs')
  second = await startPeer('ws-server.mjs')
})
afterAll(() => Promise.all([first.stop(), second.stop()]))

interface Parts {
  readonly listeners?: string
  readonly upstreams?: string
  readonly routes?: string
  readonly more?: string
}

/** @param parts what differs from one listener and a route to the first server. */
function yaml({
  listeners = '["127.0.0.1:0"]',
  upstreams = `{ chat: ["ws://${first.host}"] }`,
  routes = '[{ name: chat, path: /chat, upstream: chat }]',
  more = '',
}: Parts = {}): string {
  return `listeners: ${listeners}\nupstreams: ${upstreams}\nroutes: ${routes}\nleave: { window: 0s }\n${more}\n`
}

async function echoes(client: Awaited<ReturnType<typeof openWebSocket>>, text: string) {
  client.socket.send(text)
  await client.message((heard) => heard === text)
}

async function status({ host }: OpenGateway, path: string): Promise<number> {
  return (await fetch(`http://${host}${path}`)).status
}

describe('routes', () => {
  test('come, go and change, and a session of another goes on', async () => {
    await using gateway = startGatewayHere(yaml())
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    const withPing = `[{ name: chat, path: /chat, upstream: chat }, { name: ping, path: /ping, respond: { body: pong } }]`
    expect(await status(gateway, '/ping')).toBe(404)
    expect(reload(gateway, yaml({ routes: withPing }))).toEqual(['route ping: added'])
    expect(await status(gateway, '/ping')).toBe(200)
    const moved = withPing.replace('path: /ping', 'path: /pong')
    expect(reload(gateway, yaml({ routes: moved }))).toEqual(['route ping: path /ping → /pong'])
    expect(await status(gateway, '/ping')).toBe(404)
    expect(await status(gateway, '/pong')).toBe(200)
    expect(reload(gateway, yaml())).toEqual(['route ping: removed'])
    expect(await status(gateway, '/pong')).toBe(404)
    await echoes(client, 'still here')
    expect(reload(gateway, yaml())).toEqual([])
  })

  test('that are gone close their sessions with 1012, and no others', async () => {
    const both = `[{ name: chat, path: /chat, upstream: chat }, { name: old, path: /old, upstream: chat }]`
    await using gateway = startGatewayHere(yaml({ routes: both }))
    using stays = await openWebSocket(`ws://${gateway.host}/chat`)
    using leaves = await openWebSocket(`ws://${gateway.host}/old`)
    expect(reload(gateway, yaml())).toEqual(['route old: removed; 1 session leaves'])
    expect(await leaves.closed).toEqual({
      code: 1012,
      reason: 'The route of this session is there no more',
    })
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'gateway', reason: 'ROUTE_REMOVED' })
    await echoes(stays, 'still here')
  })

  test('tell how many sessions follow, and what is for sessions to come', async () => {
    await using gateway = startGatewayHere(yaml())
    using one = await openWebSocket(`ws://${gateway.host}/chat`)
    using two = await openWebSocket(`ws://${gateway.host}/chat`)
    const routes =
      '[{ name: chat, path: /chat, upstream: chat, limits: { messages: 80/s }, origins: "*" }]'
    const [line, ...rest] = reload(gateway, yaml({ routes }))
    expect(rest).toEqual([])
    expect(line).toMatch(/^route chat: .*limits\.messages .*→ 80\/s.*; 2 sessions follow/)
    await echoes(one, 'a')
    await echoes(two, 'b')
  })

  test('count the sessions there are against a limit that is new', async () => {
    await using gateway = startGatewayHere(yaml())
    using one = await openWebSocket(`ws://${gateway.host}/chat`)
    const limited = (limits: string) =>
      yaml({ routes: `[{ name: chat, path: /chat, upstream: chat, limits: ${limits} }]` })
    for (const limits of ['{ sessions: 1 }', '{ sessions-per-client: 1 }']) {
      reload(gateway, limited(limits))
      await failureOf(openWebSocket(`ws://${gateway.host}/chat`))
    }
    await echoes(one, 'still here')
    one.socket.close()
    await gateway.event('session-closed')
    using _ = await openWebSocket(`ws://${gateway.host}/chat`)
  })

  test('go to another upstream for sessions to come; those that are open stay where they are', async () => {
    const upstreams = `{ chat: ["ws://${first.host}"], next: ["ws://${second.host}"] }`
    await using gateway = startGatewayHere(yaml({ upstreams }))
    using one = await openWebSocket(`ws://${gateway.host}/chat`)
    const routes = '[{ name: chat, path: /chat, upstream: next }]'
    reload(gateway, yaml({ upstreams: `{ next: ["ws://${second.host}"] }`, routes }))
    using two = await openWebSocket(`ws://${gateway.host}/chat`)
    await echoes(one, 'old')
    await echoes(two, 'new')
    const { sessions } = gateway.gateway.listSessions({ limit: 10, after: 0 })
    expect(sessions.map(({ upstream, endpoint }) => [upstream, endpoint])).toEqual([
      ['chat', `ws://${first.host}`],
      ['next', `ws://${second.host}`],
    ])
  })
})

describe('upstreams', () => {
  test('keep what they know of endpoints that stay, and what an administrator has said', async () => {
    const one = `{ chat: { endpoints: ["ws://${first.host}"], eject: { failures: 5 } } }`
    const two = `{ chat: { endpoints: ["ws://${first.host}", "ws://${second.host}"], eject: { failures: 5 } } }`
    await using gateway = startGatewayHere(yaml({ upstreams: one }))
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    const url = `ws://${first.host}`
    gateway.gateway.upstreams.change('chat', { kind: 'weigh', url, weight: 7 })
    expect(reload(gateway, yaml({ upstreams: two }))).toEqual([
      `upstream chat: endpoints +ws://${second.host}`,
    ])
    const [upstream] = gateway.gateway.upstreams.list()
    expect(upstream?.endpoints.map(({ weight, sessions }) => [weight, sessions])).toEqual([
      [7, 1],
      [1, 0],
    ])
    expect(reload(gateway, yaml({ upstreams: one }))).toEqual([
      `upstream chat: endpoints −ws://${second.host}`,
    ])
    await echoes(client, 'still here')
  })

  test('lose an endpoint, whose sessions go on', async () => {
    const both = `{ chat: { endpoints: ["ws://${first.host}", "ws://${second.host}"], balancer: first } }`
    await using gateway = startGatewayHere(yaml({ upstreams: both }))
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    const [line] = reload(
      gateway,
      yaml({ upstreams: `{ chat: { endpoints: ["ws://${second.host}"], balancer: first } }` }),
    )
    expect(line).toEndWith('; 1 session goes on as it is')
    await echoes(client, 'still here')
  })

  test('lose an endpoint, whose sessions move where failover lets them', async () => {
    const keys = 'balancer: first, failover: transparent, drain: { settle: 0ms }'
    const both = `{ chat: { endpoints: ["ws://${first.host}", "ws://${second.host}"], ${keys} } }`
    await using gateway = startGatewayHere(yaml({ upstreams: both }))
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    await echoes(client, 'here')
    const [line] = reload(
      gateway,
      yaml({ upstreams: `{ chat: { endpoints: ["ws://${second.host}"], ${keys} } }` }),
    )
    expect(line).toEndWith('; 1 session moves')
    const { to } = await gateway.event('session-moved')
    expect(to).toBe(`ws://${second.host}`)
    await echoes(client, 'there')
  })
})

describe('listeners', () => {
  test('come and go while sessions of those that went go on', async () => {
    await using gateway = startGatewayHere(yaml())
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    const next = '[{ name: next, address: 127.0.0.1, port: 0 }]'
    expect(reload(gateway, yaml({ listeners: next }))).toContain('listener next: added')
    using other = await openWebSocket(`ws://127.0.0.1:${gateway.gateway.listeners[0]?.port}/chat`)
    await echoes(client, 'by the old one')
    await echoes(other, 'by the new one')
    await failureOf(openWebSocket(`ws://${gateway.host}/chat`))
  })

  test('that cannot be bound leave everything as it was', async () => {
    await using gateway = startGatewayHere(yaml())
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    const taken = new URL(`http://${first.host}`).port
    const routes = '[{ name: chat, path: /chat, upstream: chat, limits: { sessions: 1 } }]'
    expect(() =>
      reload(gateway, yaml({ listeners: `["127.0.0.1:0", "127.0.0.1:${taken}"]`, routes })),
    ).toThrow()
    using other = await openWebSocket(`ws://${gateway.host}/chat`)
    await echoes(client, 'a')
    await echoes(other, 'b')
    expect(gateway.events.filter(({ type }) => type === 'listening')).toHaveLength(1)
  })

  test('take other limits on the same socket', async () => {
    await using gateway = startGatewayHere(
      yaml({ listeners: '[{ name: a, address: 127.0.0.1, port: 0 }]' }),
    )
    using client = await openWebSocket(`ws://${gateway.host}/chat`)
    const limited = '[{ name: a, address: 127.0.0.1, port: 0, limits: { clients: 1 } }]'
    expect(reload(gateway, yaml({ listeners: limited }))).toEqual([
      'listener a: limits.clients off → 1; for connections to come',
    ])
    await failureOf(openWebSocket(`ws://${gateway.host}/chat`))
    await echoes(client, 'still here')
  })
})

test('a gateway that leaves takes no other configuration', async () => {
  await using gateway = startGatewayHere(yaml())
  const routes = '[{ name: new, path: /new, upstream: chat }]'
  const left = gateway.gateway.leave()
  expect(() => reload(gateway, yaml({ routes }))).toThrow('The gateway is leaving')
  await left
  expect(gateway.gateway.state).toBe('left')
})
