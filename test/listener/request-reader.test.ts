// Request after request on one connection: where each of them begins and ends, what waits, and what is
// refused. Whoever reads that otherwise than the server behind lets requests be smuggled.

import { afterEach, describe, expect, test } from 'bun:test'
import type { ClientRequest, Refusal } from '../../src/listener/client-request.ts'
import type { ListenerClient } from '../../src/listener/opening.ts'
import { RequestReader } from '../../src/listener/request-reader.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { everyCutting, pieces } from '../support/pieces.ts'

const client: ListenerClient = {
  address: '192.0.2.1',
  isTls: false,
  serverName: undefined,
  certificate: undefined,
  isTrustedProxy: false,
  isTrusted: () => false,
  demand: undefined,
}
const opened: FakeStream[] = []

afterEach(() => {
  // Their timers end with them.
  for (const stream of opened.splice(0)) stream.destroy()
})

/** A connection whose requests are served, if at all, by `serve`. */
function connection(serve: (request: ClientRequest) => void = () => {}, idleTimeoutMs = 60_000) {
  const stream = new FakeStream()
  const requests: ClientRequest[] = []
  const refusals: Refusal[] = []
  const reader = new RequestReader(stream, client, {
    listener: 'test',
    limits: { headBytes: 1_024, headers: 10 },
    headTimeoutMs: 60_000,
    bodyTimeoutMs: 60_000,
    idleTimeoutMs,
    onRequest(request) {
      requests.push(request)
      serve(request)
    },
    onRefuse: (refusal) => void refusals.push(refusal),
    onRelease() {},
  })
  opened.push(stream)
  const targets = () => requests.map((request) => request.head.target)
  return { stream, reader, requests, refusals, targets }
}

/** Takes the whole body, and answers `OK` with it. */
function echo(request: ClientRequest): void {
  let body = ''
  request.readBody({
    bodyOnData: (bytes) => void (body += bytes.toString('latin1')),
    bodyOnEnd() {
      request.write(Buffer.from(`<${request.head.target} ${body}>`, 'latin1'))
      request.finish(true)
    },
    mayTrail: (name) => name !== 'host',
  })
}

const get = (target: string, ...fields: readonly string[]) =>
  ['GET ' + target + ' HTTP/1.1', 'Host: a', ...fields, '', ''].join('\r\n')
const post = (target: string, body: string) =>
  get(target, `Content-Length: ${body.length}`).replace('GET', 'POST') + body
const chunked = (target: string, body: string) =>
  get(target, 'Transfer-Encoding: chunked').replace('GET', 'POST') + body
const upgrade = get('/socket', 'Connection: Upgrade', 'Upgrade: websocket')
const statusOf = (stream: FakeStream) => stream.written.slice(0, 12)

