/** Bodies in both directions, with curl in front of the gateway and Node's HTTP server behind it. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { bigPage, curl, sha256, startCurl } from '../support/curl.ts'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'

const MB = 1024 * 1024
let server: Peer
let gateway: RunningGateway
let url: string
/** 50 MB that no compression or repetition could hide a fault in. */
let file: string
let fileSha256: string

beforeAll(async () => {
  server = await startPeer('http-server.mjs')
  gateway = startGateway(relayTo(`http://${server.host}`))
  url = `http://${gateway.host}`
  file = temporaryPath('upload.bin')
  const bytes = new Uint8Array(50 * MB)
  for (let start = 0; start < bytes.length; start += 65_536)
    crypto.getRandomValues(bytes.subarray(start, start + 65_536))
  fileSha256 = sha256(bytes)
  await Bun.write(file, bytes)
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await server.stop()
  await rm(file)
})

describe('an upload of 50 MB arrives unchanged', () => {
  test('by length', async () => {
    const result = await curl('-H', 'Expect:', '-T', file, `${url}/upload`)
    expect(JSON.parse(result.body.toString())).toMatchObject({
      method: 'PUT',
      bytes: 50 * MB,
      sha256: fileSha256,
      framing: 'content-length',
    })
  }, 30_000)

  test('by chunks', async () => {
    const chunked = ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:']
    const result = await curl(...chunked, '-T', file, `${url}/upload`)
    expect(JSON.parse(result.body.toString())).toMatchObject({
      bytes: 50 * MB,
      sha256: fileSha256,
      framing: 'chunked',
    })
  }, 30_000)

  test('after the server has said 100 Continue', async () => {
    const expecting = ['-H', 'Expect: 100-continue', '--expect100-timeout', '25']
    const result = await curl(...expecting, '-T', file, `${url}/upload`)
    expect(result.trace).toContain('< HTTP/1.1 100 Continue')
    expect(JSON.parse(result.body.toString())).toMatchObject({ sha256: fileSha256 })
  }, 20_000)
})

describe('an early answer', () => {
  test('reaches a client that is still sending 50 MB', async () => {
    const result = await curl('-H', 'Expect:', '--data-binary', `@${file}`, `${url}/early`)
    expect(result.transfers).toMatchObject([{ http_code: 413 }])
    expect(result.body.toString()).toBe('too large')
  }, 20_000)

  test('reaches a client that waits for 100 Continue, which then sends nothing', async () => {
    const expecting = ['-H', 'Expect: 100-continue', '--expect100-timeout', '15']
    const result = await curl(...expecting, '-T', file, `${url}/early`)
    expect(result.transfers).toMatchObject([{ http_code: 413, size_upload: 0 }])
    expect(result.body.toString()).toBe('too large')
  }, 10_000)

  test('says that the connection ends, since the rest of the request is not read', async () => {
    using client = await dialTcp(gateway.port)
    client.send(
      'POST /early HTTP/1.1\nHost: gateway.test\nContent-Length: 1000000\n\nthe first bytes',
    )
    const answer = await client.message()
    expect(answer.status).toBe(413)
    expect(await client.farewell).toBe('ended')
    expect(client.received).toContain('too large')
    expect(answer.headers['connection']).toBe('close')
  }, 10_000)
})

describe('a download', () => {
  test('is unchanged by length and by chunks, also for a client that reads slowly', async () => {
    const size = 16 * MB // more than the kernel holds between the server and curl
    const expected = sha256(bigPage(size))
    const slow = ['--limit-rate', '8M']
    const [byLength, byChunks] = await Promise.all([
      curl(...slow, `${url}/big?size=${size}`),
      curl(...slow, `${url}/big?size=${size}&chunked=1`),
    ])
    expect(byLength.trace).toContain(`< content-length: ${size}`)
    expect(byChunks.trace).toContain('< Transfer-Encoding: chunked')
    expect([byLength.sha256, byChunks.sha256]).toEqual([expected, expected])
  }, 20_000)

  test('of 50 MB at full speed is unchanged', async () => {
    const result = await curl(`${url}/big?size=${50 * MB}`)
    expect(result.sha256).toBe(sha256(bigPage(50 * MB)))
  }, 20_000)

  test('from a server that trickles comes whole', async () => {
    const result = await curl(`${url}/slow?pieces=8&every=5`)
    expect(result.body.toString()).toBe('0\n1\n2\n3\n4\n5\n6\n7\n')
  }, 10_000)

  test('carries its trailers', async () => {
    const result = await curl('--raw', `${url}/trailers`)
    expect(result.body.toString()).toBe('4\r\nbody\r\n0\r\nx-checksum: abc\r\n\r\n')
    expect(result.trace.toLowerCase()).toContain('< trailer: x-checksum')
  }, 10_000)
})

test("an upload's trailers reach the server", async () => {
  using client = await dialTcp(gateway.port)
  client.send('POST /upload HTTP/1.1\nHost: gateway.test\nTransfer-Encoding: chunked\n\n')
  client.send('4\nbody\n0\nX-Checksum: abc\n\n')
  const answer = await client.until(/"trailers":\{[^}]*\}/)
  expect(answer).toEndWith('"trailers":{"x-checksum":"abc"}')
}, 10_000)

test('server-sent events arrive one by one, and the server learns that the client has gone', async () => {
  // The second event is a minute away: it would have to come before a gateway that collects says anything.
  const path = '/sse?events=2&every=60000'
  const child = startCurl(`${url}${path}`)
  let events = ''
  const decoder = new TextDecoder()
  for await (const chunk of child.stdout) {
    events += decoder.decode(chunk)
    if (events.endsWith('\n\n')) break
  }
  child.kill()
  expect(events).toBe('data: 0\n\n')
  await server.line((line) => line['url'] === path && line['event'] === 'error')
}, 10_000)
