/**
 * Requests that come before the first endpoints are found: they wait for all of them, and only then it is
 * read what they stick to.
 *
 * The first endpoint of an answer once got all who waited, and cookies led nowhere.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { endpointTag } from '../../src/upstream/endpoint-tag.ts'
import type { Ask } from '../../src/upstream/chooser.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { DnsByHand, settle } from '../support/discovering.ts'
import { a, srv } from '../support/dns-server.ts'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { startEngine } from '../support/engine-server.ts'
import { factsOf } from '../support/facts.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { startHeldDns, type HeldDns } from '../support/held-dns.ts'
import { endpointOptions, startPool } from '../support/pool.ts'
import { dialTcp, type HttpMessage } from '../support/tcp.ts'
import { openWebSocket, upgradeRequest } from '../support/websocket.ts'

const secret = 'known to these gateways'
const service = '_ws._tcp.chat.test'

function gatewayTo(dns: HeldDns, more = ''): OpenGateway {
  return startGatewayHere(`
listeners: ["127.0.0.1:0"]
secret: ${secret}
upstreams:
  chat: { discover: { srv: ${service}, resolver: ${dns.address} }, balancer: round-robin, ${more} }
routes:
  - { path: /well, respond: { status: 204 } }
  - { upstream: chat }
`)
}

/** Says where the servers are, after everything that was sent before has arrived. */
async function find(
  dns: HeldDns,
  gateway: OpenGateway,
  servers: readonly { readonly name: string; readonly url: string }[],
): Promise<void> {
  await dns.asked
  await fetch(`http://${gateway.host}/well`)
  const records = servers.map(({ name, url }) => {
    return srv(service, `${name}.test`, Number(new URL(url).port))
  })
  dns.answer(
    records,
    servers.map(({ name }) => a(`${name}.test`, '127.0.0.1')),
  )
}

async function ask({ port }: OpenGateway, request: string): Promise<HttpMessage> {
  using connection = await dialTcp(port)
  connection.send(request)
  return await connection.message()
}

