/**
 * The model of docs/scaling.md (`npm run scaling -- model`): what it says follows from the measured figures, what ends
 * first is named, and more work never makes more room.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { figuresFile, messageUs, readFigures, type Figures } from '../../bench/scaling/figures.ts'
import { formatPlan, formatProfiles } from '../../bench/scaling/model-command.ts'
import {
  busyShareOf,
  capacityOf,
  machineOf,
  processOf,
  type LimitName,
  type Plan,
} from '../../bench/scaling/model.ts'
import { readPlan } from '../../bench/scaling/plan.ts'

const figures = await readFigures()

/** Round numbers, so that what follows can be seen. */
const round: Figures = {
  ...figures,
  messageUs: {
    tunnel: [
      { bytes: 100, us: 10 },
      { bytes: 1100, us: 20 },
      { bytes: 2100, us: 15 },
    ],
    tls: [{ bytes: 100, us: 15 }],
    framed: [{ bytes: 100, us: 20 }],
    compressed: [{ bytes: 100, us: 40 }],
  },
  openUs: { plain: 200, tls: 1000 },
  heartbeatUs: 30,
  idleUsPerSecond: 0,
  processBytes: 1e8,
  sessionBytes: { tunnel: 10_000, tls: 15_000, framed: 12_000, compressed: 14_000 },
  kernelBytes: 10_000,
  descriptorsPerSession: 2,
  portsPerDestination: 28_232,
}
const plan: Plan = {
  kind: 'tunnel',
  isTls: false,
  messagesPerSecond: 1,
  bytes: 100,
  heartbeatSeconds: 30,
  machines: 4,
  lost: 1,
  cores: 4,
  workers: 4,
  memoryBytes: 16e9,
  descriptors: 100_128,
  endpoints: 10,
  sourceAddresses: 1,
  portsPerDestination: 28_232,
  workerRatio: 1,
  busyShare: 0.5,
  peakShare: 0.9,
  memoryShare: 0.8,
  returnSeconds: 60,
}

function limitOf(name: LimitName, one: Plan): number {
  return capacityOf(one, round).limits.find((limit) => limit.name === name)?.sessions ?? NaN
}

const plans: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom('tunnel', 'framed', 'compressed'),
  isTls: fc.boolean(),
  messagesPerSecond: fc.double({ min: 0, max: 100, noNaN: true }),
  bytes: fc.integer({ min: 1, max: 65_536 }),
  heartbeatSeconds: fc.integer({ min: 1, max: 300 }),
  machines: fc.integer({ min: 3, max: 50 }),
  lost: fc.integer({ min: 0, max: 2 }),
  cores: fc.integer({ min: 1, max: 64 }),
  workers: fc.integer({ min: 1, max: 64 }),
  memoryBytes: fc.integer({ min: 1e9, max: 1e12 }),
  descriptors: fc.integer({ min: 1024, max: 2e6 }),
  endpoints: fc.integer({ min: 1, max: 500 }),
  sourceAddresses: fc.integer({ min: 1, max: 8 }),
  portsPerDestination: fc.integer({ min: 1000, max: 64_512 }),
  workerRatio: fc.double({ min: 1, max: 1.5, noNaN: true }),
  busyShare: fc.double({ min: 0.1, max: 1, noNaN: true }),
  peakShare: fc.double({ min: 0.1, max: 1, noNaN: true }),
  memoryShare: fc.double({ min: 0.1, max: 1, noNaN: true }),
  returnSeconds: fc.integer({ min: 1, max: 600 }),
})

