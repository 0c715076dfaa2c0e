/**
 * A pool whose options change while everything else happens to it, beside a model of who said what of which address:
 * files are loaded again and given up, administrators and discovery have their say, servers fail and are checked,
 * sessions come and go.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { endpointTag } from '../../src/upstream/endpoint-tag.ts'
import type { Endpoint } from '../../src/upstream/endpoint.ts'
import type { Pool } from '../../src/upstream/pool.ts'
import { prepareChange } from '../support/changed-pool.ts'
import {
  addresses,
  changeOf,
  checkEveryMs,
  differences,
  findInModel,
  listInModel,
  urlOf,
  type Model,
} from '../support/changing-upstream.ts'
import { DnsByHand, settle, type OpenQuestion } from '../support/discovering.ts'
import { factsOf } from '../support/facts.ts'
import { endpointOptions, startPool, type TestPool } from '../support/pool.ts'

interface Real extends TestPool {
  readonly dns: DnsByHand
  readonly answered: Set<OpenQuestion>
  /** How often the host was told of a change. */
  readonly told: { changes: number }
}

function standingOf({ standing, sessions, latencyMs }: Endpoint) {
  const { state, fault, reason, sinceMs, history } = standing
  return { state, fault, reason, sinceMs, history, sessions, latencyMs }
}

function checkInvariants(model: Model, { pool, events }: Real): void {
  const shown = Array.from(pool.endpoints, ({ url, source }) => [url, source] as const)
  expect(new Map(shown)).toEqual(model.sources)
  const listed = model.file.filter(({ url }) => model.sources.get(url) === 'file')
  const files = shown.filter(([, source]) => source === 'file')
  expect(files.map(([url]) => url)).toEqual(listed.map(({ url }) => url))
  for (const url of addresses.map(urlOf)) {
    const inside = model.inside.filter((each) => each.url === url).length
    expect(pool.sessionsAt(url)).toBe(inside)
    expect(pool.leaving.get(url) ?? 0).toBe(model.sources.has(url) ? 0 : inside)
    const isTagged = pool.options.sticky !== undefined && model.sources.has(url)
    const tagged = pool.withTag(endpointTag(model.secret, url))
    expect(tagged).toBe((isTagged ? pool.endpoint(url) : undefined) as never)
  }
  const { health, eject } = pool.options
  for (const { standing, sessions, url } of pool.endpoints) {
    expect(sessions).toBe(pool.sessionsAt(url))
    if (health === undefined) expect(standing.fault).toBeUndefined()
    if (eject === undefined) expect(standing.state).not.toBe('ejected')
  }
  // Whoever only heard the events knows the same.
  const heard = new Set<string>(start)
  for (const event of events) {
    if (event.type === 'endpoint-added') heard.add(event.endpoint)
    if (event.type === 'endpoint-removed') heard.delete(event.endpoint)
  }
  expect(heard).toEqual(new Set(model.sources.keys()))
}

type Step = fc.AsyncCommand<Model, Real>

function step(name: string, act: (model: Model, real: Real) => void | Promise<void>): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(model, real) {
      await act(model, real)
      await settle()
      checkInvariants(model, real)
    },
  }
}

function pick<T>(items: Iterable<T>, index: number): T | undefined {
  const all = [...items]
  return all[index % Math.max(1, all.length)]
}

/** Those that were there and still are, are the same and as they were, but for what nobody finds wrong any more. */
function expectSame(
  pool: Pool,
  before: readonly (readonly [Endpoint, ReturnType<typeof standingOf>])[],
): void {
  const { health, eject } = pool.options
  for (const [endpoint, was] of before) {
    const now = pool.endpoint(endpoint.url)
    if (now === undefined || now.options.authority !== endpoint.options.authority) continue
    expect(now).toBe(endpoint)
    if (health === undefined && was.fault !== undefined) continue
    if (eject !== undefined) expect(standingOf(now)).toEqual(was)
    else if (was.state !== 'ejected') expect(now.standing.state).toBe(was.state)
  }
}

const index = fc.nat(20)
const flag = fc.boolean()
const start = [0, 1, 2].map((number) => urlOf(addresses[number] ?? ''))

