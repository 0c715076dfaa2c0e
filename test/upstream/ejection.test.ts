// Ejection by what traffic shows: which rows of failures do it, for how long, and what is remembered.

import { describe, expect, test } from 'bun:test'
import { Ejection } from '../../src/upstream/ejection.ts'
import { FakeClock } from '../support/fake-clock.ts'

class Scene {
  readonly clock = new FakeClock()
  readonly causes: string[] = []
  /** Why it would have been ejected, had it been allowed to go. */
  readonly stays: string[] = []
  mayEject = true
  readonly ejection: Ejection

  constructor(options: { failures?: number; withinMs?: number } = {}) {
    this.ejection = new Ejection(
      { failures: 5, withinMs: 10_000, forMs: 30_000, ...options },
      {
        clock: this.clock,
        mayEject: () => this.mayEject,
        onStay: (reason) => this.stays.push(reason),
        onChange: (cause) => this.causes.push(cause),
      },
    )
  }

  get isEjected(): boolean {
    return this.ejection.reason !== undefined
  }

  fail(times: number, kind: 'request' | 'session' = 'request'): void {
    for (let time = 0; time < times; time++) this.ejection.failed(kind, 'connection refused')
  }

  /** @returns how long it stays ejected. */
  away(): number {
    const startMs = this.clock.now()
    while (this.isEjected) this.clock.advance(1_000)
    return this.clock.now() - startMs
  }
}

describe('an endpoint is ejected', () => {
  test('by as many failures in a row as were configured, and says which', () => {
    const scene = new Scene()
    scene.fail(4)
    expect(scene.causes).toEqual([])
    scene.fail(1)
    expect(scene.causes).toEqual([
      '5 requests in a row failed, the last: connection refused; tried again in 30s',
    ])
    expect(scene.ejection.reason).toBe(scene.causes[0])
  })

  test('by sessions that broke off, whatever handshakes came between', () => {
    const scene = new Scene()
    for (let time = 0; time < 5; time++) {
      scene.ejection.succeeded('request')
      scene.ejection.failed('session', 'no Close')
    }
    expect(scene.causes).toEqual([
      '5 sessions in a row broke off, the last: no Close; tried again in 30s',
    ])
  })

  test('by one failure where one is enough', () => {
    const scene = new Scene({ failures: 1 })
    scene.fail(1)
    expect(scene.causes).toEqual(['a request failed: connection refused; tried again in 30s'])
  })

  test('by a row without a long pause in it, however long it is as a whole', () => {
    const scene = new Scene()
    scene.fail(4)
    scene.clock.advance(10_001)
    scene.fail(4)
    expect(scene.isEjected).toBe(false)
    scene.clock.advance(10_000)
    scene.fail(1)
    expect(scene.isEjected).toBe(true)
  })

  // One that accepts and says nothing lets each wait for ten seconds: that is no pause.
  test('by failures that take their time, one after the other', () => {
    const scene = new Scene()
    for (let time = 0; time < 5; time++) {
      scene.clock.advance(5_000 + 10_000)
      scene.ejection.failed('request', 'no answer in time', 10_000)
    }
    expect(scene.isEjected).toBe(true)
  })

  test('by nothing while some other must stay, and by the next failure when it may go', () => {
    const scene = new Scene()
    scene.mayEject = false
    scene.fail(50)
    expect(scene.isEjected).toBe(false)
    expect(scene.stays.at(-1)).toBe('50 requests in a row failed, the last: connection refused')
    scene.mayEject = true
    scene.fail(1)
    expect(scene.isEjected).toBe(true)
  })
})

describe('an endpoint is not ejected', () => {
  test('by failures with a success between them', () => {
    const scene = new Scene()
    for (let time = 0; time < 10; time++) {
      scene.fail(4)
      scene.ejection.succeeded('request')
    }
    expect(scene.causes).toEqual([])
  })

  test('by failures of handshakes and of sessions that are enough only together', () => {
    const scene = new Scene()
    scene.fail(4)
    scene.fail(4, 'session')
    expect(scene.causes).toEqual([])
  })

  test('once more while it is ejected, whatever still fails or succeeds', () => {
    const scene = new Scene()
    scene.fail(5)
    scene.fail(50)
    scene.ejection.succeeded('request')
    scene.fail(50, 'session')
    expect(scene.causes).toHaveLength(1)
    expect(scene.away()).toBe(30_000)
    expect(scene.causes[1]).toBe('tried again after 30s')
    expect(scene.ejection.isOnProbation).toBe(true)
  })
})

describe('on probation', () => {
  test('one failure ejects it again, for twice as long each time, up to ten times', () => {
    const scene = new Scene()
    scene.fail(5)
    const times = [scene.away()]
    for (let time = 0; time < 7; time++) {
      scene.fail(1)
      times.push(scene.away())
    }
    expect(times.map((ms) => ms / 1_000)).toEqual([30, 60, 120, 240, 300, 300, 300, 300])
    expect(scene.causes[2]).toBe('a request failed again: connection refused; tried again in 60s')
  })

  test('one success of what it was ejected for ends it', () => {
    const scene = new Scene()
    scene.fail(5)
    scene.away()
    scene.ejection.succeeded('request')
    expect(scene.ejection.isOnProbation).toBe(false)
    scene.fail(4)
    expect(scene.isEjected).toBe(false)
    scene.fail(1)
    expect(scene.away()).toBe(60_000)
  })

  test('good handshakes prove nothing for what was ejected for its sessions', () => {
    const scene = new Scene()
    scene.fail(5, 'session')
    scene.away()
    scene.ejection.succeeded('request')
    expect(scene.ejection.isOnProbation).toBe(true)
    scene.fail(1)
    expect(scene.isEjected).toBe(false)
    scene.fail(1, 'session')
    expect(scene.isEjected).toBe(true)
  })

  test('it ends by itself when its ejections are forgotten', () => {
    const scene = new Scene()
    scene.fail(5)
    scene.away()
    scene.clock.advance(29_999)
    expect(scene.ejection.isOnProbation).toBe(true)
    scene.clock.advance(1)
    expect(scene.ejection.isOnProbation).toBe(false)
    scene.fail(4)
    expect(scene.isEjected).toBe(false)
  })
})

test('each time that passes without an ejection makes one forgotten', () => {
  const scene = new Scene()
  const ejectedFor = () => {
    scene.fail(5)
    return scene.away()
  }
  expect([ejectedFor(), ejectedFor(), ejectedFor()]).toEqual([30_000, 60_000, 120_000])
  scene.clock.advance(60_000)
  expect(ejectedFor()).toBe(60_000)
  scene.clock.advance(1_000_000)
  expect(ejectedFor()).toBe(30_000)
})

test('however often it was ejected, five times suffice for all to be forgotten', () => {
  const scene = new Scene()
  for (let time = 0; time < 40; time++) {
    scene.fail(5)
    scene.away()
  }
  scene.clock.advance(5 * 30_000)
  scene.fail(5)
  expect(scene.away()).toBe(30_000)
})

test('what was stopped comes back no more, is not ejected any more, and has nothing pending', () => {
  const scene = new Scene()
  scene.fail(5)
  scene.ejection.stop()
  expect(scene.clock.pending).toBe(0)
  const other = new Scene()
  other.ejection.stop()
  other.fail(50)
  expect(other.causes).toEqual([])
  expect(other.clock.pending).toBe(0)
})