describe('who waits for the first answer of discovery', () => {
  let servers: EchoServer[] = []
  beforeAll(() => void (servers = ['one', 'two', 'three'].map((name) => startEcho(name))))
  afterAll(() => servers.forEach((server) => server[Symbol.dispose]()))

  test('is spread over all endpoints in it', async () => {
    using dns = await startHeldDns()
    await using gateway = gatewayTo(dns)
    const opening = Array.from({ length: 60 }, () => openWebSocket(`ws://${gateway.host}/`))
    await find(dns, gateway, servers)
    const clients = await Promise.all(opening)
    expect(servers.map(({ sessions }) => sessions)).toEqual([20, 20, 20])
    for (const client of clients) client[Symbol.dispose]()
  })

  test('goes where a cookie leads, and is told no other', async () => {
    using dns = await startHeldDns()
    await using gateway = gatewayTo(dns, 'sticky: { cookie: sluice }')
    const cookie = `sluice=${endpointTag(secret, servers[2]?.url ?? '')}`
    const opening = Array.from({ length: 6 }, () =>
      ask(gateway, upgradeRequest('/', { Cookie: cookie })),
    )
    const asking = Array.from({ length: 6 }, () =>
      ask(gateway, `GET / HTTP/1.1\nHost: gateway.test\nCookie: ${cookie}\n\n`),
    )
    await find(dns, gateway, servers)
    for (const { status, headers } of await Promise.all(opening)) {
      expect(status).toBe(101)
      expect(headers['set-cookie']).toBeUndefined()
    }
    for (const { body, headers } of await Promise.all(asking)) {
      expect(body).toBe('three')
      expect(headers['set-cookie']).toBeUndefined()
    }
    const opened = gateway.events.flatMap((event) =>
      event.type === 'session-opened' ? [event.endpoint] : [],
    )
    expect(opened).toEqual(Array(6).fill(servers[2]?.url))
  })

  test('goes where a cookie leads though a split would lead elsewhere', async () => {
    using dns = await startHeldDns()
    const upstream = `discover: { srv: ${service}, resolver: ${dns.address} }`
    await using gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
secret: ${secret}
upstreams:
  old: { endpoints: ["${servers[0]?.url}"], sticky: { cookie: old } }
  new: { ${upstream}, sticky: { cookie: new } }
routes:
  - { path: /well, respond: { status: 204 } }
  - { upstream: { old: 1, new: 1 } }
`)
    const cookie = `new=${endpointTag(secret, servers[2]?.url ?? '')}`
    const asking = Array.from({ length: 6 }, () =>
      ask(gateway, `GET / HTTP/1.1\nHost: gateway.test\nCookie: ${cookie}\n\n`),
    )
    await find(dns, gateway, servers.slice(1))
    const bodies = (await Promise.all(asking)).map(({ body }) => body)
    expect(bodies).toEqual(Array(6).fill('three'))
  })

  test('finds the Engine.IO session that is on one of them', async () => {
    using dns = await startHeldDns()
    using one = startEngine('one')
    using two = startEngine('two')
    await using gateway = gatewayTo(dns, 'sticky: { by: engine.io }')
    const sid = `two-1.${endpointTag(secret, two.url)}`
    const target = `/socket.io/?EIO=4&transport=polling&sid=${sid}`
    const asking = ask(gateway, `GET ${target} HTTP/1.1\nHost: gateway.test\n\n`)
    await find(dns, gateway, [one, two])
    expect(await asking).toMatchObject({
      status: 200,
      body: '4two has ?EIO=4&transport=polling&sid=two-1',
    })
  })
})

describe('the wait for the first answer', () => {
  const form = { scheme: 'ws', isTls: false, path: '', everyMs: 60_000, resolvers: [] } as const
  const discover = { kind: 'dns', name: 'chat.test', port: 9000, ...form } as const

  function start() {
    const dns = new DnsByHand()
    return { dns, ...startPool([], { discover }, dns) }
  }

  /** What comes of a request, as a gateway asks: a URL or an error's code. */
  function request(pool: Pool, signal = new AbortController().signal) {
    const asked: { result: string | undefined } = { result: undefined }
    const ask: Ask = { request: factsOf(), isSession: true, sticksTo: undefined, tried: [] }
    const enter = async () => {
      await pool.untilDiscovered(signal)
      return pool.enter(ask, signal, 60_000)
    }
    enter().then(
      ({ url }) => (asked.result = url),
      (error) => (asked.result = error instanceof GatewayError ? error.code : String(error)),
    )
    return asked
  }

  test('ends at once where there is none: nobody is there to wait for', async () => {
    const { dns, pool, clock } = start()
    const asked = request(pool)
    await settle()
    expect(asked.result).toBeUndefined()
    await dns.open.fail('the servers are on strike')
    expect([asked.result, clock.now()]).toEqual(['NO_ENDPOINT', 0])
    const later = request(pool)
    await settle()
    expect(later.result).toBe('NO_ENDPOINT')
    pool.leave()
  })

  test("ends with an administrator's endpoint", async () => {
    const { pool } = start()
    const asked = request(pool)
    await settle()
    pool.add(endpointOptions('ws://10.0.0.9:9000'))
    await settle()
    expect(asked.result).toBe('ws://10.0.0.9:9000')
    pool.leave()
  })

  test('ends with the pool', async () => {
    const { pool, clock } = start()
    const asked = request(pool)
    await settle()
    pool.leave()
    await settle()
    expect([asked.result, clock.pending]).toEqual(['NO_ENDPOINT', 0])
  })

  test('ends with the client, and with its time', async () => {
    const { pool, clock } = start()
    const gone = new AbortController()
    const [left, stays] = [request(pool, gone.signal), request(pool)]
    await settle()
    gone.abort(new GatewayError('CLIENT_GONE'))
    clock.advance(4_999)
    await settle()
    expect([left.result, stays.result]).toEqual(['CLIENT_GONE', undefined])
    clock.advance(1)
    await settle()
    expect(stays.result).toBe('NO_ENDPOINT')
    pool.leave()
  })
})