const steps = [
  fc.tuple(differences, flag, flag).map(([difference, isTaken, isLate]) =>
    step(`${isTaken ? 'take' : 'give up'} ${JSON.stringify(difference)}`, async (model, real) => {
      const { pool, dns, told } = real
      const prepared = prepareChange(pool, changeOf(difference, model))
      // Something may happen between the two.
      if (isLate) dns.clock.advance(300)
      await settle()
      const before = Array.from(pool.endpoints, (each) => [each, standingOf(each)] as const)
      const [changes, { options }] = [told.changes, pool]
      if (isTaken) prepared.commit()
      else prepared.abandon()
      expect(told.changes - changes).toBe(isTaken ? 1 : 0)
      if (isTaken) listInModel(model, pool.options)
      else expect(pool.options).toBe(options)
      expectSame(pool, before)
    }),
  ),
  fc.subarray(addresses, { minLength: 1 }).map((found) =>
    step(`find ${found.join()}`, async (model, { pool, dns, answered }) => {
      if (pool.options.discover === undefined) return
      while (dns.open.signal.aborted || answered.has(dns.open)) {
        dns.clock.advance(100)
        await settle()
      }
      answered.add(dns.open)
      expect(
        dns.questions.filter(({ signal }) => !signal.aborted).every((each) => answered.has(each)),
      ).toBe(true)
      await dns.open.answer({ addresses: found })
      findInModel(model, found)
    }),
  ),
  fc.constantFrom(...addresses).map((address) =>
    step(`add ${address}`, ({ sources }, { pool }) => {
      const url = urlOf(address)
      const added = pool.add(endpointOptions(url))
      expect(typeof added === 'string').toBe(sources.has(url))
      if (!sources.has(url)) sources.set(url, 'admin')
    }),
  ),
  index.map((number) =>
    step(`remove ${number}`, ({ sources }, { pool }) => {
      const endpoint = pick(pool.endpoints, number)
      if (endpoint === undefined) return
      pool.remove(endpoint)
      sources.delete(endpoint.url)
    }),
  ),
  fc.tuple(index, fc.nat(3)).map(([number, weight]) =>
    step(`weigh ${number}: ${weight}`, (_, { pool }) => {
      const endpoint = pick(pool.endpoints, number)
      if (endpoint !== undefined) pool.setWeight(endpoint, weight)
    }),
  ),
  fc.tuple(index, flag).map(([number, isDraining]) =>
    step(`${isDraining ? 'drain' : 'undrain'} ${number}`, (_, { pool }) => {
      const endpoint = pick(pool.endpoints, number)
      if (isDraining) endpoint?.drain()
      else endpoint?.undrain()
    }),
  ),
  fc.constant(
    step('enter', ({ inside }, { pool }) => {
      const ask = { request: factsOf(), isSession: true, sticksTo: undefined, tried: [] }
      const endpoint = pool.enterNow(ask)
      if (endpoint !== undefined) inside.push(endpoint)
    }),
  ),
  index.map((number) =>
    step(`end ${number}`, ({ inside }) => {
      const endpoint = pick(inside, number)
      if (endpoint === undefined) return
      inside.splice(inside.indexOf(endpoint), 1)
      endpoint.sessionEnded({ by: 'client', code: 1000, reason: 'closed', detail: undefined })
    }),
  ),
  index.map((number) =>
    step(`fail ${number}`, (_, { pool }) =>
      pick(pool.endpoints, number)?.standing.failed('request', 'refused'),
    ),
  ),
  fc.tuple(fc.constantFrom(...addresses), flag).map(([address, isIll]) =>
    step(`${address} is ${isIll ? 'ill' : 'well'}`, ({ ill }) => {
      for (const authority of [`${address}:9000`, `${address}.test`]) {
        if (isIll) ill.add(authority)
        else ill.delete(authority)
      }
    }),
  ),
  fc.nat(9).map((number) =>
    step(`secret ${number}`, (model, { pool }) => {
      model.secret = `secret ${number}`
      pool.setSecret(model.secret)
    }),
  ),
  fc.constant(
    step('check', async ({ checked }, { pool, dns }) => {
      dns.clock.advance(0)
      await settle()
      checked.length = 0
      // Each at its own moment, and none twice.
      for (let ms = 0; ms < checkEveryMs; ms += 100) {
        dns.clock.advance(100)
        await settle()
      }
      const expected = pool.options.health === undefined ? [] : [...pool.endpoints]
      const authorities = expected.map(({ options }) => options.authority)
      expect(checked.toSorted()).toEqual(authorities.toSorted())
    }),
  ),
]

test('whatever changes in a pool and around it, everything else in it stays as it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 80, size: '+1' }), async (commands) => {
      const dns = new DnsByHand()
      const told = { changes: 0 }
      const file = start.map((url) => endpointOptions(url))
      const lent = { clock: dns.clock, query: dns.query, random: () => 0.5, secret: 'secret' }
      const started = startPool(file, {}, { ...lent, onChange: () => told.changes++ })
      const real: Real = { ...started, dns, told, answered: new Set() }
      const model: Model = {
        file,
        found: new Set(),
        sources: new Map(start.map((url) => [url, 'file'])),
        inside: [],
        secret: 'secret',
        ill: new Set(),
        checked: [],
      }
      await fc.asyncModelRun(() => ({ model, real }), commands)
      real.pool.leave()
      await settle()
      // Nothing is watched, asked or waited for any more.
      expect(dns.clock.pending).toBe(0)
    }),
    { numRuns: 100 },
  )
})
