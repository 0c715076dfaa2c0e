/**
 * Who may ask for an endpoint, and when, while none can be had.
 */
import { describe, expect, test } from 'bun:test'
import { RedialGate } from '../../src/upstream/redial-gate.ts'
import { FakeClock } from '../support/fake-clock.ts'

function setUp() {
  const clock = new FakeClock()
  const told: string[] = []
  const gate = new RedialGate(clock, {
    onStranded: (sessions) => told.push(`${sessions} stranded`),
    onRescued: (afterMs) => told.push(`rescued after ${afterMs}`),
  })
  const asked: string[] = []
  /** Asks when it may, and says so. */
  const come = async (name: string, signal = new AbortController().signal) => {
    await gate.enter(() => signal)
    asked.push(name)
  }
  /** Lets what was promised happen, too. */
  const pass = async (ms: number) => {
    clock.advance(ms)
    await Bun.sleep(0)
  }
  /** Looks for a server until it is called off. */
  const seek = () => {
    const search = Promise.withResolvers<void>()
    void gate.during(() => search.promise)
    return search.resolve
  }
  return { clock, gate, asked, told, come, pass, seek }
}

describe('somebody who has lost a server', () => {
  test('asks at once as long as nobody has asked in vain', () => {
    const { gate, clock } = setUp()
    expect(gate.enter(() => AbortSignal.abort())).toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  test('asks one at a time after that, at growing pauses', async () => {
    const { gate, asked, come, pass } = setUp()
    gate.failed()
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) void come(name)
    const seen: number[] = []
    for (let step = 0; step < 40; step++) {
      await pass(50)
      seen.push(asked.length)
    }
    // After 50, 150, 350, 750, 1250, 1750 ms.
    expect([1, 3, 7, 15, 25, 35].map((after) => seen[after - 1])).toEqual([1, 2, 3, 4, 5, 6])
    expect(seen.filter((count, index) => count > (seen[index - 1] ?? 0))).toHaveLength(6)
    expect(asked.slice(0, 3)).toEqual(['a', 'b', 'c'])
  })

  test('asks as soon as somebody was served, however many they are', async () => {
    const { gate, asked, come, pass } = setUp()
    gate.failed()
    for (let each = 0; each < 1_000; each++) void come(String(each))
    gate.open()
    await pass(0)
    expect(asked).toHaveLength(1_000)
  })

  test('is not kept waiting by one who had the turn and is gone', async () => {
    const { gate, asked, come, pass } = setUp()
    gate.failed()
    void come('gone after that')
    void come('next')
    await pass(50)
    await pass(100)
    expect(asked).toEqual(['gone after that', 'next'])
  })

  test('does not wait for those who were there before and have left', async () => {
    const { gate, asked, come, pass, clock } = setUp()
    gate.failed()
    const leaving = new AbortController()
    const left = come('left', leaving.signal).catch((error: unknown) => error)
    leaving.abort(new Error('left'))
    expect(await left).toEqual(new Error('left'))
    await pass(50)
    expect(clock.pending).toBe(0)
    await come('later')
    expect(asked).toEqual(['later'])
  })
})

describe('an outage', () => {
  test('is told a second after everybody was asked in vain, once, and so is its end', async () => {
    const { gate, told, pass, seek } = setUp()
    for (let each = 0; each < 3; each++) seek()
    gate.failed()
    await pass(600)
    gate.failed()
    await pass(399)
    expect(told).toEqual([])
    await pass(1)
    expect(told).toEqual(['3 stranded'])
    for (let second = 0; second < 10; second++) {
      gate.failed()
      await pass(1_000)
    }
    gate.open()
    gate.open()
    await pass(5_000)
    expect(told).toEqual(['3 stranded', 'rescued after 11000'])
  })

  test('is told where a server hangs and one session alone asks, too', async () => {
    const { gate, told, pass, seek } = setUp()
    seek()
    gate.failed()
    // Nobody stands at the gate meanwhile.
    await pass(4_000)
    expect(told).toEqual(['1 stranded'])
  })

  test('of less than a second is not told, nor that it is over', async () => {
    const { gate, told, pass, seek } = setUp()
    seek()
    gate.failed()
    await pass(999)
    gate.open()
    await pass(5_000)
    expect(told).toEqual([])
  })

  test('is over without a word when nobody looks for a server any more, and the next is told anew', async () => {
    const { gate, told, pass, seek, clock } = setUp()
    const [callOff, callOffOther] = [seek(), seek()]
    gate.failed()
    await pass(1_000)
    callOff()
    callOffOther()
    await pass(60_000)
    gate.open()
    expect([told, clock.pending]).toEqual([['2 stranded'], 0])
    const callOffLast = seek()
    gate.failed()
    await pass(500)
    callOffLast()
    await pass(0)
    await pass(5_000)
    seek()
    gate.failed()
    await pass(1_000)
    expect(told).toEqual(['2 stranded', '1 stranded'])
  })
})
