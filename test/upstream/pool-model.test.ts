/**
 * A pool under anything that may happen to it, beside a model that only remembers who was sent where:
 * endpoints come and go and come again, fail, drain and change weight; sessions come, stick, wait, end and give
 * up; plain requests come between them, and some have failed elsewhere before.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { Ask } from '../../src/upstream/chooser.ts'
import { factsOf } from '../support/facts.ts'
import { balancerNamed, endpointOptions, startPool, type TestPool } from '../support/pool.ts'

const queue = { sessions: 3, waitMs: 2_000 }
const atMost = 0.5

interface Waiting {
  readonly ask: Ask
  readonly gaveUp: AbortController
  /** Set when it is over: where it was sent, or why nowhere. */
  result: Endpoint | string | undefined
}

/** What the model remembers. */
interface Model {
  /** Those who were let in and have not left: where they are. */
  readonly inside: Endpoint[]
  /** Plain requests under way, likewise. */
  readonly asking: Endpoint[]
  waiting: Waiting[]
  readonly urls: Set<string>
  /** Endpoints that are there or have been: what a client may stick to. */
  readonly known: Set<Endpoint>
}

const request = factsOf([])
const ask: Ask = { request, isSession: true, sticksTo: undefined, tried: [] }

/** Whether it sticks to one that takes it, whatever others wait for. */
function mayStick({ pool }: TestPool, { sticksTo, isSession, tried }: Ask): boolean {
  if (sticksTo === undefined || tried.includes(sticksTo)) return false
  const { state } = sticksTo.standing
  const isThere = [...pool.endpoints].includes(sticksTo)
  if (!isThere || (isSession && sticksTo.isFull)) return false
  return state === 'healthy' || (state === 'draining' && !isSession)
}

/**
 * Those that may be chosen: the one it sticks to; else healthy ones, in their tiers; and as a last resort
 * ejected ones, where no healthy one is there that only lacks room.
 */
function choices(real: TestPool, asked: Ask): Endpoint[] {
  const { sticksTo, isSession, tried } = asked
  if (sticksTo !== undefined && mayStick(real, asked)) return [sticksTo]
  const weighted = [...real.pool.endpoints].filter(({ weight }) => weight > 0)
  const healthy = weighted.filter(({ standing }) => standing.state === 'healthy')
  const isOpen = (each: Endpoint) => !(isSession && each.isFull) && !tried.includes(each)
  const open = healthy.filter(isOpen)
  const primaries = open.filter(({ options }) => !options.isBackup)
  if (primaries.length > 0) return primaries
  if (open.length > 0 || (isSession && healthy.some(({ isFull }) => isFull))) return open
  return weighted.filter((each) => each.standing.state === 'ejected' && isOpen(each))
}

function checkInvariants(model: Model, real: TestPool): void {
  const { pool } = real
  const all = [...pool.endpoints]
  expect(new Set(all.map(({ url }) => url))).toEqual(model.urls)
  for (const endpoint of all) {
    // Also where the address has been away under its sessions.
    const isHere = ({ url }: Endpoint) => url === endpoint.url
    expect(endpoint.sessions).toBe(model.inside.filter(isHere).length)
    expect(endpoint.load).toBe(endpoint.sessions + model.asking.filter(isHere).length)
    expect(endpoint.standing.history.length).toBeLessThanOrEqual(16)
  }
  expect(pool.waiting).toBe(model.waiting.length)
  expect(pool.waiting).toBeLessThanOrEqual(queue.sessions)
  // Nobody waits while there is somewhere to go.
  const [first] = model.waiting
  if (first !== undefined) expect(choices(real, first.ask)).toEqual([])
}

/** Lets promises that are settled be heard, and takes over what they say. */
async function settle(model: Model): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  const over = model.waiting.filter(({ result }) => result !== undefined)
  // First come, first served: whoever was sent somewhere came before those who still wait.
  const served = model.waiting.map(({ result }) => typeof result === 'object')
  const open = model.waiting.map(({ result }) => result === undefined)
  if (open.includes(true)) expect(served.lastIndexOf(true)).toBeLessThan(open.indexOf(true))
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
      for (const endpoint of real.pool.endpoints) model.known.add(endpoint)
      checkInvariants(model, real)
    },
  }
}

/** One of those there are. */
function pick<T>(items: readonly T[], index: number): T | undefined {
  return items[index % Math.max(1, items.length)]
}

