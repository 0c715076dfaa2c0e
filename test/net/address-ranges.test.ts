/** Sets of addresses, against a reading of ranges bit by bit. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatAddress, parseAddress } from '../../src/core/ip-address.ts'
import { AddressRanges, rangeFault } from '../../src/net/address-ranges.ts'

describe('a set of ranges', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '203.0.113.9', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['10.0.0.0/8', '', false],
    ['10.0.0.0/8', 'localhost', false],
  ])('%s and %s: %p', (range, address, isIn) => {
    expect(new AddressRanges([range]).includes(address)).toBe(isIn)
  })

  test('that is empty has nobody in it', () => {
    expect(new AddressRanges([]).includes('127.0.0.1')).toBe(false)
  })

  test('has in it who is in one of them, in whatever order they come and overlap', () => {
    // Few bits, so that ranges touch, overlap and hold each other.
    const near = fc
      .integer({ min: 0, max: 255 })
      .map((low) => 0x2001_0db8n * 2n ** 96n + BigInt(low))
    const range = fc.tuple(near, fc.integer({ min: 120, max: 128 })).map(([address, prefix]) => {
      const size = 1n << BigInt(128 - prefix)
      return { address: address - (address % size), prefix }
    })
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), near, (ranges, address) => {
        const naive = ranges.some((one) => {
          const shift = BigInt(128 - one.prefix)
          return one.address >> shift === address >> shift
        })
        const texts = ranges.map((one) => `${formatAddress(one.address)}/${one.prefix}`)
        expect(new AddressRanges(texts).includes(formatAddress(address))).toBe(naive)
      }),
      { numRuns: 2_000 },
    )
  })

  test('of IPv4 is what its bits say', () => {
    const range = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
    fc.assert(
      fc.property(range, fc.ipV4(), ([base, prefix], address) => {
        const bits = (text: string) => (parseAddress(text) ?? 0n) & 0xffff_ffffn
        const shift = BigInt(32 - prefix)
        const text = `${formatAddress((0xffffn << 32n) | ((bits(base) >> shift) << shift))}/${prefix}`
        const isIn = bits(base) >> shift === bits(address) >> shift
        expect(new AddressRanges([text]).includes(address)).toBe(isIn)
      }),
    )
  })
})

describe('a range that is none is told', () => {
  test.each([
    ['localhost', 'is not an IP address or a range such as 10.0.0.0/8'],
    ['10.0.0.0/8/8', 'is not an IP address or a range such as 10.0.0.0/8'],
    ['10.0.0.0/33', 'has a prefix that is not a number from 0 to 32'],
    ['10.0.0.0/', 'has a prefix that is not a number from 0 to 32'],
    ['::/129', 'has a prefix that is not a number from 0 to 128'],
    ['10.1.2.3/8', 'has bits behind its prefix of 8: is the prefix right?'],
  ])('%s', (range, fault) => {
    expect(rangeFault(range)).toBe(fault)
    expect(() => new AddressRanges([range])).toThrow(range)
  })

  test('and nothing is told of one that is right', () => {
    for (const range of ['10.0.0.0/8', '::1', '::/0', '0.0.0.0/0', '192.0.2.7/32'])
      expect(rangeFault(range)).toBeUndefined()
  })
})
