/**
 * Which failures are an endpoint's: not that others have used up the time.
 *
 * Somebody who had waited in line until little time was left once had the endpoint blamed for it, and one that
 * was merely asked late was ejected.
 */
import { describe, expect, test } from 'bun:test'
import { GatewayError } from '../../src/core/errors.ts'
import { Dialer } from '../../src/upstream/dialer.ts'
import { startEcho } from '../support/echo-server.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { startBlackHole } from '../support/black-hole.ts'
import { endpointOptions } from '../support/pool.ts'
import { listenTcp, dialTcp, type TcpServer } from '../support/tcp.ts'
import { switchAnswer, upgradeRequest } from '../support/websocket.ts'

const handshakeMs = 400

function gatewayTo(endpoints: readonly string[], more = ''): OpenGateway {
  return startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams:
  chat:
    endpoints: [${endpoints.join(', ')}]
    eject: { failures: 1, within: 1m, for: 1h }
    queue: { sessions: 10, wait: 10s }
    ${more}
routes: [{ upstream: chat, timeout: { handshake: ${handshakeMs}ms } }]
`)
}

/** A server that opens one session, and says nothing to whoever comes after that. */
function startTired(): Promise<TcpServer> {
  return listenTcp(async (connection, index) => {
    await connection.until(/\r\n\r\n/)
    if (index === 1) connection.send(switchAnswer())
    await connection.farewell
    connection.end()
  })
}

async function begin({ port }: OpenGateway) {
  const connection = await dialTcp(port)
  connection.send(upgradeRequest('/'))
  return connection
}

/** Time that the gateway measures has to pass: it has no other clock for this. */
function untilSpent(sinceMs: number, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => (performance.now() - sinceMs >= ms ? resolve() : void setTimeout(look, 5))
    look()
  })
}

function statesOf({ gateway }: OpenGateway): string[] {
  return gateway.upstreams.list().flatMap(({ endpoints }) => endpoints.map(({ state }) => state))
}

describe('an endpoint that does not answer in time', () => {
  test('is not to blame where the time was spent in line', async () => {
    using tired = await startTired()
    using other = await startTired()
    const urls = [tired, other].map(({ host }) => `{ url: "ws://${host}", sessions: 1 }`)
    await using gateway = gatewayTo(urls)
    using first = await begin(gateway)
    expect((await first.message()).status).toBe(101)
    using second = await begin(gateway)
    expect((await second.message()).status).toBe(101)
    const sinceMs = performance.now()
    using waits = await begin(gateway)
    await untilSpent(sinceMs, handshakeMs * 0.6)
    first[Symbol.dispose]()
    expect((await waits.message()).status).toBe(503)
    const { code } = await gateway.event('request-refused')
    expect(code).toBe('HANDSHAKE_TIMEOUT')
    expect(statesOf(gateway)).toEqual(['healthy', 'healthy'])
    expect(gateway.events.some(({ type }) => type === 'attempt-failed')).toBe(false)
  })

  test('is to blame where it had its share of the time', async () => {
    using tired = await startTired()
    using other = await startTired()
    await using gateway = gatewayTo(
      [tired, other].map(({ host }) => `ws://${host}`),
      'retry: { dials: 0 }',
    )
    for (let index = 0; index < 2; index++)
      expect((await (await begin(gateway)).message()).status).toBe(101)
    using late = await begin(gateway)
    expect((await late.message()).status).toBe(504)
    const { code } = await gateway.event('request-refused')
    expect(code).toBe('UPSTREAM_ANSWER_TIMEOUT')
    expect(statesOf(gateway).toSorted()).toEqual(['ejected', 'healthy'])
  })

  test('keeps the width of its gate where a dial had too little', async () => {
    using hole = await startBlackHole()
    const dialler = () => {
      const options = endpointOptions(`ws://127.0.0.1:${hole.port}`)
      const times = { connectMs: 60, answerMs: 60 }
      const keepAlive = { connections: 0, idleMs: 1 }
      return new Dialer(options, { options: { timeout: times, keepAlive }, tls: undefined })
    }
    const [late, whole] = [dialler(), dialler()]
    const failures = await Promise.all([
      late.connect(new AbortController(), 30, 'HANDSHAKE_TIMEOUT').catch(codeOf),
      whole.connect(new AbortController(), 60).catch(codeOf),
    ])
    expect(failures).toEqual(['HANDSHAKE_TIMEOUT', 'UPSTREAM_CONNECT_TIMEOUT'])
    expect([late.isSuspect, whole.isSuspect]).toEqual([false, true])
    expect([late.hasRoom(true), whole.hasRoom(true)]).toEqual([true, true])
  })
})

describe('an endpoint that had all the time that its upstream gives', () => {
  test('is to blame, and another is asked, however little of the handshake is left', async () => {
    using hole = await startBlackHole()
    using silent = await listenTcp(async (connection) => void (await connection.farewell))
    using well = startEcho('well')
    const silentUrl = `ws://${silent.host}`
    const holeUrl = `ws://${hole.host}`
    await using gateway = gatewayTo(
      [silentUrl, holeUrl, well.url],
      'balancer: first\n    timeout: { connect: 30ms, answer: 250ms }',
    )
    using late = await begin(gateway)
    expect((await late.message()).status).toBe(101)
    const failed = gateway.events.flatMap((event) =>
      event.type === 'attempt-failed' ? [[event.endpoint, event.code]] : [],
    )
    expect(failed).toEqual([
      [silentUrl, 'UPSTREAM_ANSWER_TIMEOUT'],
      [holeUrl, 'UPSTREAM_CONNECT_TIMEOUT'],
    ])
  })
})

function codeOf(error: unknown): unknown {
  return error instanceof GatewayError ? error.code : error
}
