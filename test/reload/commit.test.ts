/**
 * What a whole gateway does when another configuration is made ready, taken or given up: everything that is to
 * follow does, and nothing is left of what was not taken.
 */
import { dlopen } from 'bun:ffi'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { copyFileSync, existsSync, unlinkSync } from 'node:fs'
import { reloadLine } from '../../src/core/reload.ts'
import { createGateway } from '../../src/gateway.ts'
import { makeCertificate } from '../support/certificates.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { readYaml, reload } from '../support/reload.ts'
import { SlowEcho } from '../support/slow-echo.ts'
import { failureOf } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

let first: SlowEcho
let second: SlowEcho
beforeEach(() => {
  first = new SlowEcho('server0')
  second = new SlowEcho('server1')
})
afterEach(async () => {
  await first.kill()
  await second.kill()
})

interface Parts {
  /** Keys of the upstream. */
  readonly upstream?: object
  readonly routes?: readonly object[]
  readonly listeners?: readonly object[]
  /** Beside listeners, upstreams and routes. */
  readonly more?: object
}

const listener = { name: 'a', address: '127.0.0.1', port: 0 }
const chat = { name: 'chat', path: '/chat', upstream: 'chat' }
const ping = { name: 'ping', path: '/ping', respond: { body: 'pong' } }

/** Listens on a free port, and leads /chat to the two servers, the first one first. */
function yaml({ upstream, routes = [chat], listeners = [listener], more }: Parts = {}): string {
  const endpoints = [first.url, second.url]
  const upstreams = { chat: { endpoints, balancer: 'first', ...upstream } }
  return JSON.stringify({ listeners, upstreams, routes, leave: { window: '0s' }, ...more })
}

async function status({ host }: OpenGateway, path: string): Promise<number> {
  return (await fetch(`http://${host}${path}`, { keepalive: false })).status
}

describe('what was made ready', () => {
  test('is not taken by a gateway that leaves meanwhile', async () => {
    const more = { leave: { delay: '10m', window: '0s' } }
    await using gateway = startGatewayHere(yaml({ more }))
    const path = temporaryPath('late.sock')
    const listeners = [listener, { name: 'late', unix: path }]
    const next = yaml({ more, routes: [chat, ping], listeners })
    const prepared = gateway.gateway.prepareReload(readYaml(next))
    void gateway.gateway.leave()
    prepared.commit()
    // It still serves whoever comes for a while, as it did before.
    expect(await status(gateway, '/ping')).toBe(404)
    expect(await status(gateway, '/chat')).toBe(200)
    expect(existsSync(path)).toBeFalse()
    expect(gateway.gateway.listeners).toHaveLength(1)
  })

  test('and is given up leaves no listener behind', async () => {
    await using gateway = startGatewayHere(yaml())
    const path = temporaryPath('tried.sock')
    const next = yaml({ routes: [chat, ping], listeners: [listener, { name: 'new', unix: path }] })
    gateway.gateway.prepareReload(readYaml(next)).abandon()
    expect(existsSync(path)).toBeFalse()
    expect(await status(gateway, '/ping')).toBe(404)
    expect(gateway.gateway.listeners).toHaveLength(1)
    expect(reload(gateway, next)).toContain('route ping: added')
  })

  test('only in part leaves no listener behind', async () => {
    const ca = `${makeCertificate().cert}.gone`
    copyFileSync(makeCertificate().cert, ca)
    await using gateway = startGatewayHere(yaml())
    const path = temporaryPath('tried.sock')
    const secure = { endpoints: ['wss://127.0.0.1:1'], tls: { ca } }
    const next = readYaml(
      yaml({ upstream: secure, listeners: [listener, { name: 'new', unix: path }] }),
    )
    unlinkSync(ca)
    expect(() => gateway.gateway.prepareReload(next)).toThrow(ca)
    expect(existsSync(path)).toBeFalse()
    expect(await status(gateway, '/chat')).toBe(200)
  })
})

