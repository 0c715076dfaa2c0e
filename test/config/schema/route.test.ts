/**
 * `routes`: the bounds of a route, and the keys it does not have.
 */
import { describe, expect, test } from 'bun:test'
import { told, withRoute } from '../checking.ts'

/** The sentence without its place; places are tested with the other parts. */
const refused = (keys: string) => told(withRoute(keys)).map((each) => each.replace(/^\S+ /, ''))

describe('a limit or a timeout', () => {
  test.each([
    [
      'limits: { sessions: 0 }',
      'limits.sessions: must be a whole number from 1 to 1000000, or off, not 0',
    ],
    ['limits: { message: 0 }', 'limits.message: must be from 1B to 1GB, not 0B'],
    ['limits: { message: 2GB }', 'limits.message: must be from 1B to 1GB, not 2GB'],
    [
      'limits: { frame: 1000 }',
      'limits.frame: a size needs a unit: 1000B, 1000KB, 1000MB or 1000GB',
    ],
    ['limits: { pending: 2KB }', 'limits.pending: must be from 4KB to 64MB, not 2KB'],
    ['limits: { pending: 65MB }', 'limits.pending: must be from 4KB to 64MB, not 65MB'],
    [
      'limits: { rate: 5 }',
      'limits.rate: unknown key; known here: sessions, sessions-per-client, message, frame, pending, messages, bytes',
    ],
    ['timeout: { handshake: 0 }', 'timeout.handshake: must be from 10ms to 10m, not 0ms'],
    ['timeout: { idle: 25d }', 'timeout.idle: must be from 10ms to 24d, not 25d'],
    ['timeout: { send: off }', 'timeout.send: cannot be off; it must be from 10ms to 1d'],
    ['timeout: { close: 11m }', 'timeout.close: must be from 10ms to 10m, not 11m'],
    ['timeout: { age: 1ms }', 'timeout.age: must be from 10ms to 24d, not 1ms'],
    ['timeout: { ilde: 5s }', 'timeout.ilde: unknown key; did you mean "idle"?'],
  ])('is refused in %s', (keys, sentence) => {
    expect(refused(keys)).toEqual([`routes[0].${sentence}`])
  })
})

describe('a key of a part that does not exist', () => {
  test.each(['messages', 'auth', 'inbound'])('%s is unknown', (key) => {
    expect(refused(`${key}: off`)[0]).toStartWith(`routes[0].${key}: unknown key`)
  })
})
