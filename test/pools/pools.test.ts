/**
 * Whole gateways with several servers behind them: who gets which session, what becomes of those that
 * fail, and who waits.
 */
import { describe, expect, test } from 'bun:test'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway, startGatewayHere, type RunningGateway } from '../support/gateway.ts'
import { listenTcp } from '../support/tcp.ts'
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts'

function yamlFor(endpoints: readonly string[], more = ''): string {
  return `
listeners: ["127.0.0.1:0"]
upstreams:
  chat:
    endpoints: [${endpoints.join(', ')}]
    ${more}
routes: [{ upstream: chat }]
`
}

/** Opens sessions one after the other. */
async function open(gateway: RunningGateway, count: number): Promise<WebSocketClient[]> {
  const clients: WebSocketClient[] = []
  for (let index = 0; index < count; index++)
    clients.push(await openWebSocket(`ws://${gateway.host}/`))
  return clients
}

/** Who serves a session: a server says its name first. */
function serverOf(client: WebSocketClient): Promise<string> {
  return client.message(() => true)
}

function closeAll(clients: readonly WebSocketClient[]): void {
  for (const client of clients) client[Symbol.dispose]()
}

/** The status of a handshake that is not to succeed. */
async function statusOf({ host }: RunningGateway, path = '/'): Promise<number> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  return (await fetch(`http://${host}${path}`, { headers })).status
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => (condition() ? resolve() : void setTimeout(look, 5))
    look()
  })
}

describe('sessions are spread', () => {
  test('by their number: a server that has lost its sessions gets the next ones', async () => {
    using first = startEcho('first')
    using second = startEcho('second')
    await using gateway = startGateway(
      yamlFor([first.url, second.url], 'balancer: least-connections'),
    )
    const clients = await open(gateway, 4)
    const names = await Promise.all(clients.map(serverOf))
    const ofFirst = clients.filter((_, index) => names[index] === 'first')
    expect(ofFirst).toHaveLength(2)
    closeAll(ofFirst)
    await until(() => first.sessions === 0)
    await until(() => gateway.gateway.sessions === 2)
    const later = await open(gateway, 2)
    expect(await Promise.all(later.map(serverOf))).toEqual(['first', 'first'])
    closeAll([...clients, ...later])
  })

  test('by weight, and a backup gets none while another is there', async () => {
    using heavy = startEcho('heavy')
    using light = startEcho('light')
    using backup = startEcho('backup')
    await using gateway = startGateway(
      yamlFor([
        `{ url: ${heavy.url}, weight: 3 }`,
        light.url,
        `{ url: ${backup.url}, backup: true, weight: 9 }`,
      ]),
    )
    const clients = await open(gateway, 8)
    expect([heavy.sessions, light.sessions, backup.sessions]).toEqual([6, 2, 0])
    closeAll(clients)
  })

  test('by a value of the request: the same room is at the same server', async () => {
    using first = startEcho('first')
    using second = startEcho('second')
    using third = startEcho('third')
    const urls = [first, second, third].map(({ url }) => url)
    await using gateway = startGateway(yamlFor(urls, 'balancer: { hash: $request.path }'))
    const rooms = Array.from({ length: 24 }, (_, index) => `/rooms/${index % 8}`)
    const names = new Map<string, Set<string>>()
    for (const room of rooms) {
      using client = await openWebSocket(`ws://${gateway.host}${room}`)
      names.set(room, (names.get(room) ?? new Set()).add(await serverOf(client)))
    }
    expect([...names.values()].map(({ size }) => size)).toEqual(Array(8).fill(1))
    expect(new Set([...names.values()].flatMap((each) => [...each])).size).toBeGreaterThan(1)
  })
})

describe('a server that fails is passed over', () => {
  test('one that refuses: every handshake opens, and soon it is not asked any more', async () => {
    using well = startEcho('well')
    await using gateway = startGateway(
      yamlFor(
        [`ws://127.0.0.1:${await freePort()}`, well.url],
        'eject: { failures: 3, within: 1m }',
      ),
    )
    const clients = await open(gateway, 20)
    expect(well.sessions).toBe(20)
    const { state, reason } = await gateway.event('endpoint-changed')
    expect(state).toBe('ejected')
    expect(reason).toStartWith('3 requests in a row failed')
    expect(gateway.events.filter(({ type }) => type === 'attempt-failed')).toHaveLength(3)
    closeAll(clients)
  })

  test('one that says it is unavailable, but not one that says no', async () => {
    let status = 503
    using busy = startEcho('busy', { status: () => status })
    using well = startEcho('well')
    await using gateway = startGateway(yamlFor([busy.url, well.url], 'eject: off'))
    const clients = await open(gateway, 4)
    expect([busy.requests, well.sessions]).toEqual([2, 4])
    status = 403
    expect([await statusOf(gateway), await statusOf(gateway)]).toContain(403)
    closeAll(clients)
  })

  test('plain requests go elsewhere where nothing was sent yet, or twice does no harm', async () => {
    using well = startEcho('well')
    let taken = 0
    using broken = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      taken++
      connection[Symbol.dispose]()
    })
    await using gateway = startGateway(
      yamlFor([`http://${broken.host}`, well.url.replace('ws', 'http')], 'eject: off'),
    )
    const url = `http://${gateway.host}/`
    const answers = await Promise.all([fetch(url), fetch(url)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(taken).toBe(1)
    const posts = await Promise.all(['a', 'b'].map((body) => fetch(url, { method: 'POST', body })))
    // One of the two reached the server that then went away: it may have been acted on.
    expect(new Set(posts.map(({ status }) => status))).toEqual(new Set([200, 502]))
  })

  test('all of them: one endpoint always stays, so the reason is the true one', async () => {
    const urls = [await freePort(), await freePort()].map((port) => `ws://127.0.0.1:${port}`)
    await using gateway = startGateway(yamlFor(urls, 'eject: { failures: 2 }'))
    for (let time = 0; time < 6; time++) expect(await statusOf(gateway)).toBe(502)
    const changes = gateway.events.filter(({ type }) => type === 'endpoint-changed')
    expect(changes).toHaveLength(1)
  })

  test('its sessions that break off count against it, those that close do not', async () => {
    using well = startEcho('well')
    using flaky = await listenTcp(async (connection) => {
      const head = await connection.until(/\r\n\r\n/)
      const key = /sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? ''
      const accept = new Bun.CryptoHasher('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64')
      connection.send(
        `HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: ${accept}\n\n`,
      )
      connection[Symbol.dispose]()
    })
    await using gateway = startGateway(
      yamlFor([`ws://${flaky.host}`, well.url], 'eject: { failures: 2 }'),
    )
    for (let time = 0; time < 4; time++) {
      using client = await openWebSocket(`ws://${gateway.host}/`)
      await Promise.race([client.closed, serverOf(client)])
    }
    const { reason, endpoint } = await gateway.event('endpoint-changed')
    expect(endpoint).toBe(`ws://${flaky.host}`)
    expect(reason).toStartWith('2 sessions in a row broke off')
  })
})

