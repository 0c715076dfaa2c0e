/** Addresses as text and numbers, against Node's reading of them. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isIP } from 'node:net'
import { formatAddress, parseAddress } from '../../src/core/ip-address.ts'

/** Eight groups, many of them zero, with one run of zeros left out or none, the end dotted or not. */
const written = fc
  .record({
    groups: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    }),
    start: fc.nat({ max: 7 }),
    isDotted: fc.boolean(),
  })
  .map(({ groups, start, isDotted }) => {
    const number = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n)
    let end = start
    while (groups[end] === 0 && end < (isDotted ? 6 : 8)) end++
    const texts = groups.map((group) => group.toString(16))
    const [seventh = 0, eighth = 0] = groups.slice(6)
    const dotted = [seventh >> 8, seventh & 255, eighth >> 8, eighth & 255].join('.')
    if (isDotted) texts.splice(6, 2, dotted)
    const text =
      end > start
        ? `${texts.slice(0, start).join(':')}::${texts.slice(end).join(':')}`
        : texts.join(':')
    return { text, number }
  })

describe('an address', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:a01:203', '10.1.2.3'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['0:0:0:0:0:0:0:0', '::'],
  ])('%s is written as %s', (text, normal) => {
    expect(formatAddress(parseAddress(text) ?? -1n)).toBe(normal)
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '010.0.0.1',
    '1.2.3.4 ',
    ':',
    ':::',
    '1::2::3',
  ])('"%s" is none', (text) => expect(parseAddress(text)).toBeUndefined())

  test.each([
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::12345',
    '::g',
    '::1.2.3.400',
  ])('"%s" is none either', (text) => expect(parseAddress(text)).toBeUndefined())

  test('is the number of its groups, however it is written, and the same when it is written again', () => {
    fc.assert(
      fc.property(written, ({ text, number }) => {
        expect(isIP(text)).toBe(6)
        expect(parseAddress(text)).toBe(number)
        expect(parseAddress(formatAddress(number))).toBe(number)
      }),
    )
  })

  test('of IPv4 is written as it was read', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatAddress(parseAddress(text) ?? -1n)).toBe(text)
      }),
    )
  })

  test('is read exactly where Node finds one', () => {
    const piece = fc.constantFrom(
      '1',
      '255',
      '256',
      'ffff',
      '0',
      '01',
      'g',
      '.',
      ':',
      '::',
      '10.0.0.1',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
        const text = pieces.join('')
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0)
      }),
      { numRuns: 5_000 },
    )
  })
})
