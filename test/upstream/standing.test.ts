// How an endpoint stands: checks, ejection and draining, each for itself and all together.

import { describe, expect, test } from 'bun:test'
import { Standing, type StandingChange, type StandingOptions } from '../../src/upstream/standing.ts'
import { FakeClock } from '../support/fake-clock.ts'

const eject = { failures: 5, withinMs: 10_000, forMs: 30_000 }
const health = { healthy: 2, unhealthy: 3 }

function stand(options: Partial<StandingOptions> = {}) {
  const clock = new FakeClock()
  const changes: StandingChange[] = []
  const standing = new Standing({
    clock,
    eject,
    health,
    mayEject: () => true,
    onChange: (change) => changes.push(change),
    ...options,
  })
  const check = (...faults: (string | undefined)[]) =>
    faults.forEach((fault) => standing.checked(fault))
  const fail = (times: number) => {
    for (let time = 0; time < times; time++) standing.failed('request', 'connection refused')
  }
  return { clock, changes, standing, check, fail }
}

const ejected = '5 requests in a row failed, the last: connection refused; tried again in 30s'

describe('checks', () => {
  test('an endpoint counts as healthy until it is checked', () => {
    const { standing } = stand()
    expect(standing.state).toBe('healthy')
    expect(standing.reason).toBe('not checked yet')
    expect(standing.history).toEqual([])
    expect(stand({ health: undefined }).standing.reason).toBe('nothing has failed so far')
  })

  test('its first check alone decides, either way', () => {
    const well = stand()
    well.check(undefined)
    expect(well.changes).toEqual([])
    expect(well.standing.reason).toBe('a check succeeded')
    const ill = stand()
    ill.check('answered 503')
    expect(ill.changes).toEqual([
      { state: 'unhealthy', was: 'healthy', reason: 'a check failed: answered 503' },
    ])
  })

  test('later it takes as many failures in a row as were configured', () => {
    const { standing, changes, check } = stand()
    check(undefined, 'a', 'b', undefined, 'c', 'd')
    expect(standing.state).toBe('healthy')
    check('answered 503')
    const reason = '3 checks in a row failed, the last: answered 503'
    expect(changes).toEqual([{ state: 'unhealthy', was: 'healthy', reason }])
  })

  test('it is healthy again after as many successes in a row as were configured', () => {
    const { standing, changes, check } = stand()
    check('a', undefined, 'b', undefined)
    expect(standing.state).toBe('unhealthy')
    check(undefined)
    expect(changes.at(-1)).toEqual({
      state: 'healthy',
      was: 'unhealthy',
      reason: '2 checks in a row succeeded',
    })
  })

  test('the reason of one that stays unhealthy is the latest, and that is no change', () => {
    const { standing, changes, check } = stand()
    check('answered 503', 'connection refused')
    expect(standing.reason).toBe('2 checks in a row failed, the last: connection refused')
    expect(changes).toHaveLength(1)
    expect(standing.history[0]?.reason).toBe('a check failed: answered 503')
  })

  test('one check that brings back an ejected endpoint is told as one', () => {
    const { changes, check, fail } = stand({ health: { ...health, healthy: 1 } })
    check(undefined)
    fail(5)
    check(undefined)
    expect(changes.at(-1)?.reason).toBe('a check succeeded')
  })

  test('what a server made long is cut', () => {
    const { standing, check } = stand()
    check('x'.repeat(100_000))
    expect(standing.reason).toBe(`a check failed: ${'x'.repeat(199)}…`)
  })
})