describe('all servers go and come back', () => {
  test('while none is well handshakes are refused at once, and served again as soon as one is', async () => {
    const ports = [await freePort(), await freePort()]
    let servers: EchoServer[] = ports.map((port) => startEcho(String(port), { port }))
    await using gateway = startGateway(
      yamlFor(
        ports.map((port) => `ws://127.0.0.1:${port}`),
        'health: { websocket: /, interval: 100ms, timeout: 1s, unhealthy: 2, healthy: 2 }',
      ),
    )
    const clients = await open(gateway, 2)
    await Promise.all(servers.map((server) => server.stop()))
    for (const { url } of servers)
      await gateway.event('endpoint-changed', (each) => each.endpoint === url)
    expect(await statusOf(gateway)).toBe(503)
    const refusal = await gateway.event('request-refused')
    expect(refusal.code).toBe('NO_ENDPOINT')
    servers = ports.map((port) => startEcho(String(port), { port }))
    for (const { url } of servers)
      await gateway.event(
        'endpoint-changed',
        ({ endpoint, state }) => endpoint === url && state === 'healthy',
      )
    const later = await open(gateway, 2)
    expect(servers.map(({ sessions }) => sessions)).toEqual([1, 1])
    closeAll([...clients, ...later])
    for (const server of servers) await server.stop()
  })

  test('who may wait is served when one is back', async () => {
    const port = await freePort()
    await using gateway = startGateway(
      yamlFor(
        [`ws://127.0.0.1:${port}`],
        'queue: { sessions: 10, wait: 10s }\n    health: { tcp: true, interval: 100ms, healthy: 1 }',
      ),
    )
    await gateway.event('endpoint-changed')
    const opening = openWebSocket(`ws://${gateway.host}/`)
    using server = startEcho('back', { port })
    using client = await opening
    expect(await serverOf(client)).toBe(server.name)
  })
})

describe('a server with as many sessions as it may', () => {
  test('gets no more, and the next client waits until one has left', async () => {
    using server = startEcho('only')
    await using gateway = startGatewayHere(
      yamlFor([`{ url: ${server.url}, sessions: 2 }`], 'queue: { sessions: 1, wait: 10s }'),
    )
    const clients = await open(gateway, 2)
    const opening = openWebSocket(`ws://${gateway.host}/`)
    await until(() => gateway.gateway.read().upstreams[0]?.waiting === 1)
    // There is one place to wait, and it is taken.
    expect(await statusOf(gateway)).toBe(503)
    expect((await gateway.event('request-refused')).code).toBe('ENDPOINTS_FULL')
    clients[0]?.socket.close()
    using third = await opening
    expect(await serverOf(third)).toBe('only')
    expect(server.sessions).toBe(2)
    closeAll(clients)
  })
})

test('a thousand servers in one upstream: each gets its turn', async () => {
  using server = startEcho('all', { hostname: '0.0.0.0' })
  const hosts = Array.from({ length: 1_000 }, (_, index) => `127.1.${index >> 8}.${index & 255}`)
  await using gateway = startGatewayHere(
    yamlFor(
      hosts.map((host) => `ws://${host}:${server.port}`),
      'health: { tcp: true, interval: 1s }',
    ),
  )
  const clients: WebSocketClient[] = []
  for (let turn = 0; turn < 20; turn++)
    clients.push(
      ...(await Promise.all(
        Array.from({ length: 50 }, () => openWebSocket(`ws://${gateway.host}/`)),
      )),
    )
  const used = gateway.events.flatMap((event) =>
    event.type === 'session-opened' ? event.endpoint : [],
  )
  expect(new Set(used).size).toBe(1_000)
  expect(gateway.events.filter(({ type }) => type === 'endpoint-changed')).toEqual([])
  closeAll(clients)
  await until(() => gateway.gateway.sessions === 0)
})
