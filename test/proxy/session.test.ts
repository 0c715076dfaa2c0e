/**
 * Sessions on streams without sockets: what is told to whom when a side is at fault, and how much is done
 * before others have a turn.
 */
import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { constants, deflateRawSync } from 'node:zlib'
import { loadConfig } from '../support/load-config.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { SessionEnd } from '../../src/core/events.ts'
import { ExtensionOffer, framingOf } from '../../src/proxy/framing.ts'
import { planOf } from '../../src/proxy/plan.ts'
import { Session } from '../../src/proxy/session.ts'
import { Compression } from '../../src/wire/compression.ts'
import { quietHost } from '../support/pool-host.ts'
import { factsOf, sessionFacts } from '../support/facts.ts'
import { FakeStream } from '../support/fake-stream.ts'
import { closeFrame, frame, someKey, type FrameParts } from '../support/frames.ts'
import { relayTo } from '../support/gateway.ts'
import { heardIn } from '../support/heard.ts'
import { accepted, readResponse } from '../support/reading.ts'

function open(keys: string) {
  const yaml = relayTo('ws://127.0.0.1:1', keys)
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error('the configuration is not one')
  const plan = planOf(loaded.config, quietHost)
  const [route] = plan.all
  const [pool] = plan.pools.values()
  const request = factsOf([])
  const endpoint = pool?.enterNow({ request, isSession: true, sticksTo: undefined, tried: [] })
  if (route === undefined || pool === undefined || endpoint === undefined)
    throw new Error('there is no route')
  const compression = new Compression(1e7)
  const facts = factsOf(['Sec-WebSocket-Extensions: permessage-deflate'])
  const offer = new ExtensionOffer(facts, route, compression)
  const answer = accepted(readResponse('HTTP/1.1 101 Switching Protocols'))
  const client = new FakeStream()
  const upstream = new FakeStream()
  const ends: SessionEnd[] = []
  const session = new Session({
    id: 's',
    route,
    pool,
    endpoint,
    facts: sessionFacts,
    client,
    upstream,
    directions: framingOf(facts, answer, { route, compression, offer }),
    redialler: undefined,
    host: { clock: systemClock, emit() {}, onClose: (_, end) => void ends.push(end) },
  })
  session.begin(undefined, false)
  return { session, client, upstream, ends, compression }
}

function fromClient(parts: FrameParts): string {
  return frame({ ...parts, key: someKey }).toString('latin1')
}

function fromServer(parts: FrameParts): string {
  return frame(parts).toString('latin1')
}

/** Opcodes and payloads, a Close by its code. */
function heard({ written }: FakeStream): string[] {
  return heardIn(Buffer.from(written, 'latin1')).map(({ opcode, payload, isWhole }) => {
    if (opcode === 8) return `close ${payload.readUInt16BE(0)}`
    return `${opcode} ${payload.toString()}${isWhole ? '' : ' …'}`
  })
}

const fault = fromClient({ opcode: 3 })
const question = fromClient({ opcode: 1, payload: 'question' })
const answer = fromServer({ opcode: 1, payload: 'answer' })
const goodbye = closeFrame(1011).toString('latin1')

