// What the health check by HTTP asks, and which answers it takes for well.

import { describe, expect, test } from 'bun:test'
import { httpCheck } from '../../../src/upstream/health-checks/http-check.ts'
import { startHealthServer, type Serve } from '../../support/health-server.ts'
import { failureOf } from '../../support/tcp.ts'

const check = httpCheck.create({ path: '/healthz?deep=1' }, undefined)

/** @returns what comes of it, in front of a server that answers so; nothing is left then. */
async function outcomeOf(answer: (connection: Parameters<Serve>[0]) => Promise<void> | void) {
  using server = await startHealthServer(async (connection) => {
    await connection.until(/\r\n\r\n/)
    await answer(connection)
  })
  const outcome = check.check(server.target, new AbortController().signal)
  const failure = await outcome.then(
    () => 'well',
    (error: unknown) => (error instanceof Error ? error.message : 'no error'),
  )
  await server.gone(1)
  return failure
}

test('it asks for the page once, on a connection that nobody is to keep', async () => {
  let asked = ''
  using server = await startHealthServer(async (connection) => {
    asked = await connection.until(/\r\n\r\n/)
    connection.send('HTTP/1.1 204 No Content\n\n')
  })
  await check.check(server.target, new AbortController().signal)
  await server.gone(1)
  expect(asked.split('\r\n')).toEqual([
    'GET /healthz?deep=1 HTTP/1.1',
    `Host: ${server.target.authority}`,
    'User-Agent: sluice-health',
    'Connection: close',
    '',
    '',
  ])
})

describe('of the status', () => {
  test.each([200, 204, 301, 304, 399])('%d is well', async (status) => {
    const answer = `HTTP/1.1 ${status} Whatever\nContent-Length: 0\n\n`
    expect(await outcomeOf((connection) => connection.send(answer))).toBe('well')
  })

  test.each([101, 400, 401, 404, 429, 500, 503])('%d is not', async (status) => {
    const answer = `HTTP/1.1 ${status} Whatever\nContent-Length: 0\n\n`
    expect(await outcomeOf((connection) => connection.send(answer))).toBe(`answered ${status}`)
  })

  test('the final one counts', async () => {
    const answer = 'HTTP/1.1 103 Early Hints\n\nHTTP/1.1 503 Oops\nContent-Length: 0\n\n'
    expect(await outcomeOf((connection) => connection.send(answer))).toBe('answered 503')
  })
})

describe('the page', () => {
  test.each([
    ['of a known length', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nsound'],
    ['in chunks', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nsound\n0\n\n'],
    ['that ends with the connection', 'HTTP/1.1 200 OK\n\nsound'],
    ['with something behind it', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nsound and more'],
  ])('%s is read to its end, however it is cut', async (_, answer) => {
    const text = answer.replaceAll('\n', '\r\n')
    const send = async (connection: Parameters<Serve>[0], pieceBytes: number) => {
      for (let start = 0; start < text.length; start += pieceBytes)
        await connection.sendWhole(Buffer.from(text.slice(start, start + pieceBytes)))
      connection.end()
    }
    for (const pieceBytes of [1, 7, 10_000])
      expect(await outcomeOf((connection) => send(connection, pieceBytes))).toBe('well')
  })

  test('of a megabyte is read, and a longer one refused', async () => {
    const sendPage = (bytes: number) => async (connection: Parameters<Serve>[0]) => {
      connection.send('HTTP/1.1 200 OK\n\n')
      await connection.sendWhole(Buffer.alloc(bytes))
      connection.end()
    }
    expect(await outcomeOf(sendPage(1024 * 1024))).toBe('well')
    expect(await outcomeOf(sendPage(1024 * 1024 + 1))).toBe('its answer is longer than 1MB')
  })

  test('without end is refused', async () => {
    const outcome = outcomeOf(async (connection) => {
      connection.send('HTTP/1.1 200 OK\n\n')
      for (let isOver = false; !isOver;)
        await connection.sendWhole(Buffer.alloc(100_000)).catch(() => (isOver = true))
    })
    expect(await outcome).toBe('its answer is longer than 1MB')
  })

  test('that breaks off is not well', async () => {
    const outcome = outcomeOf((connection) => {
      connection.send('HTTP/1.1 200 OK\nContent-Length: 50\n\nsound')
      connection.end()
    })
    expect(await outcome).toBe('it closed the connection before its answer was complete')
  })
})

test('a page that does not end is not waited for longer than was told', async () => {
  const abort = new AbortController()
  using server = await startHealthServer(async (connection) => {
    await connection.until(/\r\n\r\n/)
    await connection.sendWhole(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nsound'))
    abort.abort(new Error('no answer within 2s'))
  })
  const outcome = check.check(server.target, abort.signal)
  expect(await failureOf(outcome)).toBe('Error: no answer within 2s')
  await server.gone(1)
})
