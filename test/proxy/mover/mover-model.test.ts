/**
 * A mover under anything that may happen to its upstream: whatever was done, in the end nobody is left where they
 * should not be, everybody is told of once, and nothing is waited for.
 */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Endpoint } from '../../../src/upstream/endpoint.ts'
import { checked, Crowd, endpointsOf, urlOf, type FakeSession } from '../../support/crowd.ts'
import { endpointOptions } from '../../support/pool.ts'

const addresses = 4
const index = fc.nat(30)

type Act = (crowd: Crowd) => void | Promise<void>

interface Doing {
  readonly name: string
  readonly act: Act
}

function doing(name: string, act: Act): Doing {
  return { name, act }
}

function onEndpoint(name: string, act: (endpoint: Endpoint, crowd: Crowd) => void) {
  return index.map((number) =>
    doing(`${name} ${number % addresses}`, (crowd) => {
      const endpoint = crowd.pool.endpoint(urlOf(number % addresses))
      if (endpoint !== undefined) act(endpoint, crowd)
    }),
  )
}

function onSession(name: string, act: (session: FakeSession) => void) {
  return index.map((number) =>
    doing(`${name} ${number}`, ({ sessions }) => {
      const session = [...sessions][number % Math.max(1, sessions.size)]
      if (session !== undefined) act(session)
    }),
  )
}

const doings = fc.oneof(
  onEndpoint('open at', ({ url, standing }, crowd) => {
    if (standing.state === 'healthy') crowd.open(url, 7)
  }),
  onEndpoint('drain', (endpoint) => endpoint.drain()),
  onEndpoint('undrain', (endpoint) => endpoint.undrain()),
  onEndpoint('remove', (endpoint, { pool }) => pool.remove(endpoint)),
  onEndpoint('fail', ({ standing }) => standing.checked('no answer')),
  onEndpoint('heal', ({ standing }) => standing.checked(undefined)),
  onEndpoint('blink', (endpoint, { pool }) => {
    pool.remove(endpoint)
    pool.add(endpoint.options)
  }),
  index.map((number) =>
    doing(`add ${number % addresses}`, ({ pool }) => {
      pool.add(endpointOptions(urlOf(number % addresses)))
    }),
  ),
  onSession('end', (session) => session.end()),
  onSession('lose', (session) => {
    if (session.isMovable) session.failOver('lost', 'reset')
  }),
  fc
    .constantFrom(0, 20, 700)
    .map((ms) => doing(`moves take ${ms}`, (crowd) => ((crowd.moveMs = ms), undefined))),
  fc.constantFrom(1, 2, 5).map((every) =>
    doing(`every ${every} refuses`, (crowd) => {
      let moves = 0
      crowd.refuses = () => every > 1 && moves++ % every === 0
    }),
  ),
  fc.constantFrom(10, 60, 400, 1_500).map((ms) => doing(`wait ${ms}`, (crowd) => crowd.pass(ms))),
)

function isLeft({ pool }: Crowd, url: string): boolean {
  const there = pool.endpoint(url)
  return there === undefined || ['draining', 'unhealthy'].includes(there.standing.state)
}

test.each([undefined, { perSecond: 20 }])(
  'whatever happens, with rebalance %p',
  async (rebalance) => {
    await fc.assert(
      fc.asyncProperty(fc.array(doings, { maxLength: 40 }), async (all) => {
        const crowd = new Crowd(endpointsOf(addresses), {
          health: checked,
          drain: { perSecond: 40, settleMs: 250 },
          rebalance,
        })
        for (const { act } of all) {
          await act(crowd)
          // Whoever is open is counted where they are, once.
          await crowd.pass(1)
          for (const { url, sessions } of crowd.pool.endpoints)
            expect(sessions).toBe(crowd.countAt(url) + crowd.headingFor(url))
        }
        crowd.moveMs = 0
        crowd.refuses = () => false
        const watches = crowd.pool.size
        await crowd.pass(30_000, 50)
        const hasPlace = [...crowd.pool.endpoints].some(({ url }) => !isLeft(crowd, url))
        if (!hasPlace) return crowd.pool.leave()
        for (const { endpoint } of crowd.sessions) expect(isLeft(crowd, endpoint.url)).toBe(false)
        for (let address = 0; address < addresses; address++)
          expect(crowd.mover.departure(urlOf(address))).toBeUndefined()
        expect(crowd.mistakes).toEqual([])
        // Each check has one timer for the next, and one for its end.
        expect(crowd.clock.pending).toBe(2 * watches + (rebalance === undefined ? 0 : 1))
        crowd.mover.stop()
        crowd.pool.leave()
        expect(crowd.clock.pending).toBe(0)
      }),
      { numRuns: 300 },
    )
  },
)
