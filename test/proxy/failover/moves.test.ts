/**
 * Sessions that leave a server while their client leaves them, does not read, or has half a message: nobody
 * gets a Close twice, or none, and nothing that was said is lost.
 */
import { describe, expect, test } from 'bun:test'
import { framesIn } from '../../support/heard.ts'
import {
  closeOfClient,
  closeOfServer,
  fromClient,
  fromServer,
  heardBy,
  openMoving,
  turn,
} from '../../support/moving.ts'

const tunnel = 'framed: false'
const framed = 'framed: true, compression: off'
const bounded = `${framed}, limits: { message: 1MB, pending: 64KB }`
const long = 'x'.repeat(120_000)

describe.each([tunnel, framed])('a client that closes, %s', (route) => {
  // The Close of the server that had left was taken for the answer: the client's connection ended without one.
  test.each([1001, 1012])('after its server has left with %d gets exactly one Close', (code) => {
    const { client, upstream, session } = openMoving({ route })
    upstream.receive(closeOfServer(code))
    expect(session.isBetween).toBe(true)
    client.receive(closeOfClient(1000))
    expect(heardBy(client)).toEqual(['close 1000'])
    expect(client.isEnded).toBe(true)
  })

  test('has what it has said before brought to the next server, and gets one Close from there', async () => {
    const { client, upstream, serve } = openMoving({ route })
    upstream.receive(closeOfServer(1012))
    client.receive(fromClient(1, 'last words') + closeOfClient(1000))
    expect(heardBy(client)).toEqual([])
    const next = await serve()
    if (next === undefined) throw new Error('nobody is looked for')
    expect(heardBy(next)).toEqual(['1 last words', 'close 1000'])
    next.receive(closeOfServer(1000))
    expect(heardBy(client)).toEqual(['close 1000'])
    expect(client.isEnded).toBe(true)
  })

  // It waited for a server, though there was nothing to tell it.
  test('while there is no server and nothing is kept is answered at once, and nobody is looked for', async () => {
    const { client, upstream, clock, ends, serve } = openMoving({ route })
    upstream.handler.streamOnClose('reset')
    client.receive(closeOfClient(4321))
    expect(heardBy(client)).toEqual(['close 4321'])
    client.handler.streamOnClose('ended')
    expect(ends).toMatchObject([{ by: 'client', code: 4321 }])
    expect(clock.pending).toBe(0)
    expect(await serve()).toBeUndefined()
  })

  test.each([1000, 1001])(
    'when its server was told to go gets one Close, and the server no second, whichever %d it answers',
    async (code) => {
      const { client, upstream, clock, session, serve } = openMoving({ route })
      void session.move('asked')
      const next = await serve()
      clock.advance(1_500)
      expect(heardBy(upstream).at(-1)).toBe('close 1001')
      client.receive(closeOfClient(1000))
      upstream.receive(closeOfServer(code))
      await turn()
      next?.receive(closeOfServer(1000))
      expect(heardBy(upstream).filter((each) => each.startsWith('close'))).toEqual(['close 1001'])
      expect(heardBy(client)).toEqual(['close 1000'])
      expect(client.isEnded).toBe(true)
    },
  )
})

