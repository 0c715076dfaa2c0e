/**
 * The table of failover (`npm run chaos -- failover`): what it counts is what has happened, and what it
 * says of Sluice follows from that.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { areEqual } from '../../bench/chaos/failover/changes.ts'
import { gateways, type FailoverGateway } from '../../bench/chaos/failover/gateways.ts'
import { Ledger } from '../../bench/chaos/failover/ledger.ts'
import {
  bytesOf,
  fragmentsOf,
  largestBytes,
  messageOf,
  readMessage,
} from '../../bench/chaos/failover/message.ts'
import { Outgoing } from '../../bench/chaos/failover/outgoing.ts'
import { Peer } from '../../bench/chaos/failover/peer.ts'
import type { RoundsRun } from '../../bench/chaos/failover/rounds.ts'
import { Tally, windowOf } from '../../bench/chaos/failover/tally.ts'
import { judgeChange, judgeRounds } from '../../bench/chaos/failover/verdicts.ts'
import { Opcode } from '../../src/wire/opcode.ts'

const session = fc.integer({ min: 1, max: 0xffffff })
const number = fc.integer({ min: 1, max: 0xffffff })
const agreement = {
  clientWindowBits: 15,
  serverWindowBits: 15,
  clientTakeover: true,
  serverTakeover: false,
}

describe('a message', () => {
  test('is known again by whoever receives it whole', () => {
    fc.assert(
      fc.property(session, number, (from, count) => {
        const { opcode, payload } = messageOf(from, count)
        expect(payload.length).toBe(bytesOf(from, count))
        expect(readMessage(opcode, payload)).toEqual({ session: from, number: count })
      }),
    )
  })

  test('is not taken for one that was cut, changed, or sent as the other kind', () => {
    fc.assert(
      fc.property(
        session,
        number,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (from, count, at) => {
          const { opcode, payload } = messageOf(from, count)
          expect(readMessage(opcode, payload.subarray(0, -1))).toBeString()
          expect(
            readMessage(opcode === Opcode.text ? Opcode.binary : Opcode.text, payload),
          ).toBeString()
          const index = Math.floor(at * (payload.length - 1))
          payload.writeUInt8((payload[index] ?? 0) ^ 0x80, index)
          expect(readMessage(opcode, payload)).toBeString()
        },
      ),
    )
  })

  test('has a size from 16 bytes to 256 KB, most of them below one; a third come in fragments', () => {
    const all = Array.from({ length: 30_000 }, (_, index) => [index % 1000, index] as const)
    const sizes = all.map(([from, count]) => bytesOf(from, count))
    const share = (is: (bytes: number) => boolean) => sizes.filter(is).length / sizes.length
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(16)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(largestBytes)
    expect(Math.max(...sizes)).toBeGreaterThan(largestBytes / 2)
    expect(share((bytes) => bytes <= 1024)).toBeWithin(0.7, 0.8)
    const fragmented = all.filter(([from, count]) => fragmentsOf(from, count) > 1).length
    expect(fragmented / all.length).toBeWithin(0.32, 0.35)
  })
})

describe('an end of a connection', () => {
  /** What its peer reads of these bytes, cut in two. */
  function read(peer: Peer, bytes: Buffer, cut: number): string[] {
    const messages: string[] = []
    const onMessage = (opcode: number, payload: Buffer) =>
      void messages.push(`${opcode} ${payload.toString('latin1')}`)
    peer.read(Buffer.from(bytes.subarray(0, cut)), onMessage)
    peer.read(Buffer.from(bytes.subarray(cut)), onMessage)
    return messages
  }

  test.each([
    ['plain', undefined],
    ['compressed', agreement],
  ])('reads what the other has written in fragments, %s', (_, agreed) => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 }), {
          minLength: 1,
        }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        (texts, fragments, at) => {
          const [client, server] = [new Peer('client', agreed), new Peer('server', agreed)]
          const frames = texts.flatMap((text) =>
            client.write(Opcode.binary, Buffer.from(text, 'latin1'), fragments),
          )
          const bytes = Buffer.concat(frames)
          expect(read(server, bytes, at % bytes.length)).toEqual(texts.map((text) => `2 ${text}`))
          expect(server.violation).toBeUndefined()
          expect(server.partialMessage).toBeUndefined()
        },
      ),
    )
  })

  test('sees a new message inside of one, and what there is of one that is not whole', () => {
    const [server, client] = [new Peer('server', undefined), new Peer('client', undefined)]
    const [begin = Buffer.alloc(0)] = server.write(Opcode.text, Buffer.from('half of it'), 2)
    client.read(Buffer.from(begin), () => {})
    expect(client.partialMessage?.toString()).toBe('half ')
    const [other = Buffer.alloc(0)] = server.write(Opcode.text, Buffer.from('another'), 1)
    client.read(Buffer.from(other), () => {})
    expect(client.violation).toBe('a new message inside a fragmented one')
  })
})

