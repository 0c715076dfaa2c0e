// How an endpoint stands, as a property: whatever happens in whatever order, it stands as a plain model says
// that works everything out anew from all that has happened.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { EndpointState } from '../../src/core/events.ts'
import { Standing } from '../../src/upstream/standing.ts'
import { FakeClock } from '../support/fake-clock.ts'

type Kind = 'request' | 'session'
type Step =
  | { readonly does: 'check'; readonly isWell: boolean }
  | { readonly does: 'succeed' | 'fail'; readonly kind: Kind }
  | { readonly does: 'drain' | 'undrain' }
  | { readonly does: 'floor'; readonly mayEject: boolean }
  | { readonly does: 'wait'; readonly ms: number }

interface Options {
  readonly eject: { failures: number; withinMs: number; forMs: number }
  readonly health: { healthy: number; unhealthy: number }
}

/** Everything is kept, and counted by hand. */
class Model {
  readonly #options: Options
  nowMs = 0
  mayEject = true
  isDraining = false
  checks: boolean[] = []
  isUnhealthy = false
  readonly rows: Record<Kind, number[]> = { request: [], session: [] }
  /** Checks in a row that succeeded since it was ejected or came back. */
  wellSince = 0
  /** From when until when, and why. */
  readonly ejections: { fromMs: number; untilMs: number; for: Kind }[] = []
  isMended = true

  constructor(options: Options) {
    this.#options = options
  }

  get state(): EndpointState {
    if (this.isDraining) return 'draining'
    if (this.isUnhealthy) return 'unhealthy'
    return this.#isEjected ? 'ejected' : 'healthy'
  }

  get isOnProbation(): boolean {
    return !this.#isEjected && !this.isMended && this.#remembered() > 0
  }

  check(isWell: boolean): void {
    this.checks.push(isWell)
    const { healthy, unhealthy } = this.#options.health
    const ends = (length: number, how: boolean) =>
      this.checks.length >= length && this.checks.slice(-length).every((each) => each === how)
    this.wellSince = isWell ? this.wellSince + 1 : 0
    const last = this.ejections.at(-1)
    if (last !== undefined && this.#isEjected && this.wellSince >= healthy) {
      last.untilMs = this.nowMs
      this.wellSince = 0
    }
    if (this.checks.length === 1) this.isUnhealthy = !isWell
    else if (ends(unhealthy, false)) this.isUnhealthy = true
    else if (ends(healthy, true)) this.isUnhealthy = false
  }

  succeed(kind: Kind): void {
    if (this.#isEjected) return
    this.rows[kind] = []
    if (this.ejections.at(-1)?.for === kind) this.isMended = true
  }

  fail(kind: Kind): void {
    if (this.state !== 'healthy') return
    const { failures, withinMs, forMs } = this.#options.eject
    const row = this.rows[kind]
    const lastMs = row.at(-1) ?? this.nowMs
    this.rows[kind] = this.nowMs - lastMs > withinMs ? [this.nowMs] : [...row, this.nowMs]
    const recent = this.rows[kind]
    const isAgain = this.isOnProbation && this.ejections.at(-1)?.for === kind
    if ((recent.length < failures && !isAgain) || !this.mayEject) return
    const lastsMs = Math.min(forMs * 2 ** this.#remembered(), 10 * forMs)
    this.ejections.push({ fromMs: this.nowMs, untilMs: this.nowMs + lastsMs, for: kind })
    this.isMended = false
    this.wellSince = 0
    this.rows.request = []
    this.rows.session = []
  }

  get #isEjected(): boolean {
    return this.nowMs < (this.ejections.at(-1)?.untilMs ?? 0)
  }

  /** Counted from the first ejection on: one more for each, one less for each `forMs` between. */
  #remembered(): number {
    let count = 0
    this.ejections.forEach(({ untilMs }, index) => {
      count = Math.min(count + 1, 5)
      const nextMs = this.ejections[index + 1]?.fromMs ?? this.nowMs
      for (let ms = untilMs + this.#options.eject.forMs; ms <= nextMs && count > 0; count--)
        ms += this.#options.eject.forMs
    })
    return count
  }
}

const kind = fc.constantFrom<Kind>('request', 'session')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant('check' as const), isWell: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('succeed' as const), kind }) },
  { weight: 8, arbitrary: fc.record({ does: fc.constant('fail' as const), kind }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constantFrom('drain' as const, 'undrain' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('floor' as const), mayEject: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 60_000 })),
    }),
  },
)
const options = fc.record({
  eject: fc.record({
    failures: fc.integer({ min: 1, max: 4 }),
    withinMs: fc.integer({ min: 0, max: 5_000 }),
    forMs: fc.integer({ min: 1, max: 10_000 }),
  }),
  health: fc.record({
    healthy: fc.integer({ min: 1, max: 3 }),
    unhealthy: fc.integer({ min: 1, max: 3 }),
  }),
})

