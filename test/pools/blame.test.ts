/**
 * Whose fault a failure is: what counts against an endpoint, and what does not.
 */
import { describe, expect, test } from 'bun:test'
import { startEcho } from '../support/echo-server.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { endpointOptions, startPool } from '../support/pool.ts'
import { dialTcp, listenTcp } from '../support/tcp.ts'
import { openWebSocket, switchAnswer, upgradeRequest } from '../support/websocket.ts'

function yamlFor(urls: readonly string[], upstream: string, route = ''): string {
  return `
listeners: ["127.0.0.1:0"]
upstreams: { chat: { endpoints: [${urls.join(', ')}], ${upstream} } }
routes: [{ upstream: chat, ${route} }]
`
}

async function get({ host }: RunningGateway, path = '/'): Promise<number> {
  return (await fetch(`http://${host}${path}`)).status
}

describe('an answer that says no', () => {
  test('is the fault of the request where every endpoint gives it', async () => {
    const servers = ['a', 'b', 'c'].map((name) => startEcho(name, { status: () => 503 }))
    const urls = servers.map(({ url }) => url)
    await using gateway = startGateway(yamlFor(urls, 'eject: { failures: 2 }'))
    for (let time = 0; time < 6; time++) expect(await get(gateway)).toBe(503)
    expect(gateway.events.filter(({ type }) => type === 'endpoint-changed')).toEqual([])
    expect(servers.map(({ requests }) => requests)).toEqual([6, 6, 6])
    for (const server of servers) await server.stop()
  })

  test('is that of the endpoint where another gives a better one', async () => {
    using busy = startEcho('busy', { status: () => 503 })
    using well = startEcho('well')
    await using gateway = startGateway(yamlFor([busy.url, well.url], 'eject: { failures: 2 }'))
    for (let time = 0; time < 4; time++) expect(await get(gateway)).toBe(200)
    const { endpoint, reason } = await gateway.event('endpoint-changed')
    expect(endpoint).toBe(busy.url)
    expect(reason).toStartWith('2 requests in a row failed, the last: answered 503')
  })

  test('with 500 is the word of the application, unless it is configured to be more', async () => {
    using broken = startEcho('broken', { status: () => 500 })
    using well = startEcho('well')
    const urls = [broken.url, well.url]
    await using gateway = startGateway(yamlFor(urls, 'eject: { failures: 1 }'))
    const statuses = [
      await get(gateway),
      await get(gateway),
      await get(gateway),
      await get(gateway),
    ]
    expect(statuses.filter((status) => status === 500)).toHaveLength(2)
    expect(gateway.events.filter(({ type }) => type === 'endpoint-changed')).toEqual([])
    await using stricter = startGateway(
      yamlFor(urls, 'eject: { failures: 1 }, retry: { statuses: [500] }'),
    )
    expect([await get(stricter), await get(stricter)]).toEqual([200, 200])
    expect((await stricter.event('endpoint-changed')).endpoint).toBe(broken.url)
  })
})

test('a server that says nothing leaves half of the time for another', async () => {
  using silent = await listenTcp(async (connection) => void (await connection.until(/never/)))
  using well = startEcho('well')
  await using gateway = startGateway(
    yamlFor([`ws://${silent.host}`, well.url], 'eject: off', 'timeout: { handshake: 1s }'),
  )
  using first = await openWebSocket(`ws://${gateway.host}/`)
  using second = await openWebSocket(`ws://${gateway.host}/`)
  expect(await first.message(() => true)).toBe('well')
  expect(await second.message(() => true)).toBe('well')
  expect(gateway.events.find(({ type }) => type === 'attempt-failed')).toMatchObject({
    code: 'UPSTREAM_ANSWER_TIMEOUT',
    isRetried: true,
  })
})

test('a server has all of the time where its only neighbour takes nobody', async () => {
  using slow = await listenTcp(async (connection) => {
    await connection.until(/\r\n\r\n/)
    await Bun.sleep(700)
    connection.send(switchAnswer())
  })
  const idle = '{ url: "ws://127.0.0.1:1", weight: 0 }'
  await using gateway = startGateway(
    yamlFor([`ws://${slow.host}`, idle], 'eject: off', 'timeout: { handshake: 1s }'),
  )
  using client = await dialTcp(gateway.port)
  client.send(upgradeRequest('/'))
  expect(await client.until(/\r\n\r\n/)).toStartWith('HTTP/1.1 101 ')
})

test('what is not HTTP is tried at another server', async () => {
  using garbage = await listenTcp(async (connection) => {
    await connection.until(/\r\n\r\n/)
    connection.send('220 mail.example.com ESMTP\n')
  })
  using well = startEcho('well')
  await using gateway = startGateway(yamlFor([`ws://${garbage.host}`, well.url], 'eject: off'))
  for (let time = 0; time < 2; time++) {
    using client = await openWebSocket(`ws://${gateway.host}/`)
    expect(await client.message(() => true)).toBe('well')
  }
})

describe('servers that fail one after another', () => {
  const urls = ['ws://10.0.0.1:9000', 'ws://10.0.0.2:9000']
  const start = () => {
    const { pool, clock } = startPool(urls.map((url) => endpointOptions(url)))
    const [first, second] = pool.endpoints
    if (first === undefined || second === undefined) throw new Error('There are two')
    const fail = (endpoint: typeof first) => {
      for (let time = 0; time < 5; time++) endpoint.standing.failed('request', 'connection refused')
    }
    const states = () => [first, second].map(({ standing }) => standing.state)
    return { pool, clock, first, second, fail, states }
  }

  test('do not end with the last one as the only choice: the other is tried in its place', () => {
    const { clock, first, second, fail, states } = start()
    fail(first)
    clock.advance(1_000)
    fail(second)
    expect(states()).toEqual(['healthy', 'ejected'])
    expect(first.standing.reason).toBe('another fails in its place')
  })

  test('change places once a second at most, and say why the one stays', () => {
    const { clock, first, second, fail, states } = start()
    fail(first)
    clock.advance(999)
    fail(second)
    expect(states()).toEqual(['ejected', 'healthy'])
    expect(second.standing.reason).toEndWith('it stays, as others have to')
    clock.advance(1)
    second.standing.failed('request', 'connection refused')
    expect(states()).toEqual(['healthy', 'ejected'])
  })

  test('do not give their place to one that takes nobody', () => {
    const { pool, clock, first, second, fail, states } = start()
    fail(second)
    pool.setWeight(second, 0)
    clock.advance(2_000)
    fail(first)
    expect(states()).toEqual(['healthy', 'ejected'])
  })
})

test('that it fails is said no more when it does well again', () => {
  const { pool } = startPool([endpointOptions('ws://10.0.0.1:9000')])
  const [only] = pool.endpoints
  for (let time = 0; time < 5; time++) only?.standing.failed('request', 'connection refused')
  expect(only?.standing.reason).toEndWith('it stays, as others have to')
  only?.standing.succeeded('request')
  expect(only?.standing.reason).toBe('nothing has failed so far')
})
