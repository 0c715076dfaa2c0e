// Which pongs are answers to pings of the gateway's own.

import { describe, expect, test } from 'bun:test'
import { OwnPings } from '../../src/wire/own-pings.ts'

const [mark, move, other] = ['mark', 'move', 'other'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
]

function after(...sent: readonly Buffer[]): OwnPings {
  const pings = new OwnPings()
  for (const payload of sent) pings.expect(payload)
  return pings
}

describe('a pong', () => {
  test('answers each ping with its payload once', () => {
    const pings = after(mark, mark)
    expect([1, 2, 3].map(() => pings.answered(mark))).toEqual(['last', 'last', undefined])
  })

  test('with another payload answers none', () => {
    expect(after(mark).answered(other)).toBeUndefined()
    expect(after(mark).answered(Buffer.alloc(0))).toBeUndefined()
    expect(after().answered(Buffer.alloc(0))).toBeUndefined()
  })

  test('answers an earlier ping, which the last one has not made come from somebody else', () => {
    const pings = after(mark, move)
    expect(pings.answered(mark)).toBe('former')
    expect(pings.answered(mark)).toBeUndefined()
    expect(pings.answered(move)).toBe('last')
  })

  test('that never came is still known once the two have taken turns', () => {
    const pings = after(mark, move, mark, move)
    const pongs = [mark, move, mark, move, mark, move]
    expect(pongs.map((pong) => pings.answered(pong))).toEqual([
      'former',
      'last',
      'former',
      'last',
      undefined,
      undefined,
    ])
  })

  test('to a ping before the last two passes', () => {
    const pings = after(mark, move, other)
    expect([mark, move, other].map((pong) => pings.answered(pong))).toEqual([
      undefined,
      'former',
      'last',
    ])
  })
})
