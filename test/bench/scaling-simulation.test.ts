/**
 * The simulation of docs/scaling.md (`npm run scaling -- simulate`): no client is ever lost sight of, bounds hold, and a
 * seed decides everything.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { chart, squeeze } from '../../bench/scaling/chart.ts'
import { readFigures } from '../../bench/scaling/figures.ts'
import { windowSeconds } from '../../bench/scaling/model.ts'
import { readPlan } from '../../bench/scaling/plan.ts'
import { createRandom } from '../../bench/scaling/random.ts'
import { reconnectNamed, reconnects } from '../../bench/scaling/reconnect.ts'
import { settingsOf } from '../../bench/scaling/simulation/assumptions.ts'
import { SimulatedDialGate } from '../../bench/scaling/simulation/dial-gate.ts'
import { Engine } from '../../bench/scaling/simulation/engine.ts'
import {
  leaveMachine,
  loseMachine,
  loseServer,
  restartProcess,
} from '../../bench/scaling/simulation/happenings.ts'
import { runLeave, runMachineLoss, runServerLoss } from '../../bench/scaling/simulation/runs.ts'
import type { Settings } from '../../bench/scaling/simulation/settings.ts'
import { World } from '../../bench/scaling/simulation/world.ts'

const figures = await readFigures()
const { plan } = readPlan('--machines 3 --cores 2 --endpoints 4'.split(' '), figures)
const small = settingsOf(plan, 600, figures)
const hourMs = 3_600_000

describe('virtual time', () => {
  test('lets everything happen once, by its moment, then in the order in which it was asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (delays) => {
        const engine = new Engine()
        const happened: [number, number][] = []
        for (const [index, delay] of delays.entries()) {
          engine.after(delay, () => happened.push([engine.nowMs, index]))
        }
        engine.run(Infinity)
        const wanted = delays.map((delay, index): [number, number] => [delay, index])
        expect(happened).toEqual(wanted.toSorted(([a, i], [b, j]) => a - b || i - j))
        expect(engine.pending).toBe(0)
      }),
    )
  })

  test('stops at its limit, and goes on from there', () => {
    const engine = new Engine()
    const happened: string[] = []
    engine.after(5, () => engine.after(5, () => happened.push('later')))
    engine.after(7, () => happened.push('soon'))
    engine.run(8)
    expect(happened).toEqual(['soon'])
    engine.run(10)
    expect(happened).toEqual(['soon', 'later'])
  })

  test('has no past', () => {
    expect(() => new Engine().after(-1, () => {})).toThrow(RangeError)
  })
})

const worlds: fc.Arbitrary<Settings> = fc
  .record({
    seed: fc.nat(),
    sessions: fc.integer({ min: 1, max: 80 }),
    workers: fc.integer({ min: 1, max: 3 }),
    reconnect: fc.constantFrom(...reconnects),
    attempts: fc.constantFrom(1, 2, Infinity),
    backlog: fc.integer({ min: 1, max: 20 }),
    clients: fc.integer({ min: 5, max: 200 }),
    handshakes: fc.constantFrom(1, 5, Infinity),
    choice: fc.constantFrom('random', 'least'),
  })
  .map(({ backlog, clients, handshakes, choice, ...rest }) => ({
    ...small,
    ...rest,
    bounds: { ...small.bounds, backlog, clients, handshakes, dials: 2 },
    balancer: { ...small.balancer, choice },
  }))

/** Several things at once, at moments that a number decides. */
function disturb(world: World, seed: number): void {
  const random = createRandom(seed)
  const at = (act: () => void) => world.engine.after(10_000 * random(), act)
  at(() => loseServer(world, 0))
  at(() => loseMachine(world, 0))
  at(() =>
    leaveMachine(
      world,
      1,
      { windowMs: 2000 * random(), isTakenOver: random() < 0.5, restartMs: 500 },
      () => {},
    ),
  )
  at(() => restartProcess(world, world.processes.length - 1, 300))
}

