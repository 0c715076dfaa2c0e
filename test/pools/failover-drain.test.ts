/**
 * Endpoints that are left in order, while everybody talks: their sessions move to others, nothing is lost,
 * and every message is in its place.
 */
import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { bearer, startAdminOf } from '../support/admin.ts'
import {
  openBareClient,
  saying,
  startBareServer,
  type BareEnd,
  type BareServer,
  type BareServerOptions,
} from '../support/bare-peers.ts'
import { a, DnsServer, srv } from '../support/dns-server.ts'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { failingOver, moves } from '../support/failing-over.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { Talker } from '../support/talker.ts'
import { temporaryFile } from '../support/temporary.ts'
import { Opcode } from '../support/websocket.ts'

const drain = 'drain: { rate: 1000/s, settle: 20ms }'

/** @param endpoints in YAML: what finds them. */
function spreading(endpoints: string, more = ''): string {
  return `
listeners: ["127.0.0.1:0"]
upstreams:
  chat: { ${endpoints}, balancer: least-connections, failover: transparent, ${drain}, ${more} }
routes: [{ upstream: chat }]
`
}

function listed(servers: readonly EchoServer[]): string {
  return `endpoints: [${servers.map(({ url }) => url).join(', ')}]`
}

/** @returns when all are open. */
async function join(gateway: OpenGateway, count: number): Promise<Talker[]> {
  const talkers = Array.from({ length: count }, () => new Talker(`ws://${gateway.host}/`))
  await Promise.all(talkers.map((talker) => talker.hear(5)))
  return talkers
}

/** Nobody was closed, and nothing is missing or in another place. */
async function expectUnharmed(gateway: OpenGateway, talkers: readonly Talker[]): Promise<void> {
  await Promise.all(talkers.map((talker) => talker.hear(20)))
  expect(talkers.map((talker) => talker.fault)).toEqual(talkers.map(() => undefined))
  expect(gateway.events.filter(({ type }) => type === 'session-closed')).toEqual([])
}

function endAll(talkers: readonly Talker[]): void {
  for (const talker of talkers) talker.end()
}

