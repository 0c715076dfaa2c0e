/**
 * Clients with cookies, as browsers are, before two gateways that share a secret and nothing else: each
 * finds its server again, and another when that is gone.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { endpointTag } from '../../src/upstream/endpoint-tag.ts'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { dialTcp, type HttpMessage } from '../support/tcp.ts'
import { upgradeRequest } from '../support/websocket.ts'

const secret = 'known to these gateways'

let servers: EchoServer[] = []
beforeAll(() => void (servers = ['one', 'two', 'three'].map((name) => startEcho(name))))
afterAll(() => servers.forEach((server) => server[Symbol.dispose]()))

interface GatewayOptions {
  readonly sticky?: string
  readonly endpoints?: readonly string[]
  readonly secret?: string
  readonly route?: string
}

function gatewayWith(options: GatewayOptions = {}): RunningGateway {
  const endpoints = options.endpoints ?? servers.map(({ url }) => url)
  return startGateway(`
listeners: ["127.0.0.1:0"]
secret: ${options.secret ?? secret}
upstreams:
  chat:
    endpoints: [${endpoints.join(', ')}]
    sticky: ${options.sticky ?? '{ cookie: sluice }'}
routes: [{ upstream: chat, ${options.route ?? ''} }]
`)
}

/** Keeps what it is told, like a browser with one cookie. */
class Visitor {
  cookie: string | undefined
  /** The whole of what it was last told. */
  told: string | undefined

  constructor(cookie?: string) {
    this.cookie = cookie
  }

  /** @returns the name of the server. */
  async ask(gateway: RunningGateway): Promise<string> {
    const line = this.cookie === undefined ? '' : `Cookie: theme=dark; ${this.cookie}\n`
    using connection = await dialTcp(gateway.port)
    connection.send(`GET / HTTP/1.1\nHost: gateway.test\n${line}\n`)
    const answer = await connection.message()
    expect(answer.status).toBe(200)
    this.#keep(answer)
    return answer.body
  }

  /** Opens a WebSocket. @returns the name of the server. */
  async open(gateway: RunningGateway): Promise<string> {
    const more: Record<string, string> = this.cookie === undefined ? {} : { Cookie: this.cookie }
    using connection = await dialTcp(gateway.port)
    connection.send(upgradeRequest('/', more))
    const answer = await connection.message()
    expect(answer.status).toBe(101)
    this.#keep(answer)
    return (await connection.frame()).payload.toString()
  }

  #keep({ headers }: HttpMessage): void {
    this.told = headers['set-cookie']
    if (this.told !== undefined) this.cookie = this.told.split(';')[0]
  }
}

function tagOf(server: EchoServer | undefined, signedWith = secret): string {
  if (server === undefined) throw new Error('There is no such server')
  return `sluice=${endpointTag(signedWith, server.url)}`
}

function serverNamed(name: string): EchoServer | undefined {
  return servers.find((server) => server.name === name)
}