describe('a client', () => {
  test('is connected, waiting or gone at every moment, and its process knows', () => {
    fc.assert(
      fc.property(worlds, fc.nat(), (settings, seed) => {
        const world = new World(settings)
        const { population, processes, engine } = world
        disturb(world, seed)
        engine.run(60_000, () => {
          const { connected, waiting, gone } = population
          expect(connected + waiting + gone).toBe(settings.sessions)
          expect(population.count()).toEqual({ connected, waiting, gone })
          expect(processes.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(connected)
          return false
        })
        expect(settings.attempts === Infinity ? population.gone : 0).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('comes back in the end where there is room and it does not give up', () => {
    for (const reconnect of reconnects) {
      const world = new World({ ...small, reconnect })
      disturb(world, 7)
      world.engine.run(10_500)
      world.engine.run(hourMs, () => world.population.waiting === 0)
      expect(world.population.connected).toBe(small.sessions)
    }
  })

  test('that gives up after an attempt is gone', () => {
    const outcome = runMachineLoss({
      ...small,
      attempts: 1,
      reconnect: reconnectNamed('immediate'),
    })
    const failed = [...outcome.failures.values()].reduce((sum, one) => sum + one, 0)
    expect(failed).toBeGreaterThan(0)
    expect(outcome.returned).toBe(200 - failed)
  })
})

test('the same seed gives the same run, and another one another', () => {
  const run = (seed: number) => JSON.stringify(runMachineLoss({ ...small, seed }))
  expect(run(3)).toBe(run(3))
  expect(run(3)).not.toBe(run(4))
})

describe('a gateway', () => {
  test('holds no more clients than its bound, and refuses the others', () => {
    const bounds = { ...small.bounds, clients: 120 }
    const world = new World({ ...small, bounds })
    loseMachine(world, 0)
    world.engine.run(120_000)
    const held = world.processes.map(({ sessions }) => sessions)
    expect(Math.max(...held)).toBe(120)
    expect(world.population.waiting).toBe(600 - 4 * 120)
    expect(world.failures.get('refused: full')).toBeGreaterThan(0)
  })

  test('refuses handshakes past limits.handshakes, and all are served later', () => {
    const bounds = { ...small.bounds, handshakes: 2 }
    const outcome = runMachineLoss({ ...small, bounds, reconnect: reconnectNamed('immediate') })
    expect(outcome.failures.get('refused: busy')).toBeGreaterThan(0)
    expect(outcome.returned).toBe(200)
  })

  test('whose backlog is full is knocked at again, at first a second later', () => {
    const network = { ...small.network, leastRoundTripMs: 1, mostRoundTripMs: 1 }
    const reconnect = reconnectNamed('immediate')
    const calm = { ...small, network, reconnect, balancer: { ...small.balancer, noticesMs: 0 } }
    const wide = runMachineLoss(calm)
    const narrow = runMachineLoss({ ...calm, bounds: { ...calm.bounds, backlog: 5 } })
    expect(wide.droppedSyns).toBe(0)
    expect(narrow.droppedSyns).toBeGreaterThan(0)
    expect(narrow.allBackMs).toBeGreaterThan(wide.allBackMs + 900)
  })

  test('is busier where handshakes cost more', () => {
    const dearer = { ...small.costs, readUs: 20 * small.costs.readUs }
    expect(runMachineLoss({ ...small, costs: dearer }).peakBusy).toBeGreaterThan(
      runMachineLoss(small).peakBusy,
    )
  })
})

test('dials to an endpoint are bounded, and whoever waits is let through in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.boolean()), (most, steps) => {
      const gate = new SimulatedDialGate(most)
      const dialled: number[] = []
      let [asked, left] = [0, 0]
      for (const isNew of steps) {
        if (isNew) {
          const own = asked++
          gate.enter(() => dialled.push(own))
        } else if (left < dialled.length) {
          left++
          gate.leave()
        }
        expect(dialled.length - left).toBe(Math.min(most, asked - left))
      }
      expect(dialled).toEqual(dialled.map((_, index) => index))
    }),
  )
})

describe('a machine that leaves', () => {
  test('spreads its sessions over the window, and all are back', () => {
    const outcome = runLeave(small, { windowMs: 20_000, isTakenOver: false })
    expect(outcome.returned).toBe(200)
    expect(outcome.allBackMs).toBeGreaterThan(19_000)
    expect(outcome.droppedSyns).toBe(0)
  })

  test('with the window of the formula keeps the others about as busy as was asked for', () => {
    const sessions = 12_000
    for (const isTakenOver of [false, true]) {
      const share = 0.5
      const seconds = windowSeconds(plan, { sessions, share, isTakenOver }, figures)
      const settings = settingsOf(plan, sessions, figures)
      const { peakBusy } = runLeave(settings, { windowMs: seconds * 1000, isTakenOver })
      // The first second has nobody back yet, and chance makes one machine the busiest.
      expect(peakBusy).toBeGreaterThan(0.6 * share)
      expect(peakBusy).toBeLessThan(1.3 * share)
    }
  })
})

test('a server that dies is left by all of its sessions, sooner where the others are quicker', () => {
  const quick = runServerLoss(small)
  const slow = runServerLoss({ ...small, servers: { count: 4, handshakeUs: 50_000 } })
  expect(quick.moved).toBe(150)
  expect(slow.allMs).toBeGreaterThan(quick.allMs)
})

describe('clients come back', () => {
  test('at growing intervals, each at its own moment, where they are exponential', () => {
    const { delayMs } = reconnectNamed('exponential')
    const early = () => 0
    const late = () => 0.999
    expect([0, 1, 2, 9].map((failures) => delayMs(failures, early))).toEqual([
      500, 1000, 2000, 15_000,
    ])
    expect(delayMs(9, late)).toBeLessThan(45_000)
    expect(() => reconnectNamed('never')).toThrow(/immediate, fixed 1 s, exponential/)
  })
})

describe('a chart', () => {
  test('keeps the peak of what shares a column, and draws something for everything', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1 }),
        fc.integer({ min: 1, max: 30 }),
        (values, width) => {
          const columns = squeeze(values, width)
          expect(columns.length).toBe(Math.min(width, values.length))
          expect(Math.max(...columns)).toBe(Math.max(...values))
        },
      ),
    )
    const drawn = chart([{ name: 'a', values: [0, 1, 1000], format: String }], 3)
    expect(drawn).toContain('a  ▁█')
  })
})