describe('requests on one connection', () => {
  test('are read one after the other with their bodies, however their bytes are cut', () => {
    const chunks = '2\r\nhi\r\n1;x\r\n!\r\n0\r\nExpires: never\r\n\r\n'
    const input =
      get('/1') + post('/2', 'GET /no') + chunked('/3', chunks) + post('/4', '') + get('/5')
    const expected = `</1 ></2 GET /no></3 ${chunks}></4 ></5 >`
    const bytes = Buffer.from(input, 'latin1')
    for (const cuts of everyCutting(bytes.length)) {
      const { stream, refusals } = connection(echo)
      for (const piece of pieces(bytes, cuts)) stream.handler.streamOnData(piece)
      expect(stream.written).toBe(expected)
      expect(refusals).toEqual([])
    }
  })

  test('wait for the answer to the one before', () => {
    const { stream, requests, targets } = connection()
    stream.receive(get('/1') + get('/2').slice(0, 9))
    stream.receive(get('/2').slice(9) + get('/3'))
    expect(targets()).toEqual(['/1'])
    requests[0]?.finish(true)
    expect(targets()).toEqual(['/1', '/2'])
    requests[1]?.finish(true)
    expect(targets()).toEqual(['/1', '/2', '/3'])
  })

  test('wait with the client once more than 16 KB or a second chunk of them is here', () => {
    const { stream, requests } = connection()
    stream.receive(get('/1') + get('/2'))
    expect(stream.isPaused).toBe(false)
    stream.receive(get('/3'))
    expect(stream.isPaused).toBe(true)
    for (const request of requests) request.finish(true)
    expect(requests).toHaveLength(3)
    expect(stream.isPaused).toBe(false)

    const other = connection()
    other.stream.receive(get('/1') + 'x'.repeat(16_385))
    expect(other.stream.isPaused).toBe(true)
  })

  test('are not looked at while a client leaves 64 KB of answers untaken', () => {
    const { stream, targets } = connection(echo)
    stream.bufferedBytes = 65_537
    stream.receive(get('/1'))
    expect(targets()).toEqual([])
    stream.drain()
    expect(targets()).toEqual(['/1'])
  })

  test('end where one is answered with its end, and what follows is no request', () => {
    const { stream, requests, targets } = connection()
    stream.receive(get('/1') + get('/2'))
    requests[0]?.finish(false)
    stream.receive(get('/3'))
    expect(targets()).toEqual(['/1'])
    expect(stream.isEnded).toBe(true)
  })

  test('end where one says that it is the last, even if it is answered at once', () => {
    const { stream, targets } = connection(echo)
    stream.receive(get('/1', 'Connection: close') + get('/2'))
    expect(targets()).toEqual(['/1'])
    expect(stream.isEnded).toBe(true)
  })

  test('end with the one that is under way when the reader leaves', () => {
    const { stream, reader, requests, targets } = connection()
    stream.receive(get('/1') + get('/2'))
    reader.leave()
    expect(stream.isEnded).toBe(false)
    requests[0]?.finish(true)
    expect(targets()).toEqual(['/1'])
    expect(stream.isEnded).toBe(true)
  })
})

describe('a body', () => {
  test('waits until somebody reads it', () => {
    const { stream, requests } = connection()
    stream.receive(post('/1', 'body') + get('/2'))
    expect(requests).toHaveLength(1)
    const [request] = requests
    if (request !== undefined) echo(request)
    expect(stream.written).toBe('</1 body>')
    expect(requests).toHaveLength(2)
  })

  test('that nobody has read is never a request: the connection ends with the answer', () => {
    for (const body of [get('/smuggled'), get('/smuggled') + 'x'.repeat(20_000)]) {
      const { stream, requests, targets } = connection()
      stream.receive(post('/1', body))
      requests[0]?.finish(true)
      stream.receive(get('/2'))
      expect(targets()).toEqual(['/1'])
      expect(stream.isEnded).toBe(true)
    }
  })

  test('with a fault is refused at that byte, and nothing behind it is read', () => {
    for (const body of ['2\r\nhi!\r\n', '0\r\nHost: b\r\n\r\n', 'x']) {
      const { stream, refusals, targets } = connection(echo)
      stream.receive(chunked('/1', body) + get('/2'))
      stream.receive(get('/3'))
      expect(targets()).toEqual(['/1'])
      expect(refusals).toMatchObject([{ code: 'MALFORMED_REQUEST' }])
      expect(statusOf(stream)).toBe('HTTP/1.1 400')
      expect(stream.isEnded).toBe(true)
    }
  })

  test('ends once, and what comes behind it waits for the answer', () => {
    const { stream, requests, targets } = connection()
    stream.receive(post('/1', 'body'))
    let ends = 0
    requests[0]?.readBody({ bodyOnData() {}, bodyOnEnd: () => expect(++ends).toBe(1) })
    stream.receive(get('/2'))
    expect(targets()).toEqual(['/1'])
    requests[0]?.finish(true)
    expect(targets()).toEqual(['/1', '/2'])
  })

  test('whose reader is busy waits with the client', () => {
    const { stream, requests } = connection()
    const taken: string[] = []
    stream.receive(post('/1', 'x'.repeat(100)).slice(0, -90))
    requests[0]?.readBody({
      bodyOnData: (bytes) => void taken.push(bytes.toString()),
      bodyOnEnd() {},
    })
    requests[0]?.pauseBody()
    expect(stream.isPaused).toBe(true)
    stream.receive('x')
    expect(stream.isPaused).toBe(true)
    requests[0]?.resumeBody()
    expect(stream.isPaused).toBe(false)
    expect(taken.join('')).toBe('x'.repeat(11))
  })

  test('whose reader was busy at its end leaves no trace on the next requests', () => {
    const { stream, requests } = connection()
    stream.receive(post('/1', 'body'))
    const [first] = requests
    first?.readBody({ bodyOnData: () => first.pauseBody(), bodyOnEnd() {} })
    expect(stream.isPaused).toBe(true)
    first?.finish(true)
    expect(stream.isPaused).toBe(false)
    for (const bytes of [get('/2'), get('/3'), post('/4', 'body').slice(0, -4)])
      stream.receive(bytes)
    expect(stream.isPaused).toBe(true)
    requests[1]?.finish(true)
    requests[2]?.finish(true)
    expect(requests).toHaveLength(4)
    expect(stream.isPaused).toBe(false)
  })
})

