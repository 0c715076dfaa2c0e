/**
 * What every health check does, whatever it asks: it passes who is well, says of everybody else what is
 * wrong, ends when it is told to, and leaves no connection behind.
 */
import { describe, expect, test } from 'bun:test'
import type {
  HealthCheck,
  HealthCheckExtension,
  HealthTarget,
} from '../../src/core/health-check.ts'
import { makeCertificate } from '../support/certificates.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { freePort } from '../support/free-port.ts'
import {
  startHealthServer,
  targetAt,
  type HealthServerOptions,
  type Serve,
} from '../support/health-server.ts'
import { failureOf, type TcpConnection } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'

export interface CheckedProtocol {
  readonly extension: HealthCheckExtension
  /** Complete; with `/healthz` for a path. */
  readonly options: Readonly<Record<string, unknown>>
  /** A server that is well. @returns what was asked for, if anything was. */
  readonly serve: (connection: TcpConnection) => Promise<string | undefined>
  /** The answer of one that is well to a request with this head; a reason where nothing is asked. */
  readonly answer: ((head: string) => string) | { readonly skip: string }
}

const closed = 'it closed the connection before its answer was complete'

/** Servers that go wrong by themselves, and what is said of them. */
const faults: readonly (readonly [name: string, fault: string, serve: Wrong])[] = [
  ['ends the connection at once', closed, ({ end }) => end()],
  ['resets the connection at once', closed, ({ reset }) => reset()],
  ['reads the request and ends', closed, async ({ request, end }) => (await request(), end())],
  [
    'reads the request and resets',
    closed,
    async ({ request, reset }) => (await request(), reset()),
  ],
  [
    'ends in the middle of its answer',
    closed,
    async ({ request, send, end }) => (send((await request()).slice(0, 20)), end()),
  ],
  [
    'speaks something else',
    'its answer is not HTTP/1.1: it does not begin with HTTP/',
    ({ send }) => send('220 mail.example.com ESMTP\r\n'),
  ],
  [
    'answers garbage',
    'its answer is not HTTP/1.1: a control character (0x01)',
    async ({ request, send }) => (await request(), send('HTTP/1.1 200 OK\x01\xff')),
  ],
  [
    'answers a head without end',
    'its answer is not HTTP/1.1: the head is longer than 65536 bytes',
    async ({ request, flood }) => (await request(), flood('HTTP/1.1 200 OK\r\n', 'x-more: 1\r\n')),
  ],
  [
    'answers 103 without end',
    'its answer is not HTTP/1.1: too many 1xx',
    async ({ request, flood }) => (await request(), flood('', 'HTTP/1.1 103 Early Hints\r\n\r\n')),
  ],
  [
    'answers 500, and goes on without end',
    'answered 500',
    async ({ request, flood }) => (await request(), flood('HTTP/1.1 500 Oops\r\n\r\n', 'oops ')),
  ],
]

/** Servers that would keep whoever asks for ever. */
const hangs: readonly (readonly [name: string, serve: Wrong])[] = [
  ['says nothing', async ({ request }) => void (await request())],
  [
    'stops in the middle of its answer',
    async ({ request, send }) => send((await request()).slice(0, 20)),
  ],
  [
    'stops right before the end of its answer',
    async ({ request, send }) => send((await request()).slice(0, -1)),
  ],
]

/** What a server does, in the words of the tables. */
interface Doing {
  /** Waits for a request. @returns the answer of one that is well. */
  readonly request: () => Promise<string>
  readonly send: (text: string) => void
  /** Goes on until the connection is over. */
  readonly flood: (first: string, more: string) => Promise<void>
  readonly end: () => void
  readonly reset: () => void
}
type Wrong = (doing: Doing) => Promise<void> | void

const patience = () => new AbortController().signal

export function healthConformance(protocol: CheckedProtocol): void {
  const { extension, options, answer } = protocol
  const check = extension.create(options, undefined)

  describe(`the health check "${extension.type}"`, () => {
    describePassing(protocol, check)
    describeUnreachable(check)
    describeSignal(check)
    if (typeof answer === 'function') describeAnswers(check, answer)
    else test.skip(`tells who is not well by the answer: ${answer.skip}`, () => {})
  })
}

