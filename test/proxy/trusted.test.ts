// Whose request it is, by what proxies tell: the rightmost address that is not trusted.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { factsOf } from '../support/facts.ts'

const trusted = ['10.0.0.1', '10.0.0.2', 'fd00::1']

function addressFor(lines: readonly string[], address = '10.0.0.1'): string {
  return factsOf(lines, { trusted, address }).address
}

describe('the address of the client', () => {
  test.each<[readonly string[], string]>([
    [['X-Forwarded-For: 203.0.113.9'], '203.0.113.9'],
    [['X-Forwarded-For: 1.2.3.4, 203.0.113.9'], '203.0.113.9'],
    [['X-Forwarded-For: 1.2.3.4', 'X-Forwarded-For: 203.0.113.9'], '203.0.113.9'],
    [['X-Forwarded-For: 203.0.113.9,10.0.0.2 , fd00::1'], '203.0.113.9'],
    [['X-Forwarded-For: 10.0.0.2, 10.0.0.1'], '10.0.0.2'],
    [['X-Forwarded-For: 203.0.113.9:4711'], '203.0.113.9'],
    [['X-Forwarded-For: 2001:DB8::9'], '2001:db8::9'],
    [['X-Forwarded-For: [2001:db8::9]'], '2001:db8::9'],
    [['X-Forwarded-For: [2001:db8::9]:4711, [fd00::1]:80'], '2001:db8::9'],
    [['X-Forwarded-For: ::ffff:203.0.113.9'], '203.0.113.9'],
    [['X-Forwarded-For: ::FFFF:CB00:7109'], '203.0.113.9'],
    [['X-Forwarded-For: [0:0:0:0:0:ffff:203.0.113.9]:4711'], '203.0.113.9'],
    [['X-Forwarded-For: 2001:0db8:0:0::9'], '2001:db8::9'],
    [['X-Forwarded-For: 203.0.113.9, ::ffff:a00:2'], '203.0.113.9'],
    [['Forwarded: for=203.0.113.9'], '203.0.113.9'],
    [['Forwarded: For="203.0.113.9:4711";by=1;host="a"'], '203.0.113.9'],
    [['Forwarded: proto=http; for="[2001:db8::9]:4711", for=10.0.0.2'], '2001:db8::9'],
  ])('is told by trusted proxies: %p', (lines, address) => {
    expect(addressFor(lines)).toBe(address)
  })

  test.each<[readonly string[]]>([
    [[]],
    [['X-Forwarded-For:']],
    [['X-Forwarded-For: unknown']],
    [['X-Forwarded-For: 1.2.3.4, 1.2.3']],
    [['X-Forwarded-For: 1.2.3.4:99:1']],
    [['X-Forwarded-For: 1.2.3.4 5.6.7.8']],
    [['X-Forwarded-For: "1.2.3.4"']],
    [['X-Forwarded-For: [1.2.3.4']],
    [['X-Forwarded-For: localhost']],
    [['X-Forwarded-For: fe80::1%eth0']],
    [['Forwarded: for=unknown']],
    [['Forwarded: for=_hidden']],
    [['Forwarded: by=1.2.3.4']],
    [['Forwarded: for = 1.2.3.4']],
    [['Forwarded: for=1.2.3.4;host="a']],
    [['Forwarded: for=1.2.3.4 ;host=a']],
    // What a client gets into the quotes of its proxy's element makes no element of its own.
    [['Forwarded: for=203.0.113.9;host="a,for=1.2.3.4"']],
    [['Forwarded: for=203.0.113.9;host="a, for=1.2.3.4;x=b, c"']],
    [['Forwarded: for=203.0.113.9;host="a\\", for=1.2.3.4;x=\\"b"']],
    [['X-Real-IP: 1.2.3.4']],
  ])('is that of the proxy where it tells nothing that can be read: %p', (lines) => {
    expect(addressFor(lines)).toBe('10.0.0.1')
  })

  test('is that of the connection for anybody else, whatever is sent', () => {
    expect(addressFor(['X-Forwarded-For: 10.0.0.1'], '203.0.113.9')).toBe('203.0.113.9')
    expect(addressFor(['Forwarded: for=10.0.0.1'], '203.0.113.9')).toBe('203.0.113.9')
  })

  test('never is one that a client wrote in front of an address that is not trusted', () => {
    const written = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom(...trusted, 'x', '"')))
    const passed = fc.array(fc.constantFrom(...trusted))
    fc.assert(
      fc.property(written, passed, (before, behind) => {
        const list = [...before, '203.0.113.9', ...behind].join(', ')
        expect(addressFor([`X-Forwarded-For: ${list}`])).toBe('203.0.113.9')
      }),
    )
  })
})

describe('the scheme', () => {
  test.each<[string, 'http' | 'https']>([
    ['https', 'https'],
    ['WSS', 'https'],
    ['ws', 'http'],
    ['http', 'http'],
    ['ftp', 'http'],
    ['https, http', 'http'],
  ])('told as %p by a trusted proxy is %s', (told, scheme) => {
    expect(factsOf([`X-Forwarded-Proto: ${told}`], { trusted }).scheme).toBe(scheme)
    expect(factsOf([`X-Forwarded-Proto: ${told}`]).scheme).toBe('http')
  })

  test('is that of the connection where nobody tells', () => {
    expect(factsOf([], { trusted, isTls: true }).scheme).toBe('https')
    expect(factsOf([], { isTls: true }).scheme).toBe('https')
  })
})