describe('a ledger', () => {
  const nobody = () => {}

  test('calls lost what a later echo has passed over, and what has none', () => {
    const ledger = new Ledger()
    for (let count = 0; count < 5; count++) ledger.send()
    const passed: string[] = []
    const onPassed = ({ number }: { number: number }, isMissing: boolean) =>
      void passed.push(`${number} ${isMissing ? 'missing' : 'echoed'}`)
    expect(ledger.echoed(1, onPassed)).toBe('in order')
    expect(ledger.echoed(4, onPassed)).toBe('in order')
    expect(passed).toEqual(['1 echoed', '2 missing', '3 missing', '4 echoed'])
    expect(ledger.lost().map(({ number }) => number)).toEqual([2, 3, 5])
  })

  test('knows an echo that comes twice, out of order, or of nothing', () => {
    const ledger = new Ledger()
    for (let count = 0; count < 3; count++) ledger.send()
    ledger.echoed(2, nobody)
    expect(ledger.echoed(2, nobody)).toBe('twice')
    expect(ledger.echoed(1, nobody)).toBe('late')
    expect(ledger.echoed(1, nobody)).toBe('twice')
    expect(ledger.echoed(9, nobody)).toBe('never sent')
    expect(ledger.lost().map(({ number }) => number)).toEqual([3])
  })

  test('remembers what waits over thousands of echoes', () => {
    const ledger = new Ledger()
    for (let count = 1; count <= 5000; count++) {
      ledger.send()
      if (count > 3) expect(ledger.echoed(count - 3, nobody)).toBe('in order')
    }
    expect(ledger.oldest?.number).toBe(4998)
  })
})

test('what is sent leaves in order, with its times, around a pause and a peer that takes little', async () => {
  const written: string[] = []
  let room = 3
  const outgoing = new Outgoing((bytes) => {
    const taken = Math.min(room, bytes.length)
    room -= taken
    written.push(bytes.toString('latin1', 0, taken))
    return taken
  })
  const times = { beganAtMs: Infinity, endedAtMs: Infinity }
  outgoing.send([Buffer.from('ab'), Buffer.from('cdef')], times, 1)
  outgoing.send([Buffer.from('g')])
  expect(written.join('')).toBe('ab')
  expect(times.endedAtMs).toBe(Infinity)
  while (written.join('') !== 'abc') await Bun.sleep(1)
  expect(times.beganAtMs).toBeLessThan(Infinity)
  room = 10
  outgoing.flush()
  expect(written.join('')).toBe('abcdefg')
  expect(times.endedAtMs).toBeWithin(times.beganAtMs, Infinity)
  expect(outgoing.isIdle).toBe(true)
})

describe('the tally', () => {
  const window = { round: 2, fromMs: 900, toMs: 1250 }

  test('excuses a loss only while the server of that client was failing', () => {
    expect(windowOf({ beganAtMs: 890, endedAtMs: 899 }, [window])).toBeUndefined()
    expect(windowOf({ beganAtMs: 890, endedAtMs: 901 }, [window])).toBe(window)
    expect(windowOf({ beganAtMs: 1250, endedAtMs: 1260 }, [window])).toBe(window)
    expect(windowOf({ beganAtMs: 1251, endedAtMs: 1260 }, [window])).toBeUndefined()
    expect(windowOf({ beganAtMs: 1000, endedAtMs: 1001 }, [])).toBeUndefined()
  })

  test('counts losses by round, and not what was never wholly sent', () => {
    const tally = new Tally()
    const at = (beganAtMs: number, endedAtMs: number) => ({ number: 1, beganAtMs, endedAtMs })
    tally.lost(7, [at(1000, 1001), at(2000, 2001), at(2000, Infinity)], [window], true)
    const { lostByRound, lostOutside, examples } = tally.totals()
    expect({ lostByRound, lostOutside }).toEqual({ lostByRound: { 2: 1 }, lostOutside: 1 })
    expect(examples).toEqual([
      'session 7: message 1 was lost, sent 1100 ms after the window of round 2 began',
    ])
  })
})

