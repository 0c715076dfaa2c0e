/**
 * A pool under anything that may happen to it, beside a model that only remembers who was sent where:
 * endpoints come and go, fail, drain and change weight; sessions come, wait, end and give up.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { Ask } from '../../src/upstream/pool.ts'
import { factsOf } from '../support/facts.ts'
import { balancerNamed, endpointOptions, startPool, type TestPool } from '../support/pool.ts'

const queue = { sessions: 3, waitMs: 2_000 }
const atMost = 0.5

interface Waiting {
  readonly gaveUp: AbortController
  /** Set when it is over: where it was sent, or why nowhere. */
  result: Endpoint | string | undefined
}

/** What the model remembers. */
interface Model {
  /** Those who were let in and have not left: where they are. */
  readonly inside: Endpoint[]
  waiting: Waiting[]
  readonly urls: Set<string>
}

const request = factsOf([])
const ask: Ask = { request, isSession: true, sticksTo: undefined, tried: [] }

function roomFor(endpoint: Endpoint): boolean {
  return endpoint.weight > 0 && !endpoint.isFull
}

/**
 * Those that may be chosen: healthy ones, in their tiers; and as a last resort ejected ones, where no healthy
 * one is there that only lacks room.
 */
function choices({ pool }: TestPool): Endpoint[] {
  const weighted = [...pool.endpoints].filter(({ weight }) => weight > 0)
  const healthy = weighted.filter(({ standing }) => standing.state === 'healthy')
  const open = healthy.filter(roomFor)
  const primaries = open.filter(({ options }) => !options.isBackup)
  if (primaries.length > 0) return primaries
  if (healthy.length > 0) return open
  return weighted.filter((each) => each.standing.state === 'ejected' && roomFor(each))
}

function checkInvariants(model: Model, real: TestPool): void {
  const { pool } = real
  const all = [...pool.endpoints]
  expect(new Set(all.map(({ url }) => url))).toEqual(model.urls)
  for (const endpoint of all) {
    // Also where the address has been away under its sessions.
    expect(endpoint.sessions).toBe(model.inside.filter(({ url }) => url === endpoint.url).length)
    expect(endpoint.standing.history.length).toBeLessThanOrEqual(16)
  }
  expect(pool.waiting).toBe(model.waiting.length)
  expect(pool.waiting).toBeLessThanOrEqual(queue.sessions)
  // Nobody waits while there is somewhere to go.
  if (pool.waiting > 0) expect(choices(real)).toEqual([])
}

/** Lets promises that are settled be heard, and takes over what they say. */
async function settle(model: Model): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  const over = model.waiting.filter(({ result }) => result !== undefined)
  // First come, first served: whoever was sent somewhere came before those who still wait.
  const served = model.waiting.map(({ result }) => typeof result === 'object')
  const open = model.waiting.map(({ result }) => result === undefined)
  if (open.includes(true)) expect(served.lastIndexOf(true)).toBeLessThan(open.lastIndexOf(true))
  for (const { result } of over) {
    if (typeof result !== 'object') continue
    model.inside.push(result)
    const { sessions = Infinity } = result.options
    expect(result.sessions).toBeLessThanOrEqual(sessions)
  }
  model.waiting = model.waiting.filter(({ result }) => result === undefined)
}

type Step = fc.AsyncCommand<Model, TestPool>

/** A step that is possible at any time. */
function step(name: string, act: (model: Model, real: TestPool) => void | Promise<void>): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(model, real) {
      await act(model, real)
      await settle(model)
      checkInvariants(model, real)
    },
  }
}

/** One of those there are. */
function pick<T>(items: readonly T[], index: number): T | undefined {
  return items[index % Math.max(1, items.length)]
}

const index = fc.nat(30)
const weight = fc.nat(4)

