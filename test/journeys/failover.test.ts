/**
 * A server dies or leaves, and no client notices: its connection stays, and another server goes on.
 */
import { describe, expect, test } from 'bun:test'
import {
  openBareClient,
  startBareServer,
  type BareEnd,
  type BareServer,
} from '../support/bare-peers.ts'
import { failingOver, moves } from '../support/failing-over.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { startPeer } from '../support/peer.ts'
import { openWebSocket } from '../support/websocket.ts'

interface Stay extends AsyncDisposable {
  readonly gateway: RunningGateway
  readonly servers: readonly [BareServer, BareServer]
  readonly client: BareEnd
  /** At the first server. */
  readonly first: BareEnd
}

/** A client at the first of two servers. */
async function startStay(failover?: string): Promise<Stay> {
  const servers = [await startBareServer(), await startBareServer()] as const
  const gateway = startGateway(failingOver(servers, failover))
  const headers = { Cookie: 'who=me', 'X-Own': 'kept' }
  const client = await openBareClient(gateway, { target: '/room/7?as=guest', headers })
  return {
    gateway,
    servers,
    client,
    first: await servers[0].end(),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await gateway[Symbol.asyncDispose]()
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

/** Whether the client and this server hear each other. */
async function expectTalk(client: BareEnd, server: BareEnd): Promise<void> {
  const [toServer, toClient] = [server.heard.length + 1, client.heard.length + 1]
  client.say('to the server')
  expect((await server.hears(toServer)).at(-1)).toBe('text to the server')
  server.say('to the client')
  expect((await client.hears(toClient)).at(-1)).toBe('text to the client')
}

describe('a server that is lost', () => {
  test('by SIGKILL: its clients stay, and another server answers what they say next', async () => {
    await using doomed = await startPeer('ws-server.mjs')
    await using other = await startPeer('ws-server.mjs')
    const urls = [doomed, other].map(({ host }) => ({ url: `ws://${host}` }))
    await using gateway = startGateway(failingOver(urls))
    const opening = Array.from({ length: 20 }, () => openWebSocket(`ws://${gateway.host}/`))
    const clients = await Promise.all(opening)
    const echo = async (text: string) => {
      for (const { socket } of clients) socket.send(text)
      await Promise.all(clients.map((client) => client.message((each) => each === text)))
    }
    await echo('before')
    await doomed.kill()
    await moves(gateway, 20)
    await echo('after')
    const opened = other.lines().filter(({ event }) => event === 'open')
    expect(opened).toHaveLength(20)
    for (const { headers } of opened)
      expect(headers).toMatchObject({
        'sluice-failover': '1',
        'sluice-previous-endpoint': `ws://${doomed.host}`,
      })
    for (const client of clients) client[Symbol.dispose]()
  })

  test.each(['cut', 'end'] as const)(
    'by its connection, which it %ss without a Close: the session goes on at another',
    async (how) => {
      await using stay = await startStay()
      const { client, first, servers } = stay
      await expectTalk(client, first)
      first[how]()
      await expectTalk(client, await servers[1].end())
      expect(client.heard.filter((each) => each.startsWith('close'))).toEqual([])
    },
  )

  test('is followed by one that is told which client it gets, and whose it was', async () => {
    await using stay = await startStay()
    const { client, first, servers } = stay
    await expectTalk(client, first)
    first.cut()
    const { head } = await servers[1].end()
    expect(head.startLine).toBe('GET /room/7?as=guest HTTP/1.1')
    for (const name of ['Host', 'Cookie', 'X-Own', 'X-Forwarded-For', 'Sluice-Session'])
      expect(head.all(name)).toEqual(first.head.all(name))
    expect(first.head.all('Sluice-Failover')).toEqual([])
    expect(first.head.all('Sluice-Previous-Endpoint')).toEqual([])
    expect(head.all('Sluice-Failover')).toEqual(['1'])
    expect(head.all('Sluice-Previous-Endpoint')).toEqual([servers[0].url])
  })

  test('and the next one too: how often the session was moved is counted', async () => {
    await using stay = await startStay()
    const { client, first, servers, gateway } = stay
    await expectTalk(client, first)
    servers[0].kill()
    const second = await servers[1].end()
    await expectTalk(client, second)
    second.cut()
    const third = await servers[1].end(1)
    await expectTalk(client, third)
    expect(third.head.all('Sluice-Failover')).toEqual(['2'])
    expect(third.head.all('Sluice-Previous-Endpoint')).toEqual([servers[1].url])
    expect(await gateway.event('session-moved', ({ moves }) => moves === 2)).toMatchObject({
      upstream: 'chat',
      from: servers[1].url,
      to: servers[1].url,
      cause: 'lost',
    })
  })

  test('was told nothing it did not hear, and the log says where the session went and why', async () => {
    await using stay = await startStay()
    const { client, first, servers, gateway } = stay
    await expectTalk(client, first)
    first.cut()
    await expectTalk(client, await servers[1].end())
    const moved = await gateway.event('session-moved')
    expect(moved).toMatchObject({
      upstream: 'chat',
      from: servers[0].url,
      to: servers[1].url,
      cause: 'lost',
      moves: 1,
      resentMessages: 0,
      droppedBytes: 0,
    })
    client.close(1000)
    await client.farewell
    const { end, session } = await gateway.event('session-closed')
    expect([session, end.code]).toEqual([moved.session, 1000])
  })
})

describe('a server that leaves', () => {
  test.each([1001, 1012])('with %d is left, and its Close is answered', async (code) => {
    await using stay = await startStay()
    const { client, first, servers, gateway } = stay
    await expectTalk(client, first)
    first.say('the last word')
    first.close(code)
    await expectTalk(client, await servers[1].end())
    expect(client.heard).toEqual(['text to the client', 'text the last word', 'text to the client'])
    await first.farewell
    expect(first.heard.at(-1)).toStartWith('close')
    expect(await gateway.event('session-moved')).toMatchObject({
      cause: 'closed',
      detail: `${code}`,
    })
  })

  test.each([1000, 1011, 4000])('with %d has the last word: the client gets it', async (code) => {
    await using stay = await startStay()
    const { client, first, servers } = stay
    await expectTalk(client, first)
    first.close(code)
    await client.farewell
    expect(client.heard.at(-1)).toBe(`close ${code}`)
    expect(servers[1].ends).toHaveLength(0)
  })

  test('with a code of its own is left where the configuration has it', async () => {
    await using stay = await startStay('{ mode: transparent, on: [4321] }')
    const { client, first, servers, gateway } = stay
    first.close(4321)
    const second = await servers[1].end()
    await expectTalk(client, second)
    // What is not named there ends the session, as without failover.
    second.cut()
    await client.farewell
    expect((await gateway.event('session-closed')).end).toMatchObject({
      by: 'upstream',
      code: 1006,
    })
  })
})

describe('where failover is', () => {
  test('off, a client is lost with its server', async () => {
    await using stay = await startStay('off')
    const { client, first, servers } = stay
    await expectTalk(client, first)
    first.cut()
    await client.farewell
    expect(client.heard).toEqual(['text to the client'])
    expect(servers[1].ends).toHaveLength(0)
  })

  test.each(['cut', 'end', 'close'] as const)(
    'close, a client whose server is lost or leaves (%s) is closed with 1012',
    async (how) => {
      await using stay = await startStay('close')
      const { client, first, servers } = stay
      await expectTalk(client, first)
      if (how === 'close') first.close(1001)
      else first[how]()
      await client.farewell
      expect(client.heard.at(-1)).toBe('close 1012')
      expect(servers[1].ends).toHaveLength(0)
    },
  )

  test('notify, the client is told before it hears of its new server', async () => {
    await using stay = await startStay('{ mode: notify, message: \'{"type":"moved"}\' }')
    const { client, first, servers } = stay
    await expectTalk(client, first)
    first.cut()
    const second = await servers[1].end()
    second.say('welcome')
    expect((await client.hears(3)).slice(1)).toEqual(['text {"type":"moved"}', 'text welcome'])
    await expectTalk(client, second)
  })
})