describe('under load', () => {
  test('a server is drained by the admin port, and no client notices', async () => {
    using one = startEcho('one')
    using two = startEcho('two')
    using three = startEcho('three')
    await using gateway = startGatewayHere(spreading(listed([one, two, three])))
    await using admin = await startAdminOf(gateway, { token: 'open' })
    const talkers = await join(gateway, 30)
    expect([one, two, three].map(({ sessions }) => sessions)).toEqual([10, 10, 10])
    const path = `/upstreams/chat/endpoints?url=${encodeURIComponent(one.url)}&drain=true`
    const answer = await admin.ask(path, { method: 'PATCH', headers: bearer('open') })
    expect(answer.status).toBe(200)
    const isOver = ({ left }: { left: number }) => left === 0
    expect(await gateway.event('endpoint-leaving', isOver)).toMatchObject({
      upstream: 'chat',
      endpoint: one.url,
      cause: 'draining',
      moved: 10,
      unmovable: 0,
    })
    await expectUnharmed(gateway, talkers)
    expect([one, two, three].map(({ sessions }) => sessions)).toEqual([0, 15, 15])
    endAll(talkers)
  })

  test('one server after the other is drained and comes back: nothing is lost', async () => {
    const servers = ['one', 'two', 'three'].map((name) => startEcho(name))
    await using gateway = startGatewayHere(spreading(listed(servers)))
    const talkers = await join(gateway, 15)
    let moved = 0
    for (const { url, sessions } of servers) {
      gateway.gateway.upstreams.change('chat', { kind: 'drain', url })
      await moves(gateway, (moved += sessions))
      gateway.gateway.upstreams.change('chat', { kind: 'undrain', url })
    }
    await expectUnharmed(gateway, talkers)
    endAll(talkers)
    for (const server of servers) await server.stop()
  })

  test('an endpoint that is removed is left by its sessions', async () => {
    using one = startEcho('one')
    using two = startEcho('two')
    await using gateway = startGatewayHere(spreading(listed([one, two])))
    const talkers = await join(gateway, 10)
    gateway.gateway.upstreams.change('chat', { kind: 'remove', url: one.url })
    await moves(gateway, 5)
    expect(await gateway.event('session-moved')).toMatchObject({ cause: 'removed', from: one.url })
    await expectUnharmed(gateway, talkers)
    expect([one.sessions, two.sessions]).toEqual([0, 10])
    endAll(talkers)
  })

  test('an endpoint that is taken out of a file is left by its sessions', async () => {
    using one = startEcho('one')
    using two = startEcho('two')
    const file = temporaryFile('endpoints', `${one.url}\n${two.url}\n`)
    await using gateway = startGatewayHere(spreading(`discover: { file: ${file} }`))
    const talkers = await join(gateway, 10)
    writeFileSync(file, `${two.url}\n`)
    await moves(gateway, 5)
    expect(await gateway.event('session-moved')).toMatchObject({ cause: 'removed', from: one.url })
    await expectUnharmed(gateway, talkers)
    expect([one.sessions, two.sessions]).toEqual([0, 10])
    endAll(talkers)
  })

  test('an endpoint that DNS does not name any more is left by its sessions', async () => {
    using one = startEcho('one')
    using two = startEcho('two')
    const dns = await DnsServer.start()
    const name = '_ws._tcp.chat.test'
    const list = (...servers: readonly EchoServer[]) =>
      dns.set(name, ...servers.map((each) => srv(name, `${each.name}.test`, each.port, { ttl: 1 })))
    for (const each of [one, two])
      dns.tell(`${each.name}.test`, a(`${each.name}.test`, '127.0.0.1', 1))
    list(one, two)
    const discover = `discover: { srv: ${name}, every: 1s, resolver: ${dns.address} }`
    await using gateway = startGatewayHere(spreading(discover))
    const talkers = await join(gateway, 10)
    list(two)
    await moves(gateway, 5)
    expect(await gateway.event('session-moved')).toMatchObject({ cause: 'removed', from: one.url })
    await expectUnharmed(gateway, talkers)
    expect([one.sessions, two.sessions]).toEqual([0, 10])
    endAll(talkers)
    await dns.stop()
  })

  test('servers that come get their share of the sessions that are there, and no client notices', async () => {
    const servers = ['one', 'two', 'three', 'four'].map((name) => startEcho(name))
    await using gateway = startGatewayHere(
      spreading(listed(servers.slice(0, 2)), 'rebalance: { rate: 1000/s }'),
    )
    const talkers = await join(gateway, 40)
    await using admin = await startAdminOf(gateway, { token: 'open' })
    for (const { url } of servers.slice(2))
      await admin.ask(`/upstreams/chat/endpoints?url=${encodeURIComponent(url)}`, {
        method: 'POST',
        headers: bearer('open'),
      })
    await moves(gateway, 18)
    await expectUnharmed(gateway, talkers)
    for (const { sessions } of servers) {
      expect(sessions).toBeGreaterThanOrEqual(9)
      expect(sessions).toBeLessThanOrEqual(11)
    }
    expect((await gateway.event('session-moved')).cause).toBe('rebalance')
    endAll(talkers)
    for (const server of servers) await server.stop()
  })
})

interface Stay extends AsyncDisposable {
  readonly gateway: OpenGateway
  readonly servers: readonly [BareServer, BareServer]
  readonly client: BareEnd
  /** At the first server. */
  readonly first: BareEnd
  drain(): void
}

interface StayOptions {
  readonly failover?: string
  /** Of the first server. */
  readonly manners?: BareServerOptions['manners']
  /** Of the second. */
  readonly answer?: BareServerOptions['answer']
  readonly upstream?: string
}