const steps = [
  fc
    .tuple(fc.nat(7), weight, fc.boolean(), fc.option(fc.integer({ min: 1, max: 3 })))
    .map(([number, of, isBackup, sessions]) =>
      step(`join ${number}`, (model, { pool }) => {
        const url = `ws://10.0.0.${number}:9000`
        const limit = sessions ?? undefined
        const added = pool.add(endpointOptions(url, { weight: of, isBackup, sessions: limit }))
        expect(typeof added === 'string').toBe(model.urls.has(url))
        model.urls.add(url)
      }),
    ),
  index.map((number) =>
    step(`leave ${number}`, (model, { pool }) => {
      const endpoint = pick([...pool.endpoints], number)
      if (endpoint === undefined) return
      pool.remove(endpoint)
      model.urls.delete(endpoint.url)
    }),
  ),
  fc.constant(
    step('enter', async (model, real) => {
      const possible = choices(real)
      const gaveUp = new AbortController()
      const wasFull = model.waiting.length >= queue.sessions
      const waiting: Waiting = { gaveUp, result: undefined }
      const entered = (async () => real.pool.enter(ask, gaveUp.signal, 10_000))()
      entered.then(
        (endpoint) => (waiting.result = endpoint),
        (error: Error) => (waiting.result = error.message),
      )
      if (possible.length === 0 && wasFull) return
      model.waiting.push(waiting)
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      if (possible.length > 0) expect(possible).toContain(waiting.result as Endpoint)
      else expect(waiting.result).toBeUndefined()
    }),
  ),
  index.map((number) =>
    step(`end ${number}`, (model) => {
      const endpoint = pick(model.inside, number)
      if (endpoint === undefined) return
      model.inside.splice(model.inside.indexOf(endpoint), 1)
      endpoint.sessionEnded({ by: 'client', code: 1000, reason: 'closed', detail: undefined })
    }),
  ),
  index.map((number) =>
    step(`give up ${number}`, (model) =>
      pick(model.waiting, number)?.gaveUp.abort(new Error('gone')),
    ),
  ),
  fc.tuple(index, fc.integer({ min: 1, max: 6 })).map(([number, times]) =>
    step(`fail ${number} × ${times}`, (_, real) => {
      const all = [...real.pool.endpoints]
      const endpoint = pick(all, number)
      const healthy = () => all.filter(({ standing }) => standing.state === 'healthy').length
      const ejected = () => all.filter(({ standing }) => standing.state === 'ejected').length
      const [healthyBefore, ejectedBefore] = [healthy(), ejected()]
      for (let time = 0; time < times; time++) endpoint?.standing.failed('request', 'refused')
      if (healthyBefore > 0) expect(healthy()).toBeGreaterThan(0)
      if (ejected() > ejectedBefore)
        expect(ejected()).toBeLessThanOrEqual(Math.ceil(all.length * atMost))
    }),
  ),
  index.map((number) =>
    step(`succeed ${number}`, (_, { pool }) =>
      pick([...pool.endpoints], number)?.standing.succeeded('request'),
    ),
  ),
  fc.tuple(index, fc.boolean()).map(([number, isDraining]) =>
    step(`${isDraining ? 'drain' : 'undrain'} ${number}`, (_, { pool }) => {
      const { standing } = pick([...pool.endpoints], number) ?? {}
      if (isDraining) standing?.drain()
      else standing?.undrain()
    }),
  ),
  fc.tuple(index, weight).map(([number, of]) =>
    step(`weigh ${number}: ${of}`, (_, { pool }) => {
      const endpoint = pick([...pool.endpoints], number)
      if (endpoint !== undefined) pool.setWeight(endpoint, of)
    }),
  ),
  fc
    .integer({ min: 1, max: 40_000 })
    .map((ms) => step(`wait ${ms}`, (_, { clock }) => clock.advance(ms))),
]

test.each(['round-robin', 'least-connections', 'random-two', 'least-time', 'first'])(
  'whatever happens to a pool by %s, everybody is counted where they are and nobody is sent where there is no room',
  async (type) => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 60 }), async (commands) => {
        const start = ['ws://10.0.0.0:9000', 'ws://10.0.0.1:9000']
        const real = startPool(
          start.map((url) => endpointOptions(url, { sessions: 2 })),
          { queue, balancer: balancerNamed(type) },
        )
        const model: Model = { inside: [], waiting: [], urls: new Set(start) }
        await fc.asyncModelRun(() => ({ model, real }), commands)
        for (const { gaveUp } of model.waiting) gaveUp.abort(new Error('over'))
        real.pool.leave()
        // Nothing of it is left behind.
        expect(real.clock.pending).toBe(0)
      }),
      { numRuns: 300 },
    )
  },
)
