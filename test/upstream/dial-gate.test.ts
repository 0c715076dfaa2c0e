// Dials to one endpoint: never too many, one probe at a time when it stopped answering, and whoever
// waits is let in, in order, or leaves.

import { describe, expect, test } from 'bun:test'
import { getEventListeners } from 'node:events'
import { DialGate } from '../../src/upstream/dial-gate.ts'
import { Entrance, settle } from '../support/gate-entrance.ts'

describe('a gate', () => {
  test('lets 64 dials in without a wait, and the next when one is answered', async () => {
    const entrance = new Entrance()
    entrance.enterMany(66)
    expect(entrance.admitted).toHaveLength(64)
    await settle()
    expect(entrance.admitted).toHaveLength(64)
    entrance.gate.answered()
    await settle()
    expect(entrance.admitted.slice(63)).toEqual([63, 64])
  })

  test('lets the next in where a dial is called off', async () => {
    const entrance = new Entrance()
    entrance.enterMany(65)
    entrance.gate.leave()
    await settle()
    expect(entrance.admitted).toHaveLength(65)
  })

  test('lets one probe in at a time after a timeout, until a dial is answered', async () => {
    const entrance = new Entrance()
    entrance.enterMany(1)
    entrance.gate.timedOut()
    entrance.enterMany(3)
    expect(entrance.admitted).toEqual([0, 1])
    entrance.gate.timedOut()
    await settle()
    expect(entrance.admitted).toEqual([0, 1, 2])
    entrance.gate.answered()
    await settle()
    expect(entrance.admitted).toEqual([0, 1, 2, 3])
    entrance.enterMany(63)
    expect(entrance.admitted).toHaveLength(67)
  })

  test('lets no dial in after a timeout while others are under way', async () => {
    const entrance = new Entrance()
    entrance.enterMany(3)
    entrance.gate.timedOut()
    entrance.enterMany(1)
    entrance.gate.timedOut()
    await settle()
    expect(entrance.admitted).toHaveLength(3)
    entrance.gate.timedOut()
    await settle()
    expect(entrance.admitted).toHaveLength(4)
  })

  test('does not suspect an endpoint because a client gave up', () => {
    const entrance = new Entrance()
    entrance.enterMany(1)
    entrance.gate.leave()
    entrance.enterMany(64)
    expect(entrance.admitted).toHaveLength(65)
  })

  test('turns away who comes with an aborted signal, also where there is room', async () => {
    const entrance = new Entrance()
    const number = entrance.enter(true)
    await settle()
    expect(entrance.turnedAway).toEqual([number])
    entrance.enterMany(64)
    expect(entrance.admitted).toHaveLength(64)
  })

  test('forgets who leaves the line, and lets the others in in order', async () => {
    const entrance = new Entrance()
    entrance.enterMany(64)
    const [first, second, third] = [entrance.enter(), entrance.enter(), entrance.enter()]
    entrance.abort(second)
    await settle()
    expect(entrance.turnedAway).toEqual([second])
    entrance.gate.answered()
    entrance.gate.answered()
    await settle()
    expect(entrance.admitted.slice(64)).toEqual([first, third])
  })

  test('leaves nothing on a signal, whether its dial was let in or left the line', async () => {
    const gate = new DialGate()
    const [taken, left] = [new AbortController(), new AbortController()]
    for (let count = 0; count < 64; count++) void gate.enter(taken.signal)
    const waits = [gate.enter(taken.signal), gate.enter(left.signal)]
    expect(getEventListeners(taken.signal, 'abort')).toHaveLength(1)
    gate.answered()
    left.abort()
    await waits[0]
    expect(waits[1]).rejects.toBe(left.signal.reason)
    expect(getEventListeners(taken.signal, 'abort')).toEqual([])
    expect(getEventListeners(left.signal, 'abort')).toEqual([])
  })

  test('does not hear of a signal any more once its dial was let in', async () => {
    const entrance = new Entrance()
    entrance.enterMany(64)
    const waiting = entrance.enter()
    entrance.gate.answered()
    await settle()
    entrance.abort(waiting)
    entrance.abort(0)
    await settle()
    expect(entrance.turnedAway).toEqual([])
    entrance.gate.answered()
    entrance.enterMany(2)
    expect(entrance.admitted).toHaveLength(66)
  })
})
