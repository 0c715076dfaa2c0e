/** Heads, and which connections go on: curl in front of the gateway, Node's HTTP server behind it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { curl } from '../support/curl.ts'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp, listenTcp } from '../support/tcp.ts'

let server: Peer
let gateway: RunningGateway
let url: string

/** What `/echo-headers` answers. */
interface Echo {
  readonly url: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly remotePort: number
}

beforeAll(async () => {
  server = await startPeer('http-server.mjs', '--name=behind')
  gateway = startGateway(relayTo(`http://${server.host}`))
  url = `http://${gateway.host}`
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await server.stop()
})

describe('a page', () => {
  test('comes with its status, headers and body', async () => {
    const result = await curl(`${url}/hello`)
    expect(result.body.toString()).toBe('hello')
    expect(result.trace).toContain('< HTTP/1.1 200 OK\r\n')
    expect(result.trace).toContain('< content-type: text/plain\r\n')
    expect(result.trace).toContain('< x-peer: behind\r\n')
  }, 10_000)

  test('keeps the status and the reason of an error', async () => {
    const result = await curl(`${url}/status/503`)
    expect(result.trace).toContain('< HTTP/1.1 503 Service Unavailable\r\n')
    expect(result.body.toString()).toBe('status 503')
  }, 10_000)

  test('keeps each of several cookies on its own line', async () => {
    const { trace } = await curl(`${url}/cookies`)
    expect(trace).toContain('< set-cookie: a=1\r\n< set-cookie: b=2\r\n')
  }, 10_000)
})

test('the server gets path, query and headers as sent, and is told who asks', async () => {
  const forged = [
    '-H',
    'X_Real_IP: 203.0.113.9',
    '-H',
    'Sluice_Session: me',
    '-H',
    'X-Forwarded-Port: 1',
  ]
  const headers = ['-H', 'X-Odd-CASE: Value', '-H', 'X-Forwarded-For: 203.0.113.9', ...forged]
  const { body } = await curl('--path-as-is', ...headers, `${url}/echo-headers?q=%41%2f&q=b`)
  const echo = JSON.parse(body.toString()) as Echo
  expect(echo.url).toBe('/echo-headers?q=%41%2f&q=b')
  const lines = echo.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${echo.rawHeaders[index + 1]}`] : [],
  )
  expect(lines).toContain('X-Odd-CASE: Value')
  expect(lines).toContain(`Host: ${gateway.host}`)
  expect(lines.filter((line) => /203\.0\.113|sluice|-port:/i.test(line))).toEqual([])
  expect(lines.filter((line) => /^x-forwarded-for:/i.test(line))).toEqual([
    'X-Forwarded-For: 127.0.0.1',
  ])
}, 10_000)

test('HEAD gets the head of the page alone, and its connection goes on', async () => {
  const result = await curl('-I', `${url}/big?size=100000`, `${url}/hello`)
  expect(result.trace).toContain('< content-length: 100000\r\n')
  const { transfers } = result
  expect(transfers.map(({ http_code }) => http_code)).toEqual([200, 200])
  expect(transfers.map(({ num_connects }) => num_connects)).toEqual([1, 0])
}, 10_000)

test('answers without a body, 204 and 304, leave the connection ready for the next request', async () => {
  const urls = ['/status/204', '/hello', '/status/304', '/hello'].map((path) => url + path)
  const { transfers, body } = await curl(...urls)
  expect(transfers.map(({ http_code }) => http_code)).toEqual([204, 200, 304, 200])
  expect(transfers.map(({ num_connects }) => num_connects)).toEqual([1, 0, 0, 0])
  expect(body.toString()).toBe('hellohello')
}, 10_000)

test('several requests use one connection of the client, and one to the server', async () => {
  const urls = Array<string>(5).fill(`${url}/echo-headers`)
  const { transfers, body } = await curl(...urls)
  expect(transfers.map(({ num_connects }) => num_connects)).toEqual([1, 0, 0, 0, 0])
  const echoes = JSON.parse(`[${body.toString().replaceAll('}{', '},{')}]`) as Echo[]
  expect(new Set(echoes.map(({ remotePort }) => remotePort)).size).toBe(1)
}, 10_000)

describe('a client of HTTP/1.0', () => {
  test('gets a page whose length is known', async () => {
    const result = await curl('--http1.0', `${url}/hello`)
    expect(result.exitCode).toBe(0)
    expect(result.body.toString()).toBe('hello')
    expect(result.trace).toContain('< Connection: close\r\n')
  }, 10_000)

  test('gets a page of unknown length without chunks, ended by the connection', async () => {
    const result = await curl('--http1.0', `${url}/slow?pieces=4&every=5`)
    expect(result.exitCode).toBe(0)
    expect(result.body.toString()).toBe('0\n1\n2\n3\n')
    expect(result.trace).not.toMatch(/transfer-encoding/i)
  }, 10_000)

  test('keeps its connection if it asks for that', async () => {
    const keeping = ['--http1.0', '-H', 'Connection: keep-alive']
    const result = await curl(...keeping, `${url}/hello`, `${url}/hello`)
    expect(result.transfers.map(({ num_connects }) => num_connects)).toEqual([1, 0])
  }, 10_000)
})

describe('a kept-alive connection that the server has closed', () => {
  const answer = 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'

  test('just as the next GET was sent, does not fail that GET: it is sent again', async () => {
    const requests: number[] = []
    using upstream = await listenTcp(async (connection, index) => {
      await connection.until(/\r\n\r\n/)
      requests.push(index)
      connection.send(answer)
      await connection.until(/\r\n\r\n/)
      requests.push(index)
      connection.end() // as a server does whose idle timeout has just passed
    })
    await using own = startGateway(relayTo(`http://${upstream.host}`))
    const { transfers } = await curl(`http://${own.host}/`, `http://${own.host}/`)
    expect(transfers.map(({ http_code }) => http_code)).toEqual([200, 200])
    expect(requests).toEqual([1, 1, 2])
  }, 10_000)

  test('while it was idle, is not used again', async () => {
    using upstream = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(answer)
      connection.end()
    })
    await using own = startGateway(relayTo(`http://${upstream.host}`))
    using client = await dialTcp(own.port)
    for (const expected of [1, 2, 3]) {
      client.send('POST / HTTP/1.1\nHost: gateway.test\nContent-Length: 0\n\n')
      expect(await client.message()).toMatchObject({ status: 200, body: 'ok' })
      expect(upstream.accepted).toBe(expected)
    }
  }, 10_000)
})