describe.each(['framed: false', '{ framed: true, compression: off }'])(
  'a client that breaks the protocol, %s',
  (how) => {
    const keys = how.replace(/[{}]/g, '').trim().replace(', ', '\n    ')
    beforeEach(() => void jest.useFakeTimers())
    afterEach(() => void jest.useRealTimers())

    test('still gets the answer to what it sent before, and then its Close', () => {
      const { client, upstream } = open(keys)
      client.receive(question + fault)
      expect(heard(upstream)).toEqual(['1 question', 'close 1011'])
      expect(heard(client)).toEqual([])
      upstream.receive(answer + goodbye)
      expect(heard(client)).toEqual(['1 answer', 'close 1002'])
      expect(client.isEnded).toBe(true)
    })

    // Its end was once taken for the sign that all had been said.
    test('gets it also if it has ended its side', () => {
      const { client, upstream } = open(keys)
      client.receive(question + fault)
      client.handler.streamOnEnd()
      expect(heard(client)).toEqual([])
      upstream.receive(answer + goodbye)
      expect(heard(client)).toEqual(['1 answer', 'close 1002'])
    })

    test('is told after a tenth of a second if the server says nothing', () => {
      const { client } = open(keys)
      client.receive(fault)
      jest.advanceTimersByTime(99)
      expect(heard(client)).toEqual([])
      jest.advanceTimersByTime(1)
      expect(heard(client)).toEqual(['close 1002'])
    })

    test('is told at once if the server ends, and nothing runs on behind the end', () => {
      const { client, upstream, ends } = open(keys)
      client.receive(fault)
      upstream.handler.streamOnEnd()
      expect(heard(client)).toEqual(['close 1002'])
      upstream.handler.streamOnClose('ended')
      client.handler.streamOnClose('ended')
      expect(ends).toMatchObject([{ by: 'client', code: 1002 }])
      expect(jest.getTimerCount()).toBe(0)
    })

    test('is told once where the server breaks it too', () => {
      const { client, upstream } = open(keys)
      client.receive(fault)
      upstream.receive(fromServer({ opcode: 3 }))
      expect(heard(client)).toEqual(['close 1002'])
      jest.advanceTimersByTime(200)
      expect(heard(client)).toEqual(['close 1002'])
      expect(heard(upstream)).toEqual(['close 1011'])
    })
  },
)

test('a server that breaks the protocol gets what the client says before its Close', () => {
  const { client, upstream } = open('framed: true')
  upstream.receive(answer + fromServer({ opcode: 3 }))
  expect(heard(client)).toEqual(['1 answer', 'close 1011'])
  client.receive(question + closeFrame(1011, '', someKey).toString('latin1'))
  expect(heard(upstream)).toEqual(['1 question', 'close 1002'])
})

// There was no place for the Close any more, and the server waited for `timeout.close`.
test('who is being closed inside a message that turns out to be no text is ended at once', () => {
  const { session, client, upstream } = open('framed: true\n    compression: off')
  const long = frame({
    opcode: 1,
    payload: Buffer.concat([Buffer.alloc(30_000, 'x'), Buffer.of(0xff)]),
    key: someKey,
  }).toString('latin1')
  client.receive(long.slice(0, 20_000))
  session.close('AGE')
  expect(heard(upstream)[0]).toEndWith('…')
  expect(upstream.isEnded).toBe(false)
  client.receive(long.slice(20_000))
  expect(upstream.isEnded).toBe(true)
})

describe('one read full of bombs', () => {
  const zeros = Buffer.alloc(1024 * 1024)
  const flushed = deflateRawSync(zeros, { finishFlush: constants.Z_SYNC_FLUSH })
  const bomb = fromClient({ opcode: 2, reserved: 4, payload: flushed.subarray(0, -4) })
  const bombs = 40

  // It was inflated to its end, half a second for 500 KB, while everybody else waited.
  test('is inflated in turns, as long as the server takes what comes of it', async () => {
    const { client, upstream, compression } = open('compression: gateway')
    client.receive(bomb.repeat(bombs))
    const atOnce = upstream.written.length
    expect(atOnce).toBeLessThan(2 * zeros.length)
    expect(client.isPaused).toBe(true)
    for (let turn = 0; turn < 100 && client.isPaused; turn++)
      await new Promise((resolve) => setImmediate(resolve))
    expect(client.isPaused).toBe(false)
    const messages = heard(upstream)
    expect([messages.length, upstream.written.length > bombs * zeros.length]).toEqual([bombs, true])
    expect(compression.usedBytes).toBe(0)
  })

  test('waits for a server that takes nothing', async () => {
    const { client, upstream } = open('compression: gateway')
    upstream.bufferedBytes = 300 * 1024
    client.receive(bomb.repeat(bombs))
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(upstream.written.length).toBeLessThan(400 * 1024)
    upstream.drain()
    for (let turn = 0; turn < 100 && client.isPaused; turn++)
      await new Promise((resolve) => setImmediate(resolve))
    expect(heard(upstream).length).toBe(bombs)
  })
})