describe('a capacity', () => {
  test('is the lowest of its limits, which it names', () => {
    fc.assert(
      fc.property(plans, (one) => {
        const { sessions, binding, limits } = capacityOf(one, figures)
        expect(sessions).toBe(Math.min(...limits.map((limit) => limit.sessions)))
        expect(limits.find(({ name }) => name === binding)?.sessions).toBe(sessions)
      }),
    )
  })

  test('does not grow where sessions do more', () => {
    const more = ['messagesPerSecond', 'bytes', 'lost', 'workerRatio'] as const
    fc.assert(
      fc.property(plans, fc.constantFrom(...more), (one, key) => {
        const harder = { ...one, [key]: key === 'lost' ? 2 : one[key] * 2 }
        expect(capacityOf(harder, figures).sessions).toBeLessThanOrEqual(
          capacityOf(one, figures).sessions,
        )
      }),
    )
  })

  test('does not shrink where there is more', () => {
    const more = [
      ...([
        'machines',
        'cores',
        'memoryBytes',
        'descriptors',
        'endpoints',
        'sourceAddresses',
      ] as const),
      ...(['portsPerDestination', 'returnSeconds', 'heartbeatSeconds'] as const),
    ]
    fc.assert(
      fc.property(plans, fc.constantFrom(...more), (one, key) => {
        const richer = { ...one, [key]: one[key] * 2 }
        expect(capacityOf(richer, figures).sessions).toBeGreaterThanOrEqual(
          capacityOf(one, figures).sessions,
        )
      }),
    )
  })

  test('of a machine is at least that of one of its processes, and a fleet holds more than a machine', () => {
    fc.assert(
      fc.property(plans, (one) => {
        const of = (part: Plan) => capacityOf(part, figures).sessions
        const even = { ...one, cores: one.workers, workerRatio: 1 }
        expect(of(processOf(even))).toBeLessThanOrEqual(of(machineOf(even)) + 1)
        expect(of(machineOf({ ...one, lost: 0 }))).toBeLessThanOrEqual(of({ ...one, lost: 0 }))
      }),
    )
  })
})

describe('a limit', () => {
  test('of descriptors is what the gateway itself says at start', () => {
    // docs/running.md: `capacity descriptors=20000 sessions=9936`.
    expect(limitOf('descriptors', { ...processOf(plan), descriptors: 20_000 })).toBe(9936)
    expect(limitOf('descriptors', plan)).toBe(3 * 4 * 50_000)
  })

  test('of ports is the machine’s, however many workers share it', () => {
    const one = { ...machineOf(plan), endpoints: 1 }
    expect(limitOf('ephemeral ports', one)).toBe(28_232)
    expect(limitOf('ephemeral ports', { ...one, workers: 16 })).toBe(28_232)
    expect(limitOf('ephemeral ports', { ...one, endpoints: 3, sourceAddresses: 2 })).toBe(169_392)
  })

  test('of memory counts each process, and what the kernel holds', () => {
    const one = machineOf(plan)
    expect(limitOf('memory', one)).toBe((0.8 * 16e9 - 4 * 1e8) / 20_000)
    expect(limitOf('memory', { ...one, isTls: true })).toBe(Math.floor((0.8 * 16e9 - 4e8) / 25_000))
  })

  test('of messages counts heartbeats, and no more workers than there are cores', () => {
    const one = machineOf(plan)
    // 10 µs for its message and 1 for its ping, each second.
    expect(limitOf('CPU for messages', one)).toBe(Math.floor((4 * 0.5 * 1e6) / 11))
    expect(limitOf('CPU for messages', { ...one, workers: 40 })).toBe(181_818)
    expect(limitOf('CPU for messages', { ...one, isTls: true })).toBe(Math.floor(2e6 / 16))
  })

  test('of handshakes is what the machines that are left open beside what they do', () => {
    // A quarter of all comes back within a minute at three machines: 200 µs × 1/4 / 60 s each.
    const each = 11 + 200 / 4 / 60
    expect(limitOf('CPU for handshakes at a return', plan)).toBe(Math.floor((3 * 4 * 0.9e6) / each))
    const alone = 11 + 200 / 60
    expect(limitOf('CPU for handshakes at a return', machineOf(plan))).toBe(
      Math.floor((4 * 0.9e6) / alone),
    )
  })

  test.each<[LimitName, Partial<Plan>]>([
    ['descriptors', { descriptors: 1024 }],
    ['ephemeral ports', { endpoints: 1 }],
    ['memory', { memoryBytes: 1e9 }],
    ['CPU for messages', { messagesPerSecond: 50 }],
    ['CPU for handshakes at a return', { isTls: true, messagesPerSecond: 0, returnSeconds: 1 }],
  ])('of %s is named where it ends first', (name, change) => {
    expect(capacityOf({ ...plan, ...change }, round).binding).toBe(name)
  })
})

