/**
 * `trusted-proxies`: addresses and ranges, each in one spelling.
 */
import { describe, expect, test } from 'bun:test'
import { BlockList, isIPv4 } from 'node:net'
import fc from 'fast-check'
import { readAddressRange } from '../../../src/config/schema/address-range.ts'
import { normalAddress } from '../../../src/config/schema/place.ts'
import { configOf, withListener } from '../checking.ts'

const rangesOf = (written: string) =>
  configOf(withListener(`trusted-proxies: ${written}`)).listeners[0]?.trustedProxies

describe('trusted-proxies', () => {
  test.each([
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['[192.0.2.7, 10.0.0.0/8]', ['192.0.2.7', '10.0.0.0/8']],
    ['[::1, 2001:DB8:0::/32]', ['::1', '2001:db8::/32']],
    ['[10.0.0.1, 10.0.0.1]', ['10.0.0.1']],
    ['[0.0.0.0/0, "::/0"]', ['0.0.0.0/0', '::/0']],
    ['[]', []],
  ])('may be %s', (written, ranges) => {
    expect(rangesOf(written)).toEqual(ranges)
  })

  test('private stands for the ranges of RFC 1918 and RFC 4193 and for the machine itself', () => {
    const list = new BlockList()
    for (const range of rangesOf('private') ?? []) {
      const [address = '', length] = range.split('/')
      const family = isIPv4(address) ? 'ipv4' : 'ipv6'
      if (length === undefined) list.addAddress(address, family)
      else list.addSubnet(address, Number(length), family)
    }
    const known = ['10.9.8.7', '172.31.0.1', '192.168.1.1', '127.0.0.1']
    expect(known.filter((address) => !list.check(address))).toEqual([])
    expect(list.check('fd00::1', 'ipv6') && list.check('::1', 'ipv6')).toBe(true)
    const strangers = ['172.32.0.1', '11.0.0.1', '192.169.0.1', '100.64.0.1', '169.254.169.254']
    expect(strangers.filter((address) => list.check(address))).toEqual([])
  })
})

describe('a range', () => {
  const shape = 'must be an address or a range such as 192.0.2.7 or 10.0.0.0/8, not'

  test.each([
    ['10.0.0.0/33', 'must have a length from 0 to 32 behind its slash, not "10.0.0.0/33"'],
    ['10.0.0.0/08', 'must have a length from 0 to 32 behind its slash, not "10.0.0.0/08"'],
    ['::/129', 'must have a length from 0 to 128 behind its slash, not "::/129"'],
    ['10.0.0.0/8/8', `${shape} "10.0.0.0/8/8"`],
    ['10.0.0', `${shape} "10.0.0"`],
    ['proxy.internal', `${shape} "proxy.internal"`],
    ['fe80::1%eth0', `${shape} "fe80::1%eth0"`],
    // The runtime takes it for an address and then throws on its URL.
    ['0::0:0:0:0.0.0.0', `${shape} "0::0:0:0:0.0.0.0"`],
  ])('is refused as %s', (text, problem) => {
    expect(readAddressRange(text).problem).toBe(problem)
  })

  test('of IPv4 inside of IPv6 is told in IPv4', () => {
    expect(readAddressRange('::ffff:10.0.0.1')).toMatchObject({
      suggestion: 'did you mean "10.0.0.1"?',
    })
  })

  test('with an address inside of it is refused, and the range that holds it told', () => {
    const isPlain = (text: string) => {
      const normal = normalAddress(text)
      return normal !== undefined && !normal.startsWith('::ffff:')
    }
    const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter(isPlain)
    fc.assert(
      fc.property(address, fc.nat(128), (text, bits) => {
        const length = isIPv4(text) ? bits % 33 : bits
        const reading = readAddressRange(`${text}/${length}`)
        const written = reading.problem === undefined ? reading.value[0] : undefined
        const told = reading.problem === undefined ? undefined : reading.suggestion
        const first = written ?? /^the range is (\S+),/.exec(told ?? '')?.[1] ?? ''
        expect(readAddressRange(first)).toEqual({ value: [first] })
        const list = new BlockList()
        const family = isIPv4(text) ? 'ipv4' : 'ipv6'
        list.addSubnet(first.split('/')[0] ?? '', length, family)
        expect(list.check(text, family)).toBe(true)
      }),
    )
  })
})