interface Scene {
  readonly clock: FakeClock
  readonly standing: Standing
  readonly model: Model
}

function act({ clock, standing, model }: Scene, done: Step): void {
  switch (done.does) {
    case 'check':
      model.check(done.isWell)
      return standing.checked(done.isWell ? undefined : 'answered 503')
    case 'succeed':
      model.succeed(done.kind)
      return standing.succeeded(done.kind)
    case 'fail':
      model.fail(done.kind)
      return standing.failed(done.kind, 'connection refused')
    case 'drain':
      model.isDraining = true
      return standing.drain()
    case 'undrain':
      model.isDraining = false
      return standing.undrain()
    case 'floor':
      model.mayEject = done.mayEject
      return
    case 'wait':
      model.nowMs += done.ms
      return clock.advance(done.ms)
  }
}

test('an endpoint stands as its model does, whatever happens in whatever order', () => {
  let ejections = 0
  let again = 0
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 120, size: 'max' }), (given, steps) => {
      const clock = new FakeClock()
      const model = new Model(given)
      const told: EndpointState[] = ['healthy']
      const standing = new Standing({
        clock,
        ...given,
        mayEject: () => model.mayEject,
        onChange({ state, was, reason }) {
          expect(was).toBe(told.at(-1)!)
          expect(state).not.toBe(was)
          expect(reason).not.toMatch(/^$|\.$|undefined/)
          told.push(state)
        },
      })
      for (const done of steps) {
        const isClosed = !model.mayEject && standing.state !== 'ejected'
        act({ clock, standing, model }, done)
        expect(standing.state).toBe(model.state)
        expect(standing.isOnProbation).toBe(model.isOnProbation)
        expect(told.at(-1)).toBe(standing.state)
        expect(standing.history.length).toBe(Math.min(16, told.length - 1))
        expect(standing.history.map(({ state }) => state)).toEqual(told.slice(1).slice(-16))
        if (isClosed && done.does === 'fail') expect(standing.state).not.toBe('ejected')
        expect(clock.pending).toBeLessThanOrEqual(1)
      }
      ejections += model.ejections.length
      again += Math.max(0, model.ejections.length - 1)
      standing.stop()
      expect(clock.pending).toBe(0)
    }),
    { numRuns: 400 },
  )
  // Else nothing of it was shown.
  expect(ejections).toBeGreaterThan(200)
  expect(again).toBeGreaterThan(100)
})

test('an endpoint is ejected for exactly the time that its reason tells', () => {
  const forMs = fc.integer({ min: 1, max: 100_000 })
  fc.assert(
    fc.property(forMs, fc.integer({ min: 1, max: 8 }), (lastsMs, times) => {
      const clock = new FakeClock()
      const standing = new Standing({
        clock,
        eject: { failures: 1, withinMs: 1_000, forMs: lastsMs },
        health: undefined,
        mayEject: () => true,
        onChange() {},
      })
      for (let time = 0; time < times; time++) {
        standing.failed('request', 'connection refused')
        const toldMs = Number(/tried again in ([\d.]+)s$/.exec(standing.reason)?.[1]) * 1_000
        expect(toldMs).toBeCloseTo(Math.min(lastsMs * 2 ** time, lastsMs * 10), 6)
        clock.advance(Math.round(toldMs) - 1)
        expect(standing.state).toBe('ejected')
        clock.advance(1)
        expect(standing.state).toBe('healthy')
      }
    }),
  )
})