describe('a client that reads slowly', () => {
  // The server was not read, which was taken for quiet: what it had said was cut off with it.
  test('keeps its server: the move fails, and nothing of what it has said is lost', async () => {
    const route = 'framed: false, limits: { message: 1MB, pending: 64KB }'
    const { client, upstream, clock, session, events, serve } = openMoving({ route })
    client.bufferedBytes = 100_000
    upstream.receive(fromServer(1, 'first'))
    expect(upstream.isPaused).toBe(true)
    const moved = session.move('draining')
    await serve()
    for (let step = 0; step < 100; step++) clock.advance(100)
    expect(await moved).toBe(false)
    expect(events).toMatchObject([
      { type: 'move-failed', cause: 'draining', detail: 'the client does not read' },
    ])
    expect(heardBy(upstream).filter((each) => each.startsWith('close'))).toEqual([])
    client.drain()
    upstream.receive(fromServer(1, 'what lay in the kernel'))
    expect(heardBy(client)).toEqual(['1 first', '1 what lay in the kernel'])
  })

  test('moves where it reads in time, and has got everything', async () => {
    const route = 'framed: false, limits: { message: 1MB, pending: 64KB }'
    const { client, upstream, clock, session, serve } = openMoving({ route })
    client.bufferedBytes = 100_000
    upstream.receive(fromServer(1, 'first'))
    const moved = session.move('draining')
    const next = await serve()
    for (let step = 0; step < 40; step++) clock.advance(100)
    expect(heardBy(upstream).filter((each) => each.startsWith('close'))).toEqual([])
    client.drain()
    upstream.receive(fromServer(1, 'what lay in the kernel'))
    for (let step = 0; step < 10; step++) clock.advance(100)
    upstream.receive(closeOfServer(1001))
    expect(await moved).toBe(true)
    next?.receive(fromServer(1, 'of the next'))
    expect(heardBy(client)).toEqual(['1 first', '1 what lay in the kernel', '1 of the next'])
  })

  // It had `timeout.close` to go, and what lay in the kernel by then was cut off with it.
  test('keeps a server that was told to go until it has got all of it', async () => {
    const route = 'framed: false, limits: { message: 1MB, pending: 64KB }'
    const { client, upstream, clock, session, serve } = openMoving({ route })
    const moved = session.move('draining')
    await serve()
    clock.advance(1_500)
    expect(heardBy(upstream).at(-1)).toBe('close 1001')
    client.bufferedBytes = 100_000
    upstream.receive(fromServer(1, 'first'))
    clock.advance(60_000)
    expect(upstream.isDestroyed).toBe(false)
    client.drain()
    upstream.receive(fromServer(1, 'what lay in the kernel') + closeOfServer(1001))
    expect(await moved).toBe(true)
    expect(heardBy(client)).toEqual(['1 first', '1 what lay in the kernel'])
  })
})

describe('what a server has sent that its client has no room for', () => {
  test.each(['ended', 'reset'] as const)(
    'ends with its Close 1012, whose end was read behind it (%s): the session goes on',
    async (reason) => {
      const { client, upstream, session, serve } = openMoving({ route: bounded })
      client.bufferedBytes = 1_000_000
      upstream.receive(fromServer(1, long).repeat(3) + closeOfServer(1012))
      upstream.handler.streamOnEnd()
      client.drain()
      await turn()
      expect([client.isEnded, session.isEnding, session.isBetween]).toEqual([false, false, true])
      if (reason === 'reset') upstream.handler.streamOnClose(reason)
      const next = await serve()
      next?.receive(fromServer(1, 'goes on'))
      expect(heardBy(client)).toEqual([...Array(3).fill('1 of 120000 B'), '1 goes on'])
    },
  )

  test('is followed by its end and the loss of its connection: the session goes on', async () => {
    const { client, upstream, session, serve } = openMoving({ route: bounded })
    client.bufferedBytes = 1_000_000
    upstream.receive(fromServer(1, long).repeat(3) + fromServer(1, 'tail'))
    upstream.handler.streamOnEnd()
    upstream.handler.streamOnClose('ended')
    client.drain()
    await turn()
    expect([client.isEnded, session.isEnding]).toEqual([false, false])
    const next = await serve()
    next?.receive(fromServer(1, 'goes on'))
    expect(heardBy(client).slice(-2)).toEqual(['1 tail', '1 goes on'])
  })

  // The first frame of the next server was read by the client as the end of the message that had been lost.
  test('ends with half a message longer than hold: it is closed with 1012, and gets nothing of the next server', async () => {
    const { client, upstream, session, serve } = openMoving({
      route: bounded,
      failover: '{ mode: transparent, hold: 1KB }',
    })
    client.bufferedBytes = 1_000_000
    upstream.receive(
      fromServer(1, long).repeat(3) + fromServer(1, 'y'.repeat(100_000)).slice(0, 50_000),
    )
    upstream.handler.streamOnClose('reset')
    const next = await serve()
    client.drain()
    await turn()
    next?.receive(fromServer(1, 'of the next'))
    const frames = framesIn(Buffer.from(client.written, 'latin1'))
    expect(frames.map(({ first }) => first)).toEqual([0x81, 0x81, 0x81, 0x01, 0x88])
    expect(frames.at(-1)?.payload.readUInt16BE(0)).toBe(1012)
    expect(session.isEnding).toBe(true)
    expect(next?.isDestroyed).toBe(true)
  })

  test('ends with half a message within hold: nothing of that half reaches it', async () => {
    const { client, upstream, serve } = openMoving({ route: bounded })
    client.bufferedBytes = 1_000_000
    upstream.receive(fromServer(1, long).repeat(3) + fromServer(1, 'half').slice(0, 4))
    upstream.handler.streamOnClose('reset')
    const next = await serve()
    client.drain()
    await turn()
    next?.receive(fromServer(1, 'of the next'))
    expect(heardBy(client)).toEqual([...Array(3).fill('1 of 120000 B'), '1 of the next'])
  })
})

