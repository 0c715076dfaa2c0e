// When an endpoint is checked, and what is told of it.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import type { HealthCheck, HealthTarget } from '../../src/core/health-check.ts'
import { watchHealth, type HealthWatch } from '../../src/upstream/health-monitor.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakeStream } from '../support/fake-stream.ts'

const target: HealthTarget = {
  authority: 'endpoint.test',
  path: '',
  connect: () => Promise.reject(new Error('nobody dials here')),
}

interface Asked {
  readonly atMs: number
  readonly signal: AbortSignal
  readonly answer: PromiseWithResolvers<number | undefined>
}

/** An endpoint that is asked, and answers when it is told to. */
class Scene {
  readonly clock = new FakeClock()
  readonly asked: Asked[] = []
  readonly told: (readonly [fault: string | undefined, pingMs: number | undefined])[] = []
  readonly stop: () => void
  random = 0.5

  constructor(options: Partial<HealthWatch> = {}) {
    const check: HealthCheck = {
      check: (asked, signal) => {
        expect(asked).toMatchObject({ authority: target.authority, path: target.path })
        const answer = Promise.withResolvers<number | undefined>()
        this.asked.push({ atMs: this.clock.now(), signal, answer })
        return answer.promise
      },
    }
    this.stop = watchHealth({
      clock: this.clock,
      random: () => this.random,
      check,
      target,
      intervalMs: 5_000,
      timeoutMs: 2_000,
      firstDelayMs: 700,
      onResult: (fault, pingMs) => this.told.push([fault, pingMs]),
      ...options,
    })
  }

  get last(): Asked {
    const asked = this.asked.at(-1)
    if (asked === undefined) throw new Error('nobody was asked')
    return asked
  }

  async answer(pingMs?: number): Promise<void> {
    this.last.answer.resolve(pingMs)
    await settle()
  }