test('another secret signs other cookies, and the old ones lead nowhere', async () => {
  const sticky = { upstream: { sticky: { cookie: 'stick' } } }
  const secret = (letter: string) => yaml({ ...sticky, more: { secret: letter.repeat(32) } })
  await using gateway = startGatewayHere(secret('a'))
  const cookie = async (before?: string) => {
    const headers = before === undefined ? {} : { cookie: before }
    const answer = await fetch(`http://${gateway.host}/chat`, { headers, keepalive: false })
    return answer.headers.get('set-cookie')?.split(';')[0]
  }
  const old = await cookie()
  expect(old).toStartWith('stick=')
  expect(await cookie(old)).toBeUndefined()
  reload(gateway, secret('b'))
  const renewed = await cookie(old)
  expect(renewed).toStartWith('stick=')
  expect(renewed).not.toBe(old)
  expect(gateway.gateway.secret).toBe('b'.repeat(32))
})

test('the memory that compression may take is that of the file', async () => {
  await using gateway = startGatewayHere(yaml())
  reload(gateway, yaml({ more: { limits: { 'compression-memory': '3MB' } } }))
  expect(gateway.gateway.read().compression.limitBytes).toBe(3 * 1_024 ** 2)
})

test('sessions are moved from an endpoint that drains once the file lets them', async () => {
  const moving = { upstream: { failover: 'transparent', drain: { settle: '0ms' } } }
  await using gateway = startGatewayHere(yaml())
  const { upstreams } = gateway.gateway
  reload(gateway, yaml(moving))
  using client = await openWebSocket(`ws://${gateway.host}/chat`)
  expect(await client.message(() => true)).toStartWith('server0')
  upstreams.change('chat', { kind: 'drain', url: first.url })
  const { to } = await gateway.event('session-moved')
  expect(to).toBe(second.url)
})

test('a handshake under way counts against a limit for each client that comes meanwhile', async () => {
  const limited = { ...chat, limits: { 'sessions-per-client': 1 } }
  await using gateway = startGatewayHere(yaml())
  const open = () => openWebSocket(`ws://${gateway.host}/chat`)
  const goOn = first.hold()
  const opening = open()
  while (first.waiting === 0) await Bun.sleep(1)
  reload(gateway, yaml({ routes: [limited] }))
  await failureOf(open())
  goOn()
  const client = await opening
  await failureOf(open())
  client.socket.close()
  await gateway.event('session-closed')
  using _ = await open()
})

test('sessions of a route that went are not foreseen to do anything with one that came by its name', async () => {
  const more = { leave: { window: '1m' } }
  const both = yaml({ more, routes: [chat, { ...chat, name: 'old', path: '/old' }] })
  await using gateway = startGatewayHere(both)
  const open = () => openWebSocket(`ws://${gateway.host}/old`)
  using one = await open()
  using _ = await open()
  const without = yaml({ more })
  const foresee = () => gateway.gateway.foreseeReload(readYaml(without)).map(reloadLine)
  expect(foresee()).toEqual(['route old: removed; 2 sessions leave'])
  reload(gateway, without)
  // The other one is told to go only after half a minute.
  expect((await one.closed).code).toBe(1012)
  reload(gateway, both)
  expect(gateway.gateway.sessions).toBe(1)
  expect(foresee()).toEqual(['route old: removed'])
})

/** The same socket under another number, which can be closed by itself. */
function duplicate(fd: number | undefined): number {
  const open = (name: string) => dlopen(name, { dup: { args: ['i32'], returns: 'i32' } })
  const libc = open(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6')
  return libc.symbols.dup(fd ?? -1)
}

test('a listener that was given its socket gets one of its own where it listens at another place', async () => {
  await using giver = startGatewayHere(yaml())
  const { inheritance } = giver.gateway.listeners[0] ?? {}
  if (inheritance === undefined) throw new Error('it does not listen')
  const at = (port: number) => readYaml(yaml({ listeners: [{ ...listener, port }] }))
  const sockets = [{ ...inheritance, fd: duplicate(inheritance.fd) }]
  const gateway = createGateway(at(giver.port), () => {}, { sockets })
  try {
    gateway.start()
    const place = () => gateway.listeners.map(({ name, port }) => [name, port])
    expect(place()).toEqual([['a', giver.port]])
    gateway.prepareReload(at(0)).commit()
    const [[name, port] = []] = place()
    expect([name, port === giver.port]).toEqual(['a', false])
  } finally {
    gateway.destroy()
  }
})
