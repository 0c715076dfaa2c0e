/**
 * Endpoints that come and go in DNS and in a file, under load: sessions go where DNS says, and those that
 * are there stay where they are.
 */
import { expect, test } from 'bun:test'
import { unlinkSync, writeFileSync } from 'node:fs'
import { a, DnsServer, srv } from '../support/dns-server.ts'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { temporaryFile } from '../support/temporary.ts'

/** A client that says the next number as soon as it has heard the last, and notices when one is missing. */
class Counting {
  /** The name of its server, the first thing it says. */
  readonly server: Promise<string>
  readonly #socket: WebSocket
  #count = 0
  #fault: string | undefined
  #onCount = () => {}

  constructor(gateway: RunningGateway) {
    this.#socket = new WebSocket(`ws://${gateway.host}/`)
    const server = Promise.withResolvers<string>()
    this.server = server.promise
    let hasName = false
    this.#socket.addEventListener('message', ({ data }) => {
      if (!hasName) {
        hasName = true
        server.resolve(String(data))
      } else if (data !== String(this.#count)) this.#fail(`${data} came instead of ${this.#count}`)
      this.#count++
      this.#onCount()
      this.#socket.send(String(this.#count))
    })
    this.#socket.addEventListener('close', ({ code }) => {
      server.reject(new Error(`closed with ${code}`))
      this.#fail(`closed with ${code}`)
    })
  }

  /** Hears so many more. @throws Error if anything was lost before. */
  async hear(more: number): Promise<void> {
    const until = this.#count + more
    await new Promise<void>((resolve) => {
      this.#onCount = () => {
        if (this.#count >= until || this.#fault !== undefined) resolve()
      }
      this.#onCount()
    })
    this.#onCount = () => {}
    if (this.#fault !== undefined) throw new Error(this.#fault)
  }

  end(): void {
    this.#socket.terminate()
  }

  #fail(fault: string): void {
    this.#fault ??= fault
    this.#onCount()
  }
}

/** The names of the servers that so many new sessions got, and each session once more in `kept`. */
async function join(gateway: RunningGateway, count: number, kept: Counting[]): Promise<string[]> {
  const clients = Array.from({ length: count }, () => new Counting(gateway))
  kept.push(...clients)
  const names = await Promise.all(clients.map(({ server }) => server))
  return [...new Set(names)].toSorted()
}

const added = (gateway: RunningGateway, { url }: EchoServer) =>
  gateway.event('endpoint-added', ({ endpoint }) => endpoint === url)
const removed = (gateway: RunningGateway, { url }: EchoServer) =>
  gateway.event('endpoint-removed', ({ endpoint }) => endpoint === url)
const closings = ({ events }: RunningGateway) =>
  events.filter(({ type }) => type === 'session-closed')

test('services that change in DNS get or lose new sessions, and no session that is open notices', async () => {
  using one = startEcho('one')
  using two = startEcho('two')
  using three = startEcho('three')
  const dns = await DnsServer.start()
  const list = (...servers: readonly EchoServer[]) =>
    dns.set(
      '_ws._tcp.chat.test',
      ...servers.map(({ name, port }) =>
        srv('_ws._tcp.chat.test', `${name}.test`, port, { ttl: 1 }),
      ),
    )
  for (const { name } of [one, two, three])
    dns.tell(`${name}.test`, a(`${name}.test`, '127.0.0.1', 1))
  list(one, two)
  await using gateway = startGateway(`
listeners: ['127.0.0.1:0']
upstreams:
  chat: { discover: { srv: _ws._tcp.chat.test, every: 1s, resolver: ${dns.address} }, balancer: round-robin }
routes: [{ path: /*, upstream: chat }]
`)
  const clients: Counting[] = []
  expect(await join(gateway, 20, clients)).toEqual(['one', 'two'])

  list(two, three)
  await Promise.all([added(gateway, three), removed(gateway, one)])
  expect(await join(gateway, 20, clients)).toEqual(['three', 'two'])

  dns.forget('_ws._tcp.chat.test')
  await gateway.event('discovery-failed')
  dns.manner = 'silent'
  expect(await join(gateway, 20, clients)).toEqual(['three', 'two'])

  dns.manner = 'well'
  list(one)
  await Promise.all([
    gateway.event('discovery-recovered'),
    removed(gateway, two),
    removed(gateway, three),
  ])
  expect(await join(gateway, 20, clients)).toEqual(['one'])

  await Promise.all(clients.map((client) => client.hear(100)))
  expect(closings(gateway)).toEqual([])
  expect([one.sessions, two.sessions, three.sessions]).toEqual([30, 30, 20])
  for (const client of clients) client.end()
  await dns.stop()
}, 30_000)

test('the first sessions wait for the first answer', async () => {
  using one = startEcho('one')
  const dns = await DnsServer.start()
  dns.manner = 'silent'
  dns.set('chat.test', a('chat.test', '127.0.0.1'))
  await using gateway = startGateway(`
listeners: ['127.0.0.1:0']
upstreams:
  chat: { discover: { dns: chat.test, port: ${one.port}, every: 1s, resolver: ${dns.address} } }
routes: [{ path: /*, upstream: chat }]
`)
  const client = new Counting(gateway)
  while (dns.asked.length === 0) await Bun.sleep(1)
  dns.manner = 'well'
  expect(await client.server).toBe('one')
  client.end()
  await dns.stop()
}, 15_000)

test('a file of endpoints is followed, and one that is wrong or gone changes nothing', async () => {
  using one = startEcho('one')
  using two = startEcho('two')
  const file = temporaryFile('endpoints', one.url)
  await using gateway = startGateway(`
listeners: ['127.0.0.1:0']
upstreams: { chat: { discover: { file: ${file} } } }
routes: [{ path: /*, upstream: chat }]
`)
  const clients: Counting[] = []
  expect(await join(gateway, 4, clients)).toEqual(['one'])
  unlinkSync(file)
  await gateway.event('discovery-failed')
  expect(await join(gateway, 4, clients)).toEqual(['one'])
  writeFileSync(file, two.url)
  await Promise.all([gateway.event('discovery-recovered'), removed(gateway, one)])
  expect(await join(gateway, 4, clients)).toEqual(['two'])
  await Promise.all(clients.map((client) => client.hear(100)))
  expect(closings(gateway)).toEqual([])
  for (const client of clients) client.end()
}, 15_000)