// The end of the body once stopped the timer of the connection that waits for its next request.
test('a request that is over before its body is told to end leaves a connection that may be idle', async () => {
  const { stream } = connection((request) => {
    request.readBody({ bodyOnData: () => request.refuse('UPSTREAM_RESET'), bodyOnEnd() {} })
  }, 20)
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.onEnd = resolve
  stream.receive(post('/1', 'body'))
  expect(stream.isEnded).toBe(false)
  await promise
  expect(statusOf(stream)).toBe('HTTP/1.1 502')
}, 1_000)

describe('a head at fault', () => {
  test.each([
    ['HTTP/1.1 400', 'MALFORMED_REQUEST', 'GET / HTTP/1.1\r\n\r\n'],
    ['HTTP/1.1 431', 'HEAD_TOO_LARGE', get('/', `A: ${'x'.repeat(1_024)}`)],
    ['HTTP/1.1 505', 'HTTP_VERSION', get('/').replace('1.1', '2.0')],
    ['HTTP/1.1 405', 'METHOD_NOT_ALLOWED', get('a:443').replace('GET', 'CONNECT')],
    ['HTTP/1.1 501', 'TRANSFER_CODING', get('/', 'Transfer-Encoding: gzip')],
  ])('is answered with %s, %s, and nothing behind it is read', (status, code, head) => {
    const { stream, refusals, targets } = connection(echo)
    stream.receive(head + get('/2'))
    stream.receive(get('/3'))
    expect(targets()).toEqual([])
    expect(refusals).toMatchObject([{ code }])
    expect(statusOf(stream)).toBe(status)
    expect(stream.isEnded).toBe(true)
  })
})

describe('bytes behind an upgrade', () => {
  test('are refused, in the same chunk or a later one: who reads them is not settled', () => {
    for (const chunks of [[upgrade + '\x81'], [upgrade, '\x81']]) {
      const { stream, refusals } = connection()
      for (const chunk of chunks) stream.receive(chunk)
      expect(refusals).toMatchObject([{ code: 'EARLY_DATA' }])
      expect(statusOf(stream)).toBe('HTTP/1.1 400')
      expect(stream.isEnded).toBe(true)
    }
  })

  test('are its body where it says that it has one, which is for others to refuse', () => {
    const { stream, refusals, requests } = connection()
    stream.receive(upgrade.replace('Host: a', 'Host: a\r\nContent-Length: 2') + 'hi')
    expect(refusals).toEqual([])
    expect(requests[0]?.isBodyRead).toBe(false)
  })

  test('go to whoever has taken the stream over', () => {
    const { stream, requests, targets } = connection()
    stream.receive(upgrade)
    const taken: string[] = []
    const handler = {
      ...stream.handler,
      streamOnData: (chunk: Buffer) => void taken.push(chunk.toString()),
    }
    expect(requests[0]?.takeOver()).toBe(stream)
    stream.handler = { ...handler, streamOnDrain() {}, streamOnEnd() {}, streamOnClose() {} }
    stream.receive(get('/2'))
    expect(taken).toEqual([get('/2')])
    expect(targets()).toEqual(['/socket'])
  })
})

test('a client that goes away takes the request with it', () => {
  const gone: string[] = []
  const { stream } = connection((request) => {
    request.onGone = ({ code }) => void gone.push(code)
  })
  stream.receive(get('/1'))
  stream.handler.streamOnEnd()
  expect(gone).toEqual(['CLIENT_GONE'])
  expect(stream.isEnded).toBe(true)
})
