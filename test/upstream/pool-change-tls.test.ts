/** A pool that is to speak TLS otherwise while it serves: connections to come do, and nothing is left of what was before. */
import { afterEach, describe, expect, jest, test } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import type { HttpConnection } from '../../src/upstream/http-connection.ts'
import { Pool } from '../../src/upstream/pool.ts'
import type { PoolEvent, PoolOptions } from '../../src/upstream/pool-options.ts'
import type { UpstreamTlsOptions } from '../../src/upstream/upstream-tls.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { changePool, prepareChange, there } from '../support/changed-pool.ts'
import { endpointOptions, startPool } from '../support/pool.ts'
import { quietHost } from '../support/pool-host.ts'

const plain: UpstreamTlsOptions = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  isVerified: true,
}
const [one, two] = [makeCertificate(), makeCertificate()]
const shown = ({ cert, key }: typeof one): UpstreamTlsOptions => ({ ...plain, cert, key })

/** What is told of certificates. */
function startTlsPool(tls: UpstreamTlsOptions, endpoints: PoolOptions['endpoints'] = []) {
  const { pool: model } = startPool(endpoints)
  model.leave()
  const events: PoolEvent[] = []
  const emit = (event: PoolEvent) => void events.push(event)
  const options = { ...model.options, tls, keepAlive: { connections: 4, idleMs: 60_000 } }
  const pool = new Pool(options, { ...quietHost, clock: systemClock, emit })
  pool.start()
  const told = () =>
    events.flatMap((event) => ('file' in event ? [`${event.type} ${event.file}`] : []))
  return { pool, told }
}

describe('files of TLS', () => {
  afterEach(() => void jest.useRealTimers())

  test('that cannot be used are told before anything changes', () => {
    jest.useFakeTimers()
    const { pool, told } = startTlsPool(shown(one))
    const [timers, { options }] = [jest.getTimerCount(), pool]
    const prepare = (tls: UpstreamTlsOptions) => () =>
      prepareChange(pool, { tls, queue: undefined })
    expect(prepare({ ...plain, ca: '/nowhere.pem' })).toThrow('/nowhere.pem')
    expect(prepare({ ...shown(one), key: two.key })).toThrow('is not the key of the certificate')
    prepare(shown(two))().abandon()
    expect([jest.getTimerCount(), pool.options]).toEqual([timers, options])
    expect(told()).toEqual([`certificate-loaded ${one.cert}`])
    pool.leave()
    expect(jest.getTimerCount()).toBe(0)
  })

  test('that are others are looked after in place of those before', () => {
    jest.useFakeTimers()
    const { pool, told } = startTlsPool(shown(one))
    const timers = jest.getTimerCount()
    changePool(pool, { tls: shown(two) })
    expect(jest.getTimerCount()).toBe(timers)
    expect(told()).toEqual([`certificate-loaded ${one.cert}`, `certificate-loaded ${two.cert}`])
    changePool(pool, { tls: plain })
    expect(jest.getTimerCount()).toBe(0)
    pool.leave()
    changePool(pool, { tls: shown(one) })
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('connections that are kept', () => {
  const authority = makeAuthority()
  const certificate = makeCertificate({ issuer: authority })
  const trusting: UpstreamTlsOptions = { ...plain, ca: authority.cert }

  /** Asks once, and leaves the connection as it is. */
  async function ask(connection: HttpConnection): Promise<HttpConnection> {
    connection.send(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), 'GET', {})
    await connection.answer()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    connection.readBody({ bodyOnData() {}, bodyOnEnd: resolve, bodyOnFailure: reject })
    await promise
    return connection
  }

  async function serve(isTls: boolean, tls: UpstreamTlsOptions) {
    const { certPem: cert, keyPem: key } = certificate
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      ...(isTls && { tls: { cert, key } }),
      fetch: () => new Response('well'),
    })
    const scheme = isTls ? 'https' : 'http'
    const url = `${scheme}://127.0.0.1:${server.port}`
    const { pool } = startTlsPool(tls, [endpointOptions(url, { scheme: 'http', isTls })])
    const { dialer } = there(pool, url)
    const take = () => dialer.take(new AbortController())
    const stop = async () => {
      pool.leave()
      await server.stop(true)
    }
    return { pool, dialer, take, stop }
  }

  test('were agreed with TLS as it was: neither idle ones nor those in use serve any more', async () => {
    const { pool, dialer, take, stop } = await serve(true, trusting)
    const idle = await ask(await take())
    dialer.give(idle)
    expect(await take()).toBe(idle)
    const used = await ask(await take())
    await ask(idle)
    dialer.give(idle)
    changePool(pool, { tls: { ...trusting, serverName: 'elsewhere.test' } })
    dialer.give(used)
    expect(await take().catch((error) => error.code)).toBe('UPSTREAM_CERTIFICATE')
    changePool(pool, { tls: { ...trusting, serverName: 'localhost' } })
    const next = await ask(await take())
    expect([idle, used]).not.toContain(next)
    dialer.give(next)
    expect(await take()).toBe(next)
    await stop()
  })

  test('go on without TLS whatever is said of it, and as many as may be', async () => {
    const { pool, dialer, take, stop } = await serve(false, plain)
    const used = await ask(await take())
    changePool(pool, { tls: { ...plain, isVerified: false } })
    dialer.give(used)
    changePool(pool, { tls: plain })
    expect(await take()).toBe(used)
    await ask(used)
    changePool(pool, { keepAlive: { connections: 0, idleMs: 60_000 } })
    dialer.give(used)
    const next = await ask(await take())
    expect(next).not.toBe(used)
    changePool(pool, { keepAlive: { connections: 1, idleMs: 60_000 } })
    dialer.give(next)
    changePool(pool, { keepAlive: { connections: 0, idleMs: 60_000 } })
    expect(await take()).not.toBe(next)
    await stop()
  })
})
