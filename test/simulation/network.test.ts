/**
 * The simulated network, servers and clients, tried with each other: what they do without a gateway between
 * them is what a gateway is held to.
 */
import { describe, expect, test } from 'bun:test'
import type { StreamClose } from '../../src/core/byte-stream.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Random } from '../support/random.ts'
import type { Label } from './message.ts'
import { nameOf } from './message.ts'
import { Network, type Pair } from './network.ts'
import { SimulatedClient, type ClientOptions } from './simulated-client.ts'
import { SimulatedServer, type ServerOptions } from './simulated-server.ts'

const runs = 60
const hourMs = 3_600_000

/** What the owner of a stream hears. */
class Owner {
  readonly chunks: Buffer[] = []
  drains = 0
  hasEnded = false
  closed: StreamClose | undefined
  onClose: (() => void) | undefined

  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }

  streamOnData(chunk: Buffer): void {
    this.chunks.push(chunk)
  }

  streamOnDrain(): void {
    this.drains++
  }

  streamOnEnd(): void {
    this.hasEnded = true
  }

  streamOnClose(reason: StreamClose): void {
    this.closed = reason
    this.onClose?.()
  }
}

interface Wired extends Pair {
  readonly clock: FakeClock
  readonly network: Network
  readonly nearOwner: Owner
  readonly farOwner: Owner
}

function wire(seed: number): Wired {
  const clock = new FakeClock()
  const network = new Network({ clock, random: new Random(seed) })
  const pair = network.connect('a connection')
  const nearOwner = new Owner()
  const farOwner = new Owner()
  pair.near.handler = nearOwner
  pair.far.handler = farOwner
  return { ...pair, clock, network, nearOwner, farOwner }
}

function eachSeed(check: (seed: number) => void): void {
  for (let seed = 1; seed <= runs; seed++) check(seed)
}

const text = 'The quick brown fox jumps over the lazy dog. '.repeat(400)

describe('a simulated stream', () => {
  test('delivers what was written, in order and once, then its end, and closes when both have ended', () =>
    eachSeed((seed) => {
      const { near, far, clock, nearOwner, farOwner, network } = wire(seed)
      for (let at = 0; at < text.length; at += 700)
        near.write(Buffer.from(text.slice(at, at + 700)))
      near.end(10_000)
      clock.advance(5_000)
      expect(farOwner.text).toBe(text)
      expect(farOwner.hasEnded).toBe(true)
      far.write(Buffer.from('so long'))
      far.end()
      expect(near.isClosed).toBe(false)
      clock.advance(1_000)
      expect(nearOwner.text).toBe('so long')
      expect([nearOwner.closed, farOwner.closed]).toEqual(['ended', 'ended'])
      expect([network.open.size, clock.pending]).toEqual([0, 0])
    }))

  test('keeps what the kernel does not take, and says when it has', () => {
    let kept = 0
    eachSeed((seed) => {
      const { near, far, clock, nearOwner, farOwner } = wire(seed)
      far.pause()
      kept = near.write(Buffer.from(text))
      clock.advance(1_000)
      expect(near.bufferedBytes).toBeGreaterThan(0)
      expect(near.bufferedBytes).toBeLessThanOrEqual(kept)
      expect(near.bufferedBytes + near.travellingBytes).toBe(text.length)
      expect(farOwner.text).toBe('')
      far.resume()
      clock.advance(10_000)
      expect(near.bufferedBytes).toBe(0)
      expect(nearOwner.drains).toBeGreaterThan(0)
      expect(farOwner.text).toBe(text)
    })
    expect(kept).toBeGreaterThan(0)
  })

  test('closes a while after its end where the peer does not end', () => {
    const { near, far, clock, nearOwner, farOwner } = wire(1)
    near.end(300)
    clock.advance(299)
    expect(nearOwner.closed).toBeUndefined()
    clock.advance(1)
    expect(nearOwner.closed).toBe('ended')
    // Whoever writes to it now finds out.
    far.write(Buffer.from('hello?'))
    clock.advance(1_000)
    expect(farOwner.closed).toBe('reset')
  })

  test('tells by a reset that it was destroyed, before which some of what was sent may come', () => {
    let arrived = 0
    eachSeed((seed) => {
      const { near, clock, nearOwner, farOwner } = wire(seed)
      near.write(Buffer.from(text))
      near.destroy()
      expect(nearOwner.closed).toBe('destroyed')
      clock.advance(1_000)
      expect(farOwner.closed).toBe('reset')
      expect(text.startsWith(farOwner.text)).toBe(true)
      if (farOwner.text !== '') arrived++
    })
    expect(arrived).toBeGreaterThan(5)
    expect(arrived).toBeLessThan(runs)
  })

  test('still tells, while it says that it is closed, what was never taken', () =>
    eachSeed((seed) => {
      const { near, far, clock, nearOwner, farOwner } = wire(seed)
      let taken = 0
      let untaken = -1
      near.onTaken = (bytes) => (taken += bytes.length)
      nearOwner.onClose = () => (untaken = near.bufferedBytes)
      near.write(Buffer.from(text))
      clock.advance(seed % 7)
      far.destroy()
      clock.advance(1_000)
      expect(nearOwner.closed).toBe('reset')
      expect(taken + untaken).toBe(text.length)
      expect(farOwner.text.length).toBeLessThanOrEqual(taken)
    }))

  test('says nothing once it is cut off, and is stalled where something waits', () => {
    const { near, far, clock, nearOwner, farOwner } = wire(3)
    near.sendTimeoutMs = 5_000
    far.cut()
    near.write(Buffer.from(text))
    far.destroy()
    clock.advance(4_999)
    expect(nearOwner.closed).toBeUndefined()
    clock.advance(10_000)
    expect(nearOwner.closed).toBe('stalled')
    expect(farOwner.text).toBe('')
  })

  test('delivers what it held once the network is mended', () => {
    const { near, far, clock, farOwner } = wire(4)
    near.cut()
    near.write(Buffer.from(text))
    near.end()
    clock.advance(hourMs / 100)
    near.mend()
    expect(farOwner.text).toBe('')
    clock.advance(10_000)
    expect(farOwner.text).toBe(text)
    expect(far.isClosed).toBe(false)
  })
})