async function startStay({ failover, manners, answer, upstream }: StayOptions = {}): Promise<Stay> {
  const servers = [
    await startBareServer(manners && { manners }),
    await startBareServer(answer && { answer }),
  ] as const
  const yaml = failingOver(servers, failover, { upstream: upstream ?? drain })
  const gateway = startGatewayHere(yaml)
  const client = await openBareClient(gateway)
  const [{ url }] = servers
  return {
    gateway,
    servers,
    client,
    first: await servers[0].end(),
    drain: () => void gateway.gateway.upstreams.change('chat', { kind: 'drain', url }),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await gateway[Symbol.asyncDispose]()
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

describe('a server that is drained', () => {
  test('has got all of a message that was under way, and what follows is said once, here or there', async () => {
    await using stay = await startStay()
    const { client, first, servers, gateway } = stay
    const payload = Buffer.alloc(20_000, 'under way ')
    const bytes = client.frame(Opcode.binary, payload)
    client.write(bytes.subarray(0, 10_000))
    await first.until(() => first.begunBytes > 0)
    stay.drain()
    const second = await servers[1].end()
    client.write(Buffer.concat([bytes.subarray(10_000), client.frame(Opcode.text, 'next')]))
    await moves(gateway, 1)
    client.say('after')
    await second.until(() => second.heard.includes('text after'))
    expect(first.heard[0]).toBe(saying(Opcode.binary, payload))
    const said = [...first.heard, ...second.heard].filter((each) => !/^(ping|close)/.test(each))
    expect(said).toEqual([saying(Opcode.binary, payload), 'text next', 'text after'])
  })

  test('may finish what it says, and say more until its Close', async () => {
    await using stay = await startStay({ manners: { answersCloses: false } })
    const { client, first, servers } = stay
    const payload = Buffer.alloc(20_000, 'under way ')
    first.send(Opcode.binary, payload.subarray(0, 10_000), false)
    stay.drain()
    await first.hears(1)
    first.send(0, payload.subarray(10_000))
    await first.until(() => first.heard.includes('close 1001'))
    first.say('the last word')
    first.close(1001)
    const second = await servers[1].end()
    second.say('welcome')
    expect(await client.hears(3)).toEqual([
      saying(Opcode.binary, payload),
      'text the last word',
      'text welcome',
    ])
  })

  test('that never answers a ping is left all the same, and hears no ping twice', async () => {
    await using stay = await startStay({ manners: { answersPings: false } })
    const { client, first, servers, gateway } = stay
    client.say('before')
    await first.hears(1)
    stay.drain()
    await moves(gateway, 1)
    client.say('after')
    expect(await (await servers[1].end()).hears(1)).toEqual(['text after'])
    expect(first.heard).toEqual(['text before', expect.stringMatching(/^ping /), 'close 1001'])
    expect(client.heard).toEqual([])
  })

  test('answers what it was asked before the client hears of the next one', async () => {
    await using stay = await startStay({ upstream: 'drain: { rate: 1000/s, settle: 300ms }' })
    const { client, first, servers } = stay
    client.say('question')
    await first.hears(1)
    stay.drain()
    const second = await servers[1].end()
    second.say('welcome')
    await first.hears(2)
    first.say('answer')
    expect(await client.hears(2)).toEqual(['text answer', 'text welcome'])
  })

  test('that is lost meanwhile is followed by the one that was asked', async () => {
    await using stay = await startStay({ manners: { answersPings: false } })
    const { client, first, servers } = stay
    stay.drain()
    await first.hears(1)
    first.cut()
    const second = await servers[1].end()
    client.say('after')
    expect(await second.hears(1)).toEqual(['text after'])
    expect(servers[1].ends).toHaveLength(1)
  })

  test('keeps a session that nobody else will take, and the log says why', async () => {
    await using stay = await startStay({ answer: () => 503 })
    const { client, first, gateway, servers } = stay
    stay.drain()
    expect(await gateway.event('move-failed')).toMatchObject({
      upstream: 'chat',
      endpoint: servers[0].url,
      cause: 'draining',
    })
    client.say('still here')
    expect(await first.hears(1)).toEqual(['text still here'])
    first.say('so am I')
    expect(await client.hears(1)).toEqual(['text so am I'])
  })

  test('says its last words to a client that closes meanwhile', async () => {
    await using stay = await startStay({ manners: { answersPings: false, answersCloses: false } })
    const { client, first, gateway } = stay
    stay.drain()
    await first.hears(1)
    client.close(1000)
    await first.until(() => first.heard.includes('close 1000'))
    first.say('the last word')
    first.close(1000)
    first.end()
    await client.farewell
    expect(client.heard).toEqual(['text the last word', 'close 1000'])
    expect((await gateway.event('session-closed')).end).toMatchObject({ by: 'client', code: 1000 })
  })

  test('is told to a client that is to be told', async () => {
    await using stay = await startStay({ failover: '{ mode: notify, message: moved }' })
    const { client, servers } = stay
    stay.drain()
    const second = await servers[1].end()
    second.say('welcome')
    expect(await client.hears(2)).toEqual(['text moved', 'text welcome'])
  })

  test.each(['off', 'close'])('keeps its sessions where failover is %s', async (mode) => {
    await using one = await startBareServer()
    await using two = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two], mode))
    using client = await openBareClient(gateway)
    const first = await one.end()
    gateway.gateway.upstreams.change('chat', { kind: 'drain', url: one.url })
    using later = await openBareClient(gateway)
    await two.end()
    client.say('still here')
    expect(await first.hears(1)).toEqual(['text still here'])
    expect([one.ends.length, two.ends.length, later.heard.length]).toEqual([1, 1, 0])
  })
})
