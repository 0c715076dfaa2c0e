/**
 * Sessions of Engine.IO, request by request: what servers get of them, what clients get, and what becomes of
 * a session whose server is gone.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { endpointTag } from '../../src/upstream/endpoint-tag.ts'
import { startEngine, type EngineOptions, type EngineServer } from '../support/engine-server.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { dialTcp } from '../support/tcp.ts'
import { openWebSocket, upgradeRequest } from '../support/websocket.ts'

const secret = 'known to these gateways'
const polling = 'EIO=4&transport=polling'

let first: EngineServer
let second: EngineServer
beforeEach(() => {
  first = startEngine('first')
  second = startEngine('second')
})
afterEach(() => {
  first[Symbol.dispose]()
  second[Symbol.dispose]()
})

function gatewayTo(urls: readonly string[], more = ''): RunningGateway {
  return startGateway(`
listeners: ["127.0.0.1:0"]
secret: ${secret}
upstreams:
  chat:
    endpoints: [${urls.join(', ')}]
    sticky: { by: engine.io }
    ${more}
routes: [{ upstream: chat }]
`)
}

function ask({ host }: RunningGateway, query: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://${host}/socket.io/?${query}`, init)
}

async function textOf(answer: Promise<Response>): Promise<string> {
  return (await answer).text()
}

/** @returns the id of a new session, as its client knows it. */
async function open(gateway: RunningGateway): Promise<string> {
  const packet = await textOf(ask(gateway, polling))
  return String(JSON.parse(packet.slice(1)).sid)
}

async function upgradeStatus({ port }: RunningGateway, query: string): Promise<number> {
  using connection = await dialTcp(port)
  connection.send(upgradeRequest(`/socket.io/?${query}`))
  return (await connection.message()).status
}

describe('a session', () => {
  test('is opened with an id that names its server, and goes on there through any gateway', async () => {
    await using one = gatewayTo([first.url, second.url])
    await using other = gatewayTo([second.url, first.url])
    for (const gateway of [one, other, one, other]) {
      const sid = await open(gateway)
      const server = [first, second].find(({ name }) => sid.startsWith(name))
      expect(sid).toEndWith(`.${endpointTag(secret, server?.url ?? '')}`)
      const own = sid.slice(0, sid.lastIndexOf('.'))
      for (const through of [one, other, one]) {
        const poll = `${polling}&t=x1&sid=${sid}`
        const answer = await textOf(ask(through, poll))
        expect(answer).toBe(`4${server?.name} has ?${polling}&t=x1&sid=${own}`)
        const post = textOf(ask(through, poll, { method: 'POST', body: '40' }))
        expect(await post).toBe(`4${server?.name} has ?${polling}&t=x1&sid=${own}40`)
        expect(await upgradeStatus(through, `EIO=4&transport=websocket&sid=${sid}`)).toBe(101)
        expect(server?.asked.at(-1)).toBe(`GET ?EIO=4&transport=websocket&sid=${own}`)
      }
    }
  })

  test('is asked for without compression in the first poll alone', async () => {
    await using gateway = gatewayTo([first.url])
    const headers = { 'Accept-Encoding': 'gzip, br' }
    const packet = await textOf(ask(gateway, polling, { headers }))
    const { sid } = JSON.parse(packet.slice(1))
    await ask(gateway, `${polling}&sid=${sid}`, { headers })
    expect(first.asked).toEqual([`GET ?${polling}`, `GET ?${polling}&sid=first-1 (gzip, br)`])
  })

  test('keeps the connection of its client, with what the server says in chunks too', async () => {
    const chunks = () =>
      new ReadableStream({
        async start(controller) {
          controller.enqueue('0{"sid":')
          await new Promise(setImmediate)
          controller.enqueue('"abc"}\x1e40')
          controller.close()
        },
      })
    using server = startEngine('chunks', { open: () => new Response(chunks()) })
    await using gateway = gatewayTo([server.url])
    using connection = await dialTcp(gateway.port)
    for (let count = 0; count < 2; count++) {
      connection.send(`GET /?${polling} HTTP/1.1\nHost: gateway.test\n\n`)
      const { headers, body } = await connection.message()
      expect(body).toBe(`0{"sid":"abc.${endpointTag(secret, server.url)}"}\x1e40`)
      expect(headers).not.toHaveProperty('transfer-encoding')
      expect(headers).toMatchObject({
        'content-length': String(body.length),
        connection: 'keep-alive',
      })
    }
  })

  test.each<[string, EngineOptions['open'] & {}]>([
    ['a refusal', () => Response.json({ code: 4, message: 'Forbidden' }, { status: 403 })],
    ['what is no open packet', () => new Response('6')],
    ['something long', () => new Response(`0{"sid":"a","x":"${'y'.repeat(200_000)}"}`)],
  ])('that is not opened: %s passes as it is', async (_, answer) => {
    using server = startEngine('other', { open: answer })
    await using gateway = gatewayTo([server.url])
    const [got, wanted] = [await ask(gateway, polling), answer('')]
    expect([got.status, await got.text()]).toEqual([wanted.status, await wanted.text()])
  })

  test('is upgraded at a server that takes no new ones', async () => {
    await using gateway = gatewayTo([`{ url: ${first.url}, sessions: 1 }`])
    const sid = await open(gateway)
    using _ = await openWebSocket(`ws://${gateway.host}/?EIO=4&transport=websocket`)
    expect(await upgradeStatus(gateway, 'EIO=4&transport=websocket')).toBe(503)
    expect(await upgradeStatus(gateway, `EIO=4&transport=websocket&sid=${sid}`)).toBe(101)
  })

  test('in a split goes on in the upstream where it began', async () => {
    await using gateway = startGateway(`
listeners: ["127.0.0.1:0"]
secret: ${secret}
upstreams:
  chat: { endpoints: ["${first.url}"], sticky: { by: engine.io } }
  chat-next: { endpoints: ["${second.url}"], sticky: { by: engine.io } }
routes: [{ upstream: { chat: 50, chat-next: 50 }, split-by: $request.header.x-user }]
`)
    const sids = [await open(gateway), await open(gateway)]
    expect(sids.map((sid) => sid.replace(/-.*/, '')).toSorted()).toEqual(['first', 'second'])
    for (let count = 0; count < 6; count++) {
      for (const sid of sids) {
        const headers = { 'x-user': `user ${count}` }
        const answer = await textOf(ask(gateway, `${polling}&sid=${sid}`, { headers }))
        expect(answer).toStartWith(`4${sid.split('-')[0]} has`)
      }
    }
  })
})