/** One that is there or was. */
function stickyOf({ known }: Model, number: number | null): Endpoint | undefined {
  return number === null ? undefined : pick([...known], number)
}

const index = fc.nat(30)
const weight = fc.nat(4)

const steps = [
  fc
    .tuple(fc.nat(7), weight, fc.boolean(), fc.option(fc.integer({ min: 1, max: 3 }), { freq: 20 }))
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
  index.map((number) =>
    step(`blink ${number}`, ({ inside }, { pool }) => {
      // Sooner one that has sessions.
      const endpoint = pick(inside, number) ?? pick([...pool.endpoints], number)
      const there = endpoint && pool.endpoint(endpoint.url)
      if (there === undefined) return
      pool.remove(there)
      const again = pool.add(there.options)
      if (typeof again === 'string') throw new Error(again)
      // Whoever removes it takes back what he has said of it.
      expect(again.weight).toBe(there.options.weight)
      expect(again.standing.state).toBe('healthy')
    }),
  ),
  fc.option(index, { freq: 2 }).map((number) =>
    step(number === null ? 'enter' : `enter sticking to ${number}`, async (model, real) => {
      const asked = { ...ask, sticksTo: stickyOf(model, number) }
      const possible = choices(real, asked)
      const hadToWait = model.waiting.length > 0 && !mayStick(real, asked)
      const gaveUp = new AbortController()
      const wasFull = model.waiting.length >= queue.sessions
      const waiting: Waiting = { ask: asked, gaveUp, result: undefined }
      const entered = (async () => real.pool.enter(asked, gaveUp.signal, 10_000))()
      entered.then(
        (endpoint) => (waiting.result = endpoint),
        (error: Error) => (waiting.result = error.message),
      )
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      const { result } = waiting
      if (possible.length > 0 && !hadToWait) {
        expect(possible).toContain(result as Endpoint)
        model.inside.push(result as Endpoint)
      } else if (wasFull) expect(typeof result).toBe('string')
      else {
        expect(result).toBeUndefined()
        model.waiting.push(waiting)
      }
    }),
  ),
  fc
    .tuple(fc.boolean(), fc.option(index), fc.array(index, { maxLength: 3 }))
    .map(([isSession, number, triedOnes]) =>
      step(`${isSession ? 'retry' : 'ask'} ${number} not ${triedOnes.join()}`, (model, real) => {
        const known = [...model.known]
        const tried = triedOnes.flatMap((each) => pick(known, each) ?? [])
        const asked = { ...ask, isSession, sticksTo: stickyOf(model, number), tried }
        const possible = choices(real, asked)
        const chosen = real.pool.enterNow(asked)
        if (chosen === undefined) return expect(possible).toEqual([])
        expect(possible).toContain(chosen)
        expect(tried).not.toContain(chosen)
        const place = isSession ? model.inside : model.asking
        place.push(chosen)
      }),
    ),
  index.map((number) =>
    step(`answer ${number}`, ({ asking }) => {
      const endpoint = pick(asking, number)
      if (endpoint === undefined) return
      asking.splice(asking.indexOf(endpoint), 1)
      endpoint.leave(false)
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
  fc.tuple(index, fc.constantFrom(1, 3, 5, 6)).map(([number, times]) =>
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
      const endpoint = pick([...pool.endpoints], number)
      if (isDraining) endpoint?.drain()
      else endpoint?.undrain()
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
      fc.asyncProperty(fc.commands(steps, { maxCommands: 100 }), async (commands) => {
        const start = ['ws://10.0.0.0:9000', 'ws://10.0.0.1:9000', 'ws://10.0.0.2:9000']
        const real = startPool(
          // The last is one that only clients who stick to it get to.
          start.map((url, at) => endpointOptions(url, { sessions: 2, weight: at < 2 ? 1 : 0 })),
          { queue, balancer: balancerNamed(type) },
        )
        const model: Model = {
          inside: [],
          asking: [],
          waiting: [],
          urls: new Set(start),
          known: new Set(real.pool.endpoints),
        }
        await fc.asyncModelRun(() => ({ model, real }), commands)
        for (const { gaveUp } of model.waiting) gaveUp.abort(new Error('over'))
        real.pool.leave()
        // Nothing of it is left behind.
        expect(real.clock.pending).toBe(0)
      }),
      { numRuns: 1_000 },
    )
  },
)