function describePassing(protocol: CheckedProtocol, check: HealthCheck): void {
  const isAsking = typeof protocol.answer === 'function'
  const places: readonly (readonly [string, () => HealthServerOptions])[] = [
    ['TCP', () => ({})],
    ['TLS', () => ({ certificate: makeCertificate() })],
    ['a Unix socket', () => ({ unix: temporaryPath('health.sock') })],
  ]
  test.each(places)(
    'passes a server that is well, over %s, and leaves nothing',
    async (_, place) => {
      using server = await startHealthServer(wellOf(protocol), place())
      expect(await check.check(server.target, patience())).toBeOneOf([
        undefined,
        expect.any(Number),
      ])
      await server.gone(1)
      expect(server.farewells).toEqual(['ended'])
    },
  )

  test('asks for its path behind that of the endpoint, if it asks for one', async () => {
    const asked: (string | undefined)[] = []
    const serve: Serve = async (connection) => void asked.push(await protocol.serve(connection))
    using server = await startHealthServer(serve, { path: '/base' })
    await check.check(server.target, patience())
    await server.gone(1)
    expect(asked).toEqual([isAsking ? 'GET /base/healthz HTTP/1.1' : undefined])
  })

  test('passes again and again, many at once, and leaves nothing', async () => {
    using server = await startHealthServer(wellOf(protocol))
    for (let round = 0; round < 5; round++) {
      const checks = Array.from({ length: 10 }, () => check.check(server.target, patience()))
      await Promise.all(checks)
    }
    await server.gone(50)
    expect(server.farewells).not.toContain('reset')
  })
}

function describeUnreachable(check: HealthCheck): void {
  test('says that nobody listens', async () => {
    const outcome = check.check(targetAt({ port: await freePort() }), patience())
    expect(await failureOf(outcome)).toBe('Error: connection refused')
  })

  test('says that there is no such socket', async () => {
    const outcome = check.check(targetAt({ unix: temporaryPath('nobody.sock') }), patience())
    expect(await failureOf(outcome)).toBe('Error: no such socket')
  })
}

function describeSignal(check: HealthCheck): void {
  test('does not even dial when it is too late', async () => {
    let dials = 0
    const target = targetOf(() => (dials++, new Promise(() => {})))
    const reason = new Error('no answer within 2s')
    const outcome = check.check(target, AbortSignal.abort(reason))
    expect(await outcome.catch((error: unknown) => error)).toBe(reason)
    expect(dials).toBe(0)
  })

  test('ends at once during a dial, and closes what that brings when it is too late', async () => {
    const dial = Promise.withResolvers<FakeStream>()
    const abort = new AbortController()
    const outcome = check.check(
      targetOf(() => dial.promise),
      abort.signal,
    )
    const reason = new Error('no answer within 2s')
    abort.abort(reason)
    expect(await outcome.catch((error: unknown) => error)).toBe(reason)
    const stream = new FakeStream()
    dial.resolve(stream)
    await dial.promise
    expect(stream.isDestroyed).toBe(true)
  })

  test('passes on what the dial says', async () => {
    const target = targetOf(() => Promise.reject(new Error('its certificate has expired')))
    expect(await failureOf(check.check(target, patience()))).toBe(
      'Error: its certificate has expired',
    )
  })
}

function describeAnswers(check: HealthCheck, answer: (head: string) => string): void {
  test.each(faults)('fails a server that %s: %s', async (_, fault, wrong) => {
    using server = await startHealthServer((connection) => wrong(doingOf(connection, answer)))
    const failure = await failureOf(check.check(server.target, patience()))
    expect(failure).toBe(`Error: ${fault}`)
    await server.gone(1)
  })

  test.each(hangs)('ends when it is told to, with a server that %s', async (_, wrong) => {
    const hanging = Promise.withResolvers<void>()
    using server = await startHealthServer(async (connection) => {
      await wrong(doingOf(connection, answer))
      hanging.resolve()
    })
    const abort = new AbortController()
    const outcome = check.check(server.target, abort.signal)
    await hanging.promise
    const reason = new Error('no answer within 2s')
    abort.abort(reason)
    expect(await outcome.catch((error: unknown) => error)).toBe(reason)
    await server.gone(1)
  })

  test('ends when it is told to, in front of a server that answers byte by byte', async () => {
    const abort = new AbortController()
    using server = await startHealthServer(async (connection) => {
      const head = await connection.until(/\r\n\r\n/)
      const bytes = Buffer.from(answer(head), 'latin1')
      for (let index = 0; index < bytes.length - 1; index++) {
        await connection.sendWhole(bytes.subarray(index, index + 1))
        if (index === 10) abort.abort(new Error('no answer within 2s'))
      }
    })
    const outcome = check.check(server.target, abort.signal)
    expect(await failureOf(outcome)).toBe('Error: no answer within 2s')
    await server.gone(1)
  })
}

const wellOf =
  ({ serve }: CheckedProtocol): Serve =>
  async (connection) =>
    void (await serve(connection))

function doingOf(connection: TcpConnection, answer: (head: string) => string): Doing {
  const send = (text: string) => connection.send(Buffer.from(text, 'latin1'))
  return {
    request: async () => answer(await connection.until(/\r\n\r\n/)),
    send,
    async flood(first, more) {
      send(first)
      const bytes = Buffer.from(more.repeat(100))
      for (let isOver = false; !isOver;)
        await connection.sendWhole(bytes).catch(() => (isOver = true))
    },
    end: () => connection.end(),
    reset: () => connection.reset(),
  }
}

function targetOf(connect: HealthTarget['connect']): HealthTarget {
  return { authority: 'localhost', path: '', connect }
}