  async fail(error: unknown): Promise<void> {
    this.last.answer.reject(error)
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

describe('an endpoint is checked', () => {
  test('first after the delay that was told, then in every interval', async () => {
    const scene = new Scene()
    for (const advanceMs of [699, 1, 4_999, 1, 5_000, 5_000]) {
      scene.clock.advance(advanceMs)
      if (scene.asked.length > 0) await scene.answer()
    }
    expect(scene.asked.map(({ atMs }) => atMs)).toEqual([700, 5_700, 10_700, 15_700])
    scene.stop()
  })

  test('a tenth earlier or later, by chance', async () => {
    const chance = fc.double({ min: 0, max: 0.999, noNaN: true })
    await fc.assert(
      fc.asyncProperty(fc.array(chance), async (chances) => {
        const scene = new Scene({ firstDelayMs: 0 })
        scene.clock.advance(0)
        for (const [index, random] of chances.entries()) {
          const beforeMs = scene.last.atMs
          scene.random = chances[index + 1] ?? 0
          await scene.answer()
          scene.clock.advance(beforeMs + 5_501 - scene.clock.now())
          expect(scene.asked).toHaveLength(index + 2)
          // The first interval was measured before there was a chance.
          const expectedMs = index === 0 ? 5_000 : 4_500 + 1_000 * random
          expect(scene.last.atMs - beforeMs).toBeCloseTo(expectedMs, 3)
        }
        scene.stop()
      }),
    )
  })

  test('never twice at once, however long a check takes', () => {
    const scene = new Scene({ timeoutMs: 60_000 })
    scene.clock.advance(50_000)
    expect(scene.asked).toHaveLength(1)
    expect(scene.told).toEqual([])
    scene.stop()
  })
})

describe('it is told', () => {
  test('that nothing is wrong, and how long the ping took', async () => {
    const scene = new Scene()
    scene.clock.advance(700)
    await scene.answer(12.5)
    scene.clock.advance(5_000)
    await scene.answer()
    expect(scene.told).toEqual([
      [undefined, 12.5],
      [undefined, undefined],
    ])
    scene.stop()
  })

  test('what a check says that is wrong, also one that throws at once', async () => {
    const scene = new Scene()
    scene.clock.advance(700)
    await scene.fail(new Error('answered 503'))
    expect(scene.told).toEqual([['answered 503', undefined]])
    scene.stop()
    const other = new Scene({
      check: {
        check: () => {
          throw new TypeError('not a check')
        },
      },
    })
    other.clock.advance(700)
    await settle()
    expect(other.told).toEqual([['not a check', undefined]])
    other.stop()
  })

  test('nothing where the gateway itself could not ask', async () => {
    const scene = new Scene()
    scene.clock.advance(700)
    await scene.fail(new GatewayError('TOO_MANY_CONNECTIONS'))
    expect(scene.told).toEqual([])
    scene.clock.advance(5_000)
    await scene.fail(new GatewayError('UPSTREAM_CERTIFICATE', 'its certificate has expired'))
    expect(scene.told).toEqual([['its certificate has expired', undefined]])
    scene.stop()
  })
})

describe('a check that takes too long', () => {
  test('has failed at that moment, once, and is told to end', async () => {
    const scene = new Scene()
    scene.clock.advance(700 + 1_999)
    expect(scene.last.signal.aborted).toBe(false)
    scene.clock.advance(1)
    expect(scene.told).toEqual([['no answer within 2s', undefined]])
    const { name, message } = scene.last.signal.reason as DOMException
    expect([name, message]).toEqual(['TimeoutError', 'no answer within 2s'])
    await scene.fail(scene.last.signal.reason)
    expect(scene.told).toHaveLength(1)
    scene.clock.advance(3_000)
    expect(scene.asked).toHaveLength(2)
    await scene.answer()
    expect(scene.told.at(-1)).toEqual([undefined, undefined])
    scene.stop()
  })

  test('keeps others away if it does not end, and that is told in each interval', async () => {
    const scene = new Scene()
    scene.clock.advance(700 + 3 * 5_000)
    expect(scene.asked).toHaveLength(1)
    expect(scene.told.map(([fault]) => fault)).toEqual([
      'no answer within 2s',
      'the check before does not end',
      'the check before does not end',
      'the check before does not end',
    ])
    await scene.answer(1)
    expect(scene.told).toHaveLength(4)
    scene.clock.advance(5_000)
    expect(scene.asked).toHaveLength(2)
    scene.stop()
  })
})

test('a connection that a check has left open is taken back before the next one, and at the end', async () => {
  const streams: FakeStream[] = []
  const clock = new FakeClock()
  const stop = watchHealth({
    clock,
    random: () => 0.5,
    check: {
      async check(asked, signal) {
        await asked.connect(signal)
        return undefined
      },
    },
    target: {
      ...target,
      connect: async () => {
        const stream = new FakeStream()
        streams.push(stream)
        return stream
      },
    },
    intervalMs: 5_000,
    timeoutMs: 2_000,
    firstDelayMs: 0,
    onResult() {},
  })
  for (let time = 0; time < 3; time++) {
    clock.advance(5_000)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  const open = () => streams.filter(({ isDestroyed }) => !isDestroyed).length
  expect(streams.length).toBeGreaterThan(2)
  expect(open()).toBe(1)
  stop()
  expect(open()).toBe(0)
})

describe('when it is stopped', () => {
  test.each([
    ['before the first check', 0],
    ['during a check', 700],
    ['after a check that did not end', 3_000],
  ])('%s nothing is left, and nothing is told any more', async (_, afterMs) => {
    const scene = new Scene()
    scene.clock.advance(afterMs)
    const { length } = scene.told
    scene.stop()
    expect(scene.clock.pending).toBe(0)
    if (afterMs > 0) {
      expect(scene.last.signal.aborted).toBe(true)
      await scene.answer(1)
    }
    scene.clock.advance(100_000)
    expect(scene.asked.length).toBe(afterMs > 0 ? 1 : 0)
    expect(scene.told).toHaveLength(length)
  })

  test('by what it has told, that is the last', () => {
    const stops: (() => void)[] = []
    let told = 0
    const onResult = () => {
      told++
      for (const stop of stops) stop()
    }
    const scene = new Scene({ onResult })
    stops.push(scene.stop)
    scene.clock.advance(100_000)
    expect(told).toBe(1)
    expect(scene.clock.pending).toBe(0)
  })
})