describe('the gravest of what is known is what counts:', () => {
  test('draining over unhealthy over ejected, each with its own reason when it comes to the fore', () => {
    const { standing, changes, check, fail } = stand()
    check(undefined)
    fail(5)
    check('answered 503', 'answered 503', 'answered 503')
    standing.drain()
    standing.undrain()
    check(undefined, undefined)
    const unhealthy = '3 checks in a row failed, the last: answered 503'
    expect(changes.map(({ state, reason }) => [state, reason])).toEqual([
      ['ejected', ejected],
      ['unhealthy', unhealthy],
      ['draining', 'told to drain'],
      ['unhealthy', unhealthy],
      ['healthy', '2 checks in a row succeeded'],
    ])
    expect(changes.map(({ was }) => was)).toEqual([
      'healthy',
      ...changes.slice(0, -1).map(({ state }) => state),
    ])
  })

  test('checks that succeed in a row since it was ejected end that before its time', () => {
    const { clock, standing, changes, check, fail } = stand()
    check(undefined, undefined, undefined)
    fail(5)
    check(undefined, 'answered 503', undefined)
    expect(standing.state).toBe('ejected')
    check(undefined)
    expect(changes.at(-1)).toMatchObject({
      state: 'healthy',
      reason: '2 checks in a row succeeded',
    })
    // The time it would have come back at is nothing any more, and one failure is enough again.
    clock.advance(30_000)
    expect(changes).toHaveLength(2)
    fail(5)
    check(undefined, undefined)
    fail(1)
    expect(standing.reason).toStartWith('a request failed again')
  })

  test('says that it would be ejected, where it may not go', () => {
    const { standing, changes, fail } = stand({ mayEject: () => false })
    fail(6)
    expect(standing.state).toBe('healthy')
    expect(standing.reason).toBe(
      '6 requests in a row failed, the last: connection refused; it stays, as others have to',
    )
    expect(changes).toEqual([])
  })

  test('what happens behind it is no change, and counts when it ends', () => {
    const { clock, standing, changes, check, fail } = stand()
    fail(5)
    standing.drain()
    clock.advance(30_000)
    check('answered 503')
    check(undefined, undefined)
    expect(changes).toHaveLength(2)
    expect(standing.reason).toBe('told to drain')
    standing.undrain()
    expect(changes.at(-1)).toEqual({
      state: 'healthy',
      was: 'draining',
      reason: 'told to take sessions again',
    })
    expect(standing.isOnProbation).toBe(true)
  })

  test('it is ejected only while it is healthy: what fails before was begun before', () => {
    const { standing, changes, check, fail } = stand()
    check('answered 503')
    fail(50)
    check(undefined, undefined)
    standing.drain()
    fail(50)
    standing.undrain()
    expect(changes.map(({ state }) => state)).toEqual([
      'unhealthy',
      'healthy',
      'draining',
      'healthy',
    ])
  })
})

test('being told twice is being told once', () => {
  const { standing, changes } = stand()
  standing.undrain()
  standing.drain()
  standing.drain()
  expect(changes).toEqual([{ state: 'draining', was: 'healthy', reason: 'told to drain' }])
})

test('the last sixteen states are kept, oldest first, with their times', () => {
  const { clock, standing } = stand()
  for (let time = 0; time < 20; time++) {
    clock.advance(1_000)
    standing.drain()
    clock.advance(1_000)
    standing.undrain()
  }
  expect(standing.history).toHaveLength(16)
  expect(standing.history[0]).toEqual({
    at: '2026-01-01T00:00:25.000Z',
    state: 'draining',
    reason: 'told to drain',
  })
  expect(standing.history.at(-1)?.at).toBe('2026-01-01T00:00:40.000Z')
  clock.advance(5_000)
  expect(clock.now() - standing.sinceMs).toBe(5_000)
})

test('without ejection and without checks it is only drained', () => {
  const { standing, changes, check, fail } = stand({ eject: undefined, health: undefined })
  fail(100)
  check('answered 503', 'answered 503', 'answered 503')
  expect(changes).toEqual([])
  expect(standing.isOnProbation).toBe(false)
  standing.drain()
  expect(changes).toHaveLength(1)
})

test('one that was stopped changes no more and waits for nothing', () => {
  const { clock, standing, changes, check, fail } = stand()
  fail(5)
  standing.stop()
  check('answered 503')
  standing.drain()
  standing.undrain()
  clock.advance(1_000_000)
  expect(changes).toHaveLength(1)
  expect(clock.pending).toBe(0)
})

describe('what an endpoint is held against may change', () => {
  test('and what it is told to do stays', () => {
    const { standing, changes, check, fail } = stand()
    check('answered 503')
    standing.drain()
    standing.setHealth(undefined)
    expect([standing.state, standing.reason, standing.fault]).toEqual([
      'draining',
      'told to drain',
      undefined,
    ])
    standing.undrain()
    fail(5)
    standing.drain()
    standing.setEject(undefined)
    expect(standing.state).toBe('draining')
    standing.undrain()
    expect(changes.map(({ state }) => state)).toEqual([
      'unhealthy',
      'draining',
      'healthy',
      'ejected',
      'draining',
      'healthy',
    ])
  })

  test('and what fails it counts, but not against one that is no more', () => {
    const { standing, changes, clock, check, fail } = stand({ eject: undefined })
    fail(9)
    standing.setEject({ ...eject, failures: 2 })
    standing.setHealth({ healthy: 1, unhealthy: 2 })
    fail(1)
    check(undefined, 'a')
    expect(changes).toEqual([])
    check('b')
    expect(standing.state).toBe('unhealthy')
    check(undefined)
    fail(1)
    expect(standing.state).toBe('ejected')
    standing.stop()
    standing.setEject(undefined)
    standing.setHealth(undefined)
    expect([standing.state, clock.pending]).toEqual(['ejected', 0])
  })

  test('and why one had to stay is over with ejection', () => {
    const { standing, fail } = stand({ mayEject: () => false, health: undefined })
    fail(5)
    expect(standing.reason).toContain('it stays, as others have to')
    standing.setEject(undefined)
    expect(standing.reason).toBe('nothing has failed so far')
  })
})