describe('the cost of a message', () => {
  test('is what was measured at the sizes that were, and on the lines between', () => {
    expect(messageUs(round, 'tunnel', 100)).toBe(10)
    expect(messageUs(round, 'tunnel', 600)).toBe(15)
    expect(messageUs(round, 'tunnel', 1)).toBe(10)
  })

  test('never falls with the size, whatever noise was measured', () => {
    expect(messageUs(round, 'tunnel', 2100)).toBe(20)
    const sizes = fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 0, max: 1e6 }))
    fc.assert(
      fc.property(
        fc.constantFrom('tunnel', 'tls', 'framed', 'compressed'),
        sizes,
        (kind, [size, more]) => {
          expect(messageUs(figures, kind, size + more)).toBeGreaterThanOrEqual(
            messageUs(figures, kind, size),
          )
        },
      ),
    )
  })
})

describe('a command line', () => {
  test('is read as a configuration writes its values', () => {
    const words =
      '--sessions 2e6 --messages 1/60s --size 1KB --heartbeat off --memory 64GB --cores 16'
    const { sessions, plan: read } = readPlan(words.split(' '), figures)
    expect(sessions).toBe(2_000_000)
    expect(read).toMatchObject({ bytes: 1024, heartbeatSeconds: 0, cores: 16, workers: 16 })
    expect(read.messagesPerSecond).toBeCloseTo(1 / 60)
    expect(read.memoryBytes).toBe(64 * 2 ** 30)
  })

  test.each([
    ['--messages often', /--messages: expected a rate/],
    ['--sessions 0', /--sessions: expected at least 1/],
    ['--cores 1.5', /--cores: expected a whole number/],
    ['--size big', /--size: /],
    ['--machines 2 --lost 2', /--lost: somebody must be left/],
    ['--kind http', /--kind: expected tunnel/],
  ])('with %s is refused with what was expected', (words, sentence) => {
    expect(() => readPlan(words.split(' '), figures)).toThrow(sentence)
  })
})

describe('what is written down', () => {
  const page = readFileSync(join(import.meta.dir, '../../docs/scaling.md'), 'utf8')

  /** What stands in the block behind a command, without the indentation of tables. */
  function printedBy(words: string): string {
    const block = page.split(`\n$ npm run scaling -- ${words}\n`)[1]?.split('\n```')[0]
    return lines(block ?? 'it is not there')
  }

  function lines(text: string): string {
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n')
  }

  test('is what the model prints from the figures that are there', () => {
    const { sessions, plan: asked } = readPlan([], figures)
    expect(printedBy('model')).toBe(lines(formatPlan(asked, sessions, figures)))
    expect(printedBy('model --profiles')).toBe(lines(formatProfiles(asked, figures)))
  })

  test('has figures above nothing, and does not say on whose machine they were taken', () => {
    const numbers = Object.entries(figures).flatMap(([, value]) => flat(value))
    expect(numbers.length).toBeGreaterThan(30)
    expect(numbers.filter((number) => !(number > 0))).toEqual([])
    expect(readFileSync(figuresFile, 'utf8')).not.toMatch(/\/|localhost/)
  })

  function flat(value: unknown): number[] {
    if (typeof value === 'number') return [value]
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(flat) : []
  }
})

test('a machine with twice the sessions is twice as busy', () => {
  expect(busyShareOf(plan, 2000, round)).toBeCloseTo(2 * busyShareOf(plan, 1000, round))
})