interface Met {
  readonly clock: FakeClock
  readonly client: SimulatedClient
  readonly server: SimulatedServer
  readonly faults: string[]
  readonly processed: string[]
  readonly network: Network
}

/** A client at a server. */
function meet(
  seed: number,
  deflate: ClientOptions['deflate'],
  more: Partial<ServerOptions> = {},
): Met {
  const clock = new FakeClock()
  const random = new Random(seed)
  const network = new Network({ clock, random })
  const faults: string[] = []
  const processed: string[] = []
  const server = new SimulatedServer({
    url: 'ws://10.0.0.1',
    network,
    thinkMs: 20,
    slowness: 10,
    talkativeness: 20,
    isOrderly: true,
    size: () => random.below(3_000),
    onFault: (fault) => faults.push(fault),
    onProcessed: (_, label: Label) => processed.push(nameOf(label)),
    ...more,
  })
  const { near, far } = network.connect('the client')
  server.accept(far, 1)
  const head = ['GET / HTTP/1.1', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  if (deflate !== undefined) {
    const parameters = ['permessage-deflate']
    if (!deflate.keepsWindow) parameters.push('client_no_context_takeover')
    if (!deflate.isTakeover) parameters.push('server_no_context_takeover')
    head.push(`Sec-WebSocket-Extensions: ${parameters.join('; ')}`)
  }
  const answer = new Owner()
  near.handler = answer
  near.write(Buffer.from([...head, '', ''].join('\r\n')))
  for (let waitedMs = 0; !answer.text.includes('\r\n\r\n') && waitedMs < 1_000; waitedMs++)
    clock.advance(1)
  const end = answer.text.indexOf('\r\n\r\n') + 4
  expect(answer.text).toStartWith('HTTP/1.1 101 ')
  const slowness = 10
  const onFault = (fault: string) => faults.push(fault)
  const client = new SimulatedClient({
    network,
    stream: near,
    number: 1,
    deflate,
    slowness,
    notice: undefined,
    mayBeCut: false,
    onFault,
  })
  const rest = Buffer.concat(answer.chunks).subarray(end)
  if (rest.length > 0) client.streamOnData(rest)
  return { clock, client, server, faults, processed, network }
}

const agreements = [undefined, [false, false], [false, true], [true, false], [true, true]].map(
  (each) => each && { keepsWindow: each[0] === true, isTakeover: each[1] === true },
)

describe.each(agreements)('a simulated client at a simulated server, deflate %j', (deflate) => {
  test('gets its messages back, once and in order', () =>
    eachSeed((seed) => {
      const { clock, client, faults, processed, network } = meet(seed, deflate)
      const random = new Random(seed)
      for (let index = 0; index < 30; index++) {
        client.say(random.below(random.below(5) === 0 ? 9_000 : 400))
        if (random.below(4) === 0) client.ping()
        clock.advance(random.below(20))
      }
      clock.advance(20_000)
      const echoes = client.heard.flatMap((label) =>
        label !== 'notice' && label.from === 'client' ? [label.number] : [],
      )
      expect(faults).toEqual([])
      expect(echoes).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
      expect(processed).toHaveLength(30)
      client.leave('close')
      clock.advance(20_000)
      expect([client.closeCode, client.closed]).toEqual([1000, 'ended'])
      client.release()
      expect([network.open.size, clock.pending]).toEqual([0, 0])
    }))

  test('hears a Close between two frames, or nothing more, when the server leaves or dies', () =>
    eachSeed((seed) => {
      const { clock, client, server, faults } = meet(seed, deflate, { slowness: 50 })
      for (let index = 0; index < 10; index++) client.say(500)
      clock.advance(seed % 40)
      if (seed % 3 === 0) server.leave(1001, seed % 2 === 0)
      else server.die(seed % 3 === 1 ? 'reset' : 'vanish')
      clock.advance(100_000)
      expect(faults).toEqual([])
      if (seed % 3 === 0) expect(client.closeCode).toBe(1001)
      else if (seed % 3 === 1) expect(client.closed).toBe('reset')
      else expect(client.closed).not.toBe('ended')
      client.release()
    }))
})