describe.each([tunnel, framed])('a server that falls silent, %s', (route) => {
  const heartbeat = 'heartbeat: { upstream: 1s, timeout: 1s }'

  test('ends the session where `on` does not say that lost ones are replaced', () => {
    const moving = openMoving({
      route: `${route}, ${heartbeat}`,
      failover: '{ mode: transparent, on: [1012] }',
    })
    const { clock, session, client } = moving
    clock.advance(10_000)
    expect([session.isEnding, session.isBetween, moving.dials]).toEqual([true, false, 0])
    expect(client.isEnded || client.isDestroyed).toBe(true)
  })

  test('is replaced where it does', () => {
    const moving = openMoving({ route: `${route}, ${heartbeat}` })
    moving.clock.advance(10_000)
    expect([moving.session.isEnding, moving.session.isBetween]).toEqual([false, true])
    expect(moving.dials).toBe(1)
  })
})

describe('of what a client has said there counts as unanswered', () => {
  test('nothing that its server answers while it is left', async () => {
    const { client, upstream, clock, session, events, serve } = openMoving()
    client.receive(fromClient(1, 'asked'))
    const moved = session.move('draining')
    await serve()
    clock.advance(20)
    upstream.receive(fromServer(1, 'answered'))
    clock.advance(3_000)
    upstream.receive(closeOfServer(1001))
    expect(await moved).toBe(true)
    expect(events).toMatchObject([{ type: 'session-moved', unansweredMessages: 0 }])
  })

  test('what a server had got whole and has said nothing of, be it that it says goodbye', async () => {
    const { client, upstream, events, serve } = openMoving()
    client.receive(fromClient(1, 'one'))
    upstream.receive(fromServer(1, 'answered'))
    client.receive(fromClient(1, 'two') + fromClient(1, 'three'))
    upstream.receive(closeOfServer(1001))
    await serve()
    expect(events).toMatchObject([{ type: 'session-moved', unansweredMessages: 2 }])
  })
})

describe('a server that takes nothing of the frame its client is in the middle of', () => {
  const half = fromClient(1, 'x'.repeat(40_000)).slice(0, 20_000)
  const heartbeats = { route: 'framed: false, heartbeat: { upstream: 500ms, timeout: 1s }' }

  test('is found to hang, though it cannot be pinged, and the message is said again whole', async () => {
    const { client, upstream, clock, session, serve } = openMoving(heartbeats)
    upstream.bufferedBytes = 20_000
    client.receive(half)
    clock.advance(2_000)
    expect(session.isBetween).toBe(true)
    const next = await serve()
    client.receive(fromClient(1, 'x'.repeat(40_000)).slice(20_000))
    expect(next && heardBy(next)).toEqual(['1 of 40000 B'])
  })

  test('stays as long as it takes some of it', () => {
    const { client, upstream, clock, session } = openMoving(heartbeats)
    upstream.bufferedBytes = 20_000
    client.receive(half)
    for (let step = 0; step < 20; step++) {
      clock.advance(500)
      upstream.bufferedBytes -= 900
    }
    expect(session.isBetween).toBe(false)
  })
})
