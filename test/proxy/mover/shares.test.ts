/**
 * Parts by weight, and which sessions have to go where for everybody to have its own.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { apportion, nextTransfer, type Share } from '../../../src/proxy/mover/shares.ts'

const tolerance = { sessions: 1, relative: 0.02 }
const rules = {
  tolerance,
  mayGive: () => true,
  mayTake: ({ sessions, most }: Share) => sessions < most,
}

function shareOf(weight: number, sessions: number, most = Infinity): Share {
  return { weight, sessions, most, part: NaN }
}

function partsOf(shares: readonly Share[]): number[] {
  apportion(shares)
  return shares.map(({ part }) => part)
}

/** Whether those that weigh something can have them all. */
function hasRoom(shares: readonly Share[]): boolean {
  const room = shares.reduce((sum, { weight, most }) => sum + (weight > 0 ? most : 0), 0)
  return room > 0 && room >= shares.reduce((sum, { sessions }) => sum + sessions, 0)
}

describe('parts', () => {
  test('are by weight', () => {
    expect(partsOf([shareOf(1, 90), shareOf(2, 0), shareOf(0, 30)])).toEqual([40, 80, 0])
  })

  test('that somebody has no room for are the others’, by weight', () => {
    const shares = [shareOf(1, 0, 5), shareOf(1, 100), shareOf(3, 0, 30), shareOf(1, 0)]
    expect(partsOf(shares)).toEqual([5, 32.5, 30, 32.5])
  })

  test.each([
    ['of nobody', [], []],
    ['of those who weigh nothing', [shareOf(0, 5)], [0]],
    ['where nobody has room', [shareOf(1, 8, 2), shareOf(1, 0, 2)], [4, 4]],
  ])('%s are numbers, too', (_, shares, parts) => {
    expect(partsOf(shares)).toEqual(parts)
  })

  const share = fc
    .tuple(fc.nat(10), fc.nat(500), fc.option(fc.nat(300), { nil: undefined }))
    .map(([weight, sessions, spare]) =>
      // What an endpoint has it has room for.
      shareOf(weight, sessions, spare === undefined ? Infinity : sessions + spare),
    )

  test('are all there is, and nobody gets more than it has room for, or less than a fuller one', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 12 }), (shares) => {
        fc.pre(hasRoom(shares))
        const open = shares.filter(({ weight }) => weight > 0)
        const sessions = shares.reduce((sum, each) => sum + each.sessions, 0)
        const parts = partsOf(shares)
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(sessions, 6)
        for (const { part, most } of shares) expect(part).toBeLessThanOrEqual(most)
        const perWeight = Math.max(...open.map(({ part, weight }) => part / weight))
        for (const { part, most, weight } of open)
          if (part < most) expect(part / weight).toBeCloseTo(perWeight, 6)
      }),
    )
  })

  test('are had after transfers, each of which brings all nearer to them, and no more than need be', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 12 }), (generated) => {
        const shares = generated.map((each) => ({ ...each }))
        apportion(shares)
        const off = () =>
          shares.reduce((sum, { sessions, part }) => sum + (sessions - part) ** 2, 0)
        const over = shares.reduce(
          (sum, { sessions, part }) => sum + Math.max(0, sessions - part),
          0,
        )
        let transfers = 0
        for (;;) {
          const before = off()
          const { from, to } = nextTransfer(shares, rules) ?? {}
          if (from === undefined || to === undefined) break
          from.sessions--
          to.sessions++
          transfers++
          expect(off()).toBeLessThan(before)
        }
        expect(transfers).toBeLessThanOrEqual(Math.ceil(over) + shares.length)
        // Where there is no room for all, somebody keeps too many.
        if (!hasRoom(shares)) return
        for (const { sessions, part } of shares)
          expect(Math.abs(sessions - part)).toBeLessThanOrEqual(Math.max(1, 0.02 * part) + 1e-6)
      }),
    )
  })
})

test('nobody gives who may not, and nobody takes who may not', () => {
  const shares = [shareOf(1, 100), shareOf(1, 50), shareOf(1, 0), shareOf(1, 10)]
  apportion(shares)
  const [most, more, least, less] = shares
  const mayGive = (share: Share) => share !== most
  const mayTake = (share: Share) => share !== least
  expect(nextTransfer(shares, rules)).toEqual({ from: most, to: least } as never)
  expect(nextTransfer(shares, { tolerance, mayGive, mayTake })).toEqual({
    from: more,
    to: less,
  } as never)
  expect(nextTransfer(shares, { ...rules, mayGive: () => false })).toBeUndefined()
  expect(nextTransfer(shares, { ...rules, mayTake: () => false })).toBeUndefined()
})