describe('of no session', () => {
  test.each([
    ['an earlier revision', 'EIO=3&transport=polling&sid=abc.def'],
    ['something else', 'room=blue&sid=abc.def'],
  ])('is %s, which passes as sent to any server', async (_, query) => {
    await using gateway = gatewayTo([first.url, second.url])
    const answers = [await textOf(ask(gateway, query)), await textOf(ask(gateway, query))]
    expect(answers.toSorted()).toEqual([`4first has ?${query}`, `4second has ?${query}`])
  })

  test('are WebSockets that are opened at once, and the questions of CORS', async () => {
    await using gateway = gatewayTo([first.url, second.url])
    for (let count = 0; count < 2; count++)
      expect(await upgradeStatus(gateway, 'EIO=4&transport=websocket')).toBe(101)
    expect([first.asked.length, second.asked.length]).toEqual([1, 1])
    const question = ask(gateway, `${polling}&sid=gone.forged00`, { method: 'OPTIONS' })
    expect((await question).status).toBe(200)
  })
})

describe('an unknown session', () => {
  test.each(['gone.forged00', 'gone', 'a.forged00&sid=b.forged00'])(
    'such as %s is answered as Engine.IO does, and no server is asked',
    async (sid) => {
      await using gateway = gatewayTo([first.url])
      const answer = await ask(gateway, `${polling}&sid=${sid}`)
      expect(answer.status).toBe(400)
      expect(answer.headers.get('content-type')).toBe('application/json')
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect(await answer.json()).toEqual({ code: 1, message: 'Session ID unknown' })
      expect(await upgradeStatus(gateway, `EIO=4&transport=websocket&sid=${sid}`)).toBe(400)
      expect(first.asked).toEqual([])
      const refused = await gateway.event('request-refused', ({ isHandshake }) => isHandshake)
      expect(refused.code).toBe('UNKNOWN_SESSION')
    },
  )

  test('can be read by the page that asks, with its cookies', async () => {
    await using gateway = gatewayTo([first.url])
    const headers = { Origin: 'https://app.example.com' }
    const answer = await ask(gateway, `${polling}&sid=gone`, { headers })
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
  })

  test('alone can be read so: what else the gateway refuses says nothing to foreign pages', async () => {
    await using gateway = gatewayTo([first.url])
    using connection = await dialTcp(gateway.port)
    connection.send('TRACE / HTTP/1.1\nHost: gateway.test\nOrigin: https://app.example.com\n\n')
    const { status, headers } = await connection.message()
    expect(status).toBe(405)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('is one whose server is gone, though others are well', async () => {
    await using gateway = gatewayTo([first.url, second.url])
    const sids = [await open(gateway), await open(gateway)]
    const lost = sids.find((sid) => sid.startsWith('first')) ?? ''
    const kept = sids.find((sid) => sid.startsWith('second')) ?? ''
    await first.stop()
    for (const method of ['GET', 'POST']) {
      const answer = await ask(gateway, `${polling}&sid=${lost}`, { method })
      expect([answer.status, await answer.json()]).toMatchObject([400, { code: 1 }])
    }
    expect(await upgradeStatus(gateway, `EIO=4&transport=websocket&sid=${lost}`)).toBe(400)
    expect(second.asked.filter((each) => each.includes('first'))).toEqual([])
    expect(await textOf(ask(gateway, `${polling}&sid=${kept}`))).toStartWith('4second has')
    expect(await open(gateway)).toStartWith('second')
  })

  test('is one whose server fails its checks, without a dial', async () => {
    const gone = `ws://127.0.0.1:${await freePort()}`
    await using gateway = gatewayTo([gone, first.url], 'health: { tcp: true, interval: 1s }')
    await gateway.event('endpoint-changed', ({ state }) => state === 'unhealthy')
    const sid = `abc.${endpointTag(secret, gone)}`
    expect((await ask(gateway, `${polling}&sid=${sid}`)).status).toBe(400)
    expect(gateway.events.some(({ type }) => type === 'attempt-failed')).toBe(false)
  })

  test('is none whose server fails it: that passes, and no other is asked', async () => {
    using failing = startEngine('failing', { status: 503 })
    await using gateway = gatewayTo([failing.url, first.url])
    const sid = `abc.${endpointTag(secret, failing.url)}`
    const answer = await ask(gateway, `${polling}&sid=${sid}`)
    expect([answer.status, await answer.text()]).toEqual([503, `4failing has ?${polling}&sid=abc`])
    expect(first.asked).toEqual([])
  })
})