describe('a client with cookies', () => {
  test('keeps its server over two gateways, for requests and for WebSockets', async () => {
    await using first = gatewayWith()
    await using second = gatewayWith()
    for (let count = 0; count < 5; count++) {
      const visitor = new Visitor()
      const name = await visitor.ask(count % 2 === 0 ? first : second)
      expect(visitor.cookie).toBe(tagOf(serverNamed(name)))
      for (const gateway of [second, first, first, second]) {
        expect([await visitor.ask(gateway), visitor.told]).toEqual([name, undefined])
        expect([await visitor.open(gateway), visitor.told]).toEqual([name, undefined])
      }
    }
  })

  test('learns of it in a 101 too', async () => {
    await using gateway = gatewayWith({
      sticky: '{ cookie: { name: sluice, path: /chat, max-age: 1h, same-site: strict } }',
    })
    const visitor = new Visitor()
    const name = await visitor.open(gateway)
    const attributes = 'Path=/chat; HttpOnly; SameSite=Strict; Max-Age=3600'
    expect(visitor.told).toBe(`${tagOf(serverNamed(name))}; ${attributes}`)
    expect(await visitor.ask(gateway)).toBe(name)
  })

  test('is spread with others: clients without one go by turn', async () => {
    await using gateway = gatewayWith()
    const names = new Set<string>()
    for (const _ of servers) names.add(await new Visitor().open(gateway))
    expect([...names].toSorted()).toEqual(['one', 'three', 'two'])
  })

  test('of a server that is gone gets another, and is told so', async () => {
    const passing = startEcho('passing')
    const endpoints = [passing.url, ...servers.map(({ url }) => url)]
    await using gateway = gatewayWith({ endpoints })
    const visitor = new Visitor(tagOf(passing))
    expect(await visitor.open(gateway)).toBe('passing')
    await passing.stop()
    const name = await visitor.open(gateway)
    expect(name).not.toBe('passing')
    expect(visitor.cookie).toBe(tagOf(serverNamed(name)))
    expect([await visitor.ask(gateway), visitor.told]).toEqual([name, undefined])
  })

  test('gets to a server of weight 0 that it knows, as nobody else does', async () => {
    const [one, two] = servers
    const endpoints = [`{ url: ${one?.url}, weight: 0 }`, `${two?.url}`]
    await using gateway = gatewayWith({ endpoints })
    expect(await new Visitor(tagOf(one)).open(gateway)).toBe('one')
    for (let count = 0; count < 3; count++) expect(await new Visitor().open(gateway)).toBe('two')
  })

  test.each(['sluice=forged00', 'sluice=', 'sluice="', 'sluice=ws://127.0.0.1:1'])(
    'that says %s is nobody known, and is told anew',
    async (forged) => {
      await using gateway = gatewayWith()
      const visitor = new Visitor(forged)
      const name = await visitor.ask(gateway)
      expect(visitor.cookie).toBe(tagOf(serverNamed(name)))
    },
  )

  test('cannot come back with what a gateway of another secret said', async () => {
    await using gateway = gatewayWith({ secret: 'known to other gateways' })
    const visitor = new Visitor(tagOf(servers[0]))
    const name = await visitor.ask(gateway)
    expect(visitor.cookie).toBe(tagOf(serverNamed(name), 'known to other gateways'))
  })
})

describe('a cookie', () => {
  test('is set whatever the route does to those of servers', async () => {
    await using gateway = gatewayWith({ route: 'answer: { headers: { remove: [set-cookie] } }' })
    const visitor = new Visitor()
    await visitor.ask(gateway)
    expect(visitor.told).toStartWith('sluice=')
  })

  test('is not set by an endpoint that fails', async () => {
    using failing = startEcho('failing', { status: () => 500 })
    await using gateway = gatewayWith({ endpoints: [failing.url] })
    const answer = await fetch(`http://${gateway.host}/`)
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([500, null])
  })

  test('of the gateway alone is no credential: a page that was let in is let in again', async () => {
    await using gateway = gatewayWith()
    const statusFor = async (cookie: string) => {
      using connection = await dialTcp(gateway.port)
      const headers = { Host: 'ws.example.com', Origin: 'https://app.example.com' }
      connection.send(upgradeRequest('/', { ...headers, Cookie: cookie }))
      return (await connection.message()).status
    }
    expect(await statusFor(tagOf(servers[0]))).toBe(101)
    expect(await statusFor(`${tagOf(servers[0])}; login=ann`)).toBe(403)
    expect(await statusFor('sluice; =x')).toBe(403)
  })

  test('leads to the upstream of a split where it was set', async () => {
    const [one, two] = servers
    await using gateway = startGateway(`
listeners: ["127.0.0.1:0"]
secret: ${secret}
upstreams:
  chat: { endpoints: ["${one?.url}"], sticky: { cookie: sluice } }
  chat-next: { endpoints: ["${two?.url}"], sticky: { cookie: sluice } }
routes: [{ upstream: { chat: 50, chat-next: 50 } }]
`)
    const visitors = [new Visitor(), new Visitor()]
    const names: string[] = []
    for (const visitor of visitors) names.push(await visitor.ask(gateway))
    expect(names.toSorted()).toEqual(['one', 'two'])
    for (let count = 0; count < 3; count++) {
      for (const [index, visitor] of visitors.entries())
        expect(await visitor.open(gateway)).toBe(names[index] ?? '')
    }
  })
})