describe('the verdicts', () => {
  const gateway = gatewayNamed('sluice tunnel')
  const totals = new Tally().totals()
  const calm = { gateway: 0, servers: 0, clients: 0, others: 0 }
  const round = { round: 1, clients: 2, closed: 0 }
  const killed = { ...round, failure: 'killed', gapsMs: [20, 30] } as const
  const stopped = { ...round, failure: 'stopped', gapsMs: [900, 1200] } as const
  const run: RoundsRun = { gateway, rounds: [killed, stopped], totals, calm, moves: {} }
  const notMet = (verdicts: ReturnType<typeof judgeRounds>) =>
    verdicts.filter(({ isMet }) => !isMet).map(({ text }) => text.replace(/^.*?: /, ''))

  test('find nothing where there is nothing', () => {
    expect(notMet(judgeRounds(run))).toEqual([])
    expect(judgeRounds(run)).toHaveLength(2)
  })

  test('name whoever was closed, saw an error, or lost a message', () => {
    const worse = {
      ...totals,
      closings: { '1011 x': 2 },
      faults: { y: 1 },
      lostOutside: 3,
      twice: 1,
    }
    expect(notMet(judgeRounds({ ...run, totals: worse }))).toEqual([
      'clients closed: 1011 x × 2',
      'errors seen: y × 1',
      '3 messages lost without cause',
      '1 echoes twice, 0 out of order',
    ])
    expect(notMet(judgeRounds({ ...run, totals: { ...totals, caught: 5 } }))).toEqual([])
  })

  test('allow a gap of 250 ms after a kill, and as much after it is known that a server hangs', () => {
    const slow = { ...killed, gapsMs: [20, 251] }
    expect(notMet(judgeRounds({ ...run, rounds: [slow, stopped] }))).toEqual([
      'gap of those whose server was killed: p99 251 ms, at most 250 ms',
    ])
    const slower = { ...stopped, gapsMs: [1751] }
    expect(notMet(judgeRounds({ ...run, rounds: [killed, slower] }))).toHaveLength(1)
  })

  test('allow a loss only where a server says that it leaves', () => {
    const lost = { ...totals, lostOutside: 1 }
    const change = { gateway, totals: lost, how: '', shares: [], seconds: 1, moves: {} }
    expect(notMet(judgeChange({ ...change, change: 'sigterm' }))).toEqual([])
    expect(notMet(judgeChange({ ...change, change: 'rolling' }))).toHaveLength(1)
  })

  test('want shares within a tenth of each other after more servers have come', () => {
    expect(areEqual([250, 226, 275, 249])).toBe(true)
    expect(areEqual([250, 224, 276, 250])).toBe(false)
    const change = { gateway, totals, how: '', shares: [500, 500, 0, 0], seconds: 1, moves: {} }
    expect(notMet(judgeChange({ ...change, change: 'scale-out' }))).toEqual([
      'shares 500, 500, 0, 0',
    ])
  })
})

function gatewayNamed(name: string): FailoverGateway {
  const gateway = gateways.find((each) => each.name === name)
  if (gateway === undefined) throw new Error(`There is no gateway ${name}`)
  return gateway
}

test('the page shows the configurations that are run', () => {
  const page = readFileSync(join(import.meta.dir, '../../bench/chaos/failover/README.md'), 'utf8')
  const place = { port: 8080, servers: [9001, 9002, 9003], folder: '/run/gateway' }
  const shown = new Set(page.split('\n').map((line) => line.trim()))
  for (const { name, configuration } of gateways) {
    const lines = configuration(place).split('\n')
    expect({ name, missing: lines.filter((line) => !shown.has(line.trim())) }).toEqual({
      name,
      missing: [],
    })
  }
})
