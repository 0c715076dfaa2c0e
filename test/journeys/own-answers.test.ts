/**
 * Answers of the gateway's own, `respond`, to requests that bring a body: nobody reads it, so the
 * connection ends with the answer, whatever follows.
 */
import { connect } from 'node:net'
import { expect, test } from 'bun:test'
import { until } from '../support/byte-attack.ts'
import { startGateway } from '../support/gateway.ts'
import { pageRequest } from '../support/routing.ts'
import { dialTcp } from '../support/tcp.ts'

const responding = `
listeners: ["127.0.0.1:0"]
routes:
  - { path: /hello, respond: { body: hello } }
`

const upload = (length: number, body: string) =>
  `POST /hello HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: ${length}\r\n\r\n${body}`

test('requests without a body are answered one after the other', async () => {
  await using gateway = startGateway(responding)
  using client = await dialTcp(gateway.port)
  client.send(pageRequest('/hello') + upload(0, '') + pageRequest('/hello', 'Connection: close'))
  for (const connection of ['keep-alive', 'keep-alive', 'close']) {
    const answer = { status: 200, headers: { connection }, body: 'hello' }
    expect(await client.message()).toMatchObject(answer)
  }
  expect(await client.farewell).toBe('ended')
})

// RFC 9112 §9.6. The head was answered with `close`; then the body was read, and the next request answered.
test('behind an answer that says close no request is served', async () => {
  await using gateway = startGateway(responding)
  for (const behind of ['together', 'later']) {
    using client = await dialTcp(gateway.port)
    const next = pageRequest('/hello')
    client.send(upload(4, behind === 'together' ? `body${next}` : 'bo'))
    expect(await client.message()).toMatchObject({ status: 200, headers: { connection: 'close' } })
    if (behind === 'later') client.send(`dy${next}`)
    expect(await client.farewell).toBe('ended')
    expect(client.received).toBe('')
  }
  // A process of its own tells of an answer a little after its client has it.
  const answered = () => gateway.events.filter(({ type }) => type === 'request-answered').length
  await until(() => answered() >= 2)
  expect(answered()).toBe(2)
})

// As long as some of it came, it was read: 100 MB, or a byte a minute for years.
test('a body of 100 MB is not waited for', async () => {
  await using gateway = startGateway(responding)
  const client = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
  let isClosed = false
  client.on('close', () => (isClosed = true))
  client.on('error', () => {}) // the RST of what is sent too late
  client.resume()
  client.write(upload(100_000_000, ''))
  const sendOn = () => {
    if (!isClosed) client.write('x')
    return isClosed
  }
  expect(await until(sendOn, 10_000)).toBe(true)
  expect(client.bytesWritten).toBeLessThan(1_000_000)
}, 15_000)

// It came when the body had been read, which is never where the client breaks off.
test('an answer is told of, even if its client breaks off inside the body', async () => {
  await using gateway = startGateway(responding)
  using client = await dialTcp(gateway.port)
  client.send(upload(1_000, 'the first bytes'))
  await client.message()
  client.reset()
  const event = await gateway.event('request-answered')
  expect(event).toMatchObject({ method: 'POST', path: '/hello', status: 200 })
})
