/**
 * A server dies in the middle of something: whole messages only, both ways, in the order in which they
 * were said.
 */
import { describe, expect, test } from 'bun:test'
import {
  openBareClient,
  saying,
  startBareServer,
  type BareEnd,
  type BareServer,
  type BareServerOptions,
} from '../support/bare-peers.ts'
import { failingOver } from '../support/failing-over.ts'
import { startGateway, type RunningGateway } from '../support/gateway.ts'
import { Opcode } from '../support/websocket.ts'

interface Stay extends AsyncDisposable {
  readonly gateway: RunningGateway
  readonly client: BareEnd
  /** At the server that will die. */
  readonly first: BareEnd
  readonly doomed: BareServer
  /** At the server that goes on. */
  second(): Promise<BareEnd>
}

interface StayOptions {
  readonly failover?: string
  readonly route?: string
  /** What the client and the doomed server do by themselves. */
  readonly manners?: BareServerOptions['manners']
}

async function startStay({ failover, route = '', manners = {} }: StayOptions = {}): Promise<Stay> {
  const doomed = await startBareServer({ manners })
  const other = await startBareServer()
  const gateway = startGateway(failingOver([doomed, other], failover, { route }))
  const client = await openBareClient(gateway, { manners })
  return {
    gateway,
    client,
    doomed,
    first: await doomed.end(),
    second: () => other.end(),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await gateway[Symbol.asyncDispose]()
      await doomed[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}

/** Distinct in every place, so that nothing can be cut or moved unnoticed. */
function noise(bytes: number, seed = 1): Buffer {
  const buffer = Buffer.alloc(bytes)
  for (let index = 0, state = seed; index < bytes; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    buffer[index] = state >>> 24
  }
  return buffer
}

describe('of a message that its server has not finished', () => {
  test.each([
    ['a header', 1],
    ['half a payload', 60],
    ['all but the last byte', 103],
  ])('the client hears nothing: of %s', async (_, bytes) => {
    await using stay = await startStay()
    const { client, first } = stay
    const begun = first.frame(Opcode.binary, noise(100 + 26)).subarray(0, bytes)
    first.write(Buffer.concat([first.frame(Opcode.text, 'whole'), begun]))
    await client.hears(1)
    first.end()
    const second = await stay.second()
    second.say('next')
    expect(await client.hears(2)).toEqual(['text whole', 'text next'])
  })

  test('the client hears no fragment, and the log says how much was dropped', async () => {
    await using stay = await startStay()
    const { client, first, gateway } = stay
    const fragments = [
      first.frame(Opcode.binary, noise(10_000), false),
      first.frame(0, noise(10_000), false),
    ]
    first.write(Buffer.concat([first.frame(Opcode.text, 'whole'), ...fragments]))
    await client.hears(1)
    first.end()
    const second = await stay.second()
    second.say('next')
    expect(await client.hears(2)).toEqual(['text whole', 'text next'])
    const { droppedBytes } = await gateway.event('session-moved')
    expect(droppedBytes).toBeGreaterThanOrEqual(20_000)
  })

  test('the client hears the control frames inside of it at once', async () => {
    await using stay = await startStay()
    const { client, first } = stay
    first.send(Opcode.text, 'never', false)
    first.send(Opcode.ping, 'there?')
    expect(await first.hears(1)).toEqual(['pong there?'])
    first.send(0, 'to be ended', false)
    first.send(Opcode.pong, 'by the way')
    expect(await client.hears(2)).toEqual(['ping there?', 'pong by the way'])
    first.cut()
    const second = await stay.second()
    second.say('next')
    expect(await client.hears(3)).toEqual(['ping there?', 'pong by the way', 'text next'])
  })

  test('the client hears all once it is finished, with what came in between before it', async () => {
    await using stay = await startStay()
    const { client, first } = stay
    const payload = noise(50_000)
    first.send(Opcode.binary, payload.subarray(0, 20_000), false)
    first.send(Opcode.ping, 'in between')
    await client.hears(1)
    first.send(0, payload.subarray(20_000))
    expect(await client.hears(2)).toEqual(['ping in between', saying(Opcode.binary, payload)])
  })

  test('longer than hold, the client hears what has come, and is closed with 1012 where it breaks off', async () => {
    await using stay = await startStay({ failover: '{ mode: transparent, hold: 4KB }' })
    const { client, first, gateway } = stay
    const payload = noise(60_000)
    first.write(first.frame(Opcode.binary, payload).subarray(0, 50_000))
    await client.until(() => client.begunBytes >= 8_000)
    first.end()
    await client.farewell
    // No frame is cut: its Close could not be read behind half a frame.
    expect(client.heard).toEqual(['close 1012'])
    expect((await gateway.event('session-closed')).end).toMatchObject({
      code: 1012,
      reason: 'CAUGHT_IN_MESSAGE',
    })
  })

  test('longer than hold, the client hears it whole from a server that lives, and the next messages too', async () => {
    await using stay = await startStay({ failover: '{ mode: transparent, hold: 4KB }' })
    const { client, first } = stay
    const payload = noise(60_000)
    const bytes = first.frame(Opcode.binary, payload)
    first.write(bytes.subarray(0, 30_000))
    await client.until(() => client.begunBytes >= 8_000)
    first.write(Buffer.concat([bytes.subarray(30_000), first.frame(Opcode.text, 'next')]))
    expect(await client.hears(2)).toEqual([saying(Opcode.binary, payload), 'text next'])
    first.cut()
    const second = await stay.second()
    second.say('and on')
    expect((await client.hears(3)).at(-1)).toBe('text and on')
  })
})

describe('what the client says', () => {
  test('to a server that has not taken all of it is said again, whole, and goes on', async () => {
    await using stay = await startStay()
    const { client, first, gateway } = stay
    const payload = noise(50_000)
    const bytes = client.frame(Opcode.binary, payload)
    client.say('before')
    client.write(bytes.subarray(0, 20_000))
    await first.until(() => first.begunBytes > 0)
    first.cut()
    const second = await stay.second()
    client.write(Buffer.concat([bytes.subarray(20_000), client.frame(Opcode.text, 'after')]))
    expect(await second.hears(2)).toEqual([saying(Opcode.binary, payload), 'text after'])
    expect(await gateway.event('session-moved')).toMatchObject({ resentMessages: 1 })
  })

  test('in fragments, with a ping between them, is said again with all of them', async () => {
    await using stay = await startStay()
    const { client, first } = stay
    client.send(Opcode.text, 'one, ', false)
    client.send(Opcode.ping, 'in between')
    client.send(0, 'two, ', false)
    await first.hears(1)
    await first.until(() => first.begunBytes >= 10)
    await client.hears(1)
    first.cut()
    const second = await stay.second()
    client.send(0, 'three')
    await second.until(() => second.heard.includes('text one, two, three'))
    expect(second.begunBytes).toBe(0)
  })

  test('longer than hold, and not to its end, closes it with 1012', async () => {
    await using stay = await startStay({ failover: '{ mode: transparent, hold: 4KB }' })
    const { client, first } = stay
    client.write(client.frame(Opcode.binary, noise(50_000)).subarray(0, 40_000))
    await first.until(() => first.begunBytes > 8_000)
    first.cut()
    await client.farewell
    expect(client.heard).toEqual(['close 1012'])
  })

  test('while there is no server waits for the next one, in its order', async () => {
    await using server = await startBareServer()
    await using gateway = startGateway(failingOver([server]))
    using client = await openBareClient(gateway)
    const first = await server.end()
    client.say('0')
    await first.hears(1)
    server.kill()
    await gateway.event('attempt-failed')
    for (let number = 1; number <= 20; number++) client.say(`${number}`)
    await using again = await startBareServer({ port: server.port })
    const second = await again.end()
    const said = Array.from({ length: 20 }, (_, index) => `text ${index + 1}`)
    expect(await second.hears(20)).toEqual(said)
  })

  test('when it is more than may wait is not read until there is a server, and then none is missing', async () => {
    await using server = await startBareServer()
    await using gateway = startGateway(
      failingOver([server], 'transparent', { route: 'limits: { pending: 64KB }' }),
    )
    using client = await openBareClient(gateway)
    await server.end()
    server.kill()
    await gateway.event('attempt-failed')
    const count = 200
    for (let number = 0; number < count; number++) client.send(Opcode.binary, noise(5_000, number))
    await using again = await startBareServer({ port: server.port })
    const second = await again.end()
    const said = Array.from({ length: count }, (_, number) =>
      saying(Opcode.binary, noise(5_000, number)),
    )
    expect(await second.hears(count)).toEqual(said)
  })

  test('ahead of its rate is not lost with the server either', async () => {
    const messages = 'messages: { rate: 10/s, burst: 5, over: delay }'
    await using stay = await startStay({ route: `limits: { ${messages} }` })
    const { client, first } = stay
    for (let number = 1; number <= 7; number++) client.say(`${number}`)
    await first.hears(5)
    first.cut()
    const second = await stay.second()
    expect(await second.hears(2)).toEqual(['text 6', 'text 7'])
  })

  test('as a ping is answered, also where its server was lost before it could', async () => {
    await using stay = await startStay({ manners: { answersPings: false } })
    const { client, first } = stay
    client.send(Opcode.ping, 'still there?')
    await first.hears(1)
    first.cut()
    await stay.second()
    expect(await client.hears(1)).toEqual(['pong still there?'])
  })
})

describe('a client', () => {
  test('that reads late hears all that its server said, then what the next one says', async () => {
    await using stay = await startStay({ route: 'limits: { pending: 16MB }' })
    const { client, first } = stay
    client.socket.pause()
    // More than the kernel takes for it: some of it waits in the gateway when the server is gone.
    const messages = Array.from({ length: 250 }, (_, number) => noise(40_000, number))
    for (const message of messages) first.send(Opcode.binary, message)
    first.end()
    const second = await stay.second()
    second.say('next')
    client.socket.resume()
    const said = messages.map((message) => saying(Opcode.binary, message))
    expect(await client.hears(251)).toEqual([...said, 'text next'])
  })

  test('that reads late holds its server up, and loses nothing when that ends', async () => {
    await using stay = await startStay({ route: 'limits: { pending: 64KB }' })
    const { client, first } = stay
    client.socket.pause()
    const messages = Array.from({ length: 250 }, (_, number) => noise(40_000, number))
    for (const message of messages) first.send(Opcode.binary, message)
    first.end()
    // Nobody can say when a gateway that does not read has stopped reading.
    client.socket.resume()
    const second = await stay.second()
    second.say('next')
    const said = messages.map((message) => saying(Opcode.binary, message))
    expect(await client.hears(251)).toEqual([...said, 'text next'])
  })

  test('that closes while there is no server gets its answer, and nothing is left of it', async () => {
    await using server = await startBareServer()
    await using gateway = startGateway(
      failingOver([server], 'transparent', { route: 'timeout: { close: 200ms }' }),
    )
    using client = await openBareClient(gateway)
    await server.end()
    server.kill()
    await gateway.event('attempt-failed')
    client.close(1000)
    await client.farewell
    expect(client.heard).toEqual(['close 1000'])
    expect((await gateway.event('session-closed')).end).toMatchObject({ by: 'client', code: 1000 })
    expect(gateway.gateway.sessions).toBe(0)
  })

  test.each(['cut', 'end'] as const)(
    'that is gone (%s) while there is no server leaves nothing behind',
    async (how) => {
      await using server = await startBareServer()
      await using gateway = startGateway(failingOver([server]))
      const client = await openBareClient(gateway)
      await server.end()
      server.kill()
      await gateway.event('attempt-failed')
      client[how]()
      expect((await gateway.event('session-closed')).end).toMatchObject({
        by: 'client',
        code: 1006,
      })
      expect(gateway.gateway.sessions).toBe(0)
      await using again = await startBareServer({ port: server.port })
      const other = await openBareClient(gateway)
      await again.end()
      expect(again.ends).toHaveLength(1)
      other[Symbol.dispose]()
    },
  )

  test('that has closed is not moved when its server is lost instead of answering', async () => {
    await using stay = await startStay({ manners: { answersCloses: false } })
    const { client, first, gateway } = stay
    client.close(1000)
    await first.hears(1)
    first.cut()
    await gateway.event('session-closed')
    expect(gateway.events.filter(({ type }) => type === 'session-moved')).toEqual([])
  })
})
