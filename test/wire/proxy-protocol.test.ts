/** The PROXY header, both versions, by the sections of its specification. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatAddress, parseAddress } from '../../src/core/ip-address.ts'
import { readProxyHeader } from '../../src/wire/proxy-protocol.ts'
import { binaryHeader } from '../support/proxy-header.ts'

const read = (bytes: Buffer | string) => readProxyHeader(Buffer.from(bytes as string, 'latin1'))
const line = (text: string) => `PROXY ${text}\r\n`

describe('version 1', () => {
  test.each([
    ['TCP4 192.0.2.1 198.51.100.1 56324 443', '192.0.2.1'],
    ['TCP6 2001:DB8::0:1 ::1 1 65535', '2001:db8::1'],
    ['TCP6 ::ffff:192.0.2.1 ::1 0 0', '192.0.2.1'],
    ['UNKNOWN', undefined],
    ['UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535', undefined],
  ])('%s', (text, source) => {
    const bytes = line(text)
    expect(read(`${bytes}GET /`)).toEqual({ kind: 'header', length: bytes.length, source })
  })

  test.each([
    ['another address family', 'TCP5 1.2.3.4 1.2.3.4 1 2'],
    ['an address of the other family', 'TCP4 ::1 1.2.3.4 1 2'],
    ['a second address of the other family', 'TCP6 ::1 1.2.3.4 1 2'],
    ['an address with leading zeros', 'TCP4 192.000.002.001 1.2.3.4 1 2'],
    ['a port too large', 'TCP4 1.2.3.4 1.2.3.4 65536 2'],
    ['a port with a leading zero', 'TCP4 1.2.3.4 1.2.3.4 01 2'],
    ['one port', 'TCP4 1.2.3.4 1.2.3.4 1'],
    ['a third port', 'TCP4 1.2.3.4 1.2.3.4 1 2 3'],
    ['two spaces', 'TCP4  1.2.3.4 1.2.3.4 1 2'],
    ['a space at the end', 'TCP4 1.2.3.4 1.2.3.4 1 2 '],
    ['no addresses', 'TCP4'],
    ['a line feed alone', 'TCP4 1.2.3.4 1.2.3.4 1 2\nTCP4 1.2.3.4 1.2.3.4 1 2'],
    ['lower case', 'tcp4 1.2.3.4 1.2.3.4 1 2'],
  ])('with %s is refused', (_, text) => {
    expect(read(line(text)).kind).toBe('fault')
  })

  test('may be 107 bytes long, and no longer (§2.1)', () => {
    const longest = `UNKNOWN ${'x'.repeat(107 - 'PROXY UNKNOWN \r\n'.length)}`
    expect(read(line(longest)).kind).toBe('header')
    expect(read(line(`${longest}x`)).kind).toBe('fault')
    expect(read(`PROXY ${longest}xx`).kind).toBe('fault')
  })
})

describe('version 2', () => {
  const source = '192.0.2.1'

  test('tells an IPv4 or IPv6 address, whatever extensions follow', () => {
    const extensions = Buffer.alloc(300, 7)
    for (const address of [source, '2001:db8::7']) {
      const bytes = binaryHeader({ source: address, extensions })
      const both = Buffer.concat([bytes, Buffer.from('GET /')])
      expect(read(both)).toEqual({ kind: 'header', length: bytes.length, source: address })
    }
  })

  test.each([
    ['a proxy that speaks for itself (LOCAL)', binaryHeader({ source, command: 0 })],
    ['LOCAL without addresses', binaryHeader({ command: 0, family: 0x11, block: Buffer.alloc(0) })],
    ['an unspecified family', binaryHeader({ family: 0, block: Buffer.alloc(30) })],
    ['a Unix socket', binaryHeader({ family: 0x31, block: Buffer.alloc(216) })],
  ])('tells no address for %s', (_, bytes) => {
    expect(read(bytes)).toEqual({ kind: 'header', length: bytes.length, source: undefined })
  })

  test.each([
    ['an unknown command', binaryHeader({ source, command: 2 })],
    ['another version', binaryHeader({ source, version: 3 })],
    ['UDP', binaryHeader({ family: 0x12, block: Buffer.alloc(12) })],
    ['an unknown family', binaryHeader({ family: 0x41, block: Buffer.alloc(12) })],
    ['too few bytes for its addresses', binaryHeader({ family: 0x11, block: Buffer.alloc(11) })],
    ['too few bytes for a Unix socket', binaryHeader({ family: 0x31, block: Buffer.alloc(12) })],
    ['more than 4096 bytes', binaryHeader({ source, extensions: Buffer.alloc(4_085) })],
  ])('with %s is refused', (_, bytes) => {
    expect(read(bytes).kind).toBe('fault')
  })

  test('may have 4096 bytes of addresses and extensions', () => {
    expect(read(binaryHeader({ source, extensions: Buffer.alloc(4_084) })).kind).toBe('header')
  })
})

describe('either', () => {
  const header = fc
    .record({
      source: fc.oneof(fc.ipV4(), fc.ipV6()),
      isText: fc.boolean(),
      extensions: fc.uint8Array({ maxLength: 50 }),
    })
    .map(({ source, isText, extensions }) => {
      const family = source.includes(':') ? 'TCP6' : 'TCP4'
      const text = line(`${family} ${source} ${source} 1 2`)
      const normal = formatAddress(parseAddress(source) ?? -1n)
      const bytes = isText
        ? Buffer.from(text)
        : binaryHeader({ source, extensions: Buffer.from(extensions) })
      return { bytes, source: normal }
    })

  test('is incomplete up to its last byte, and then read, whatever follows', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 20 }), ({ bytes, source }, behind) => {
        for (let length = 0; length < bytes.length; length++)
          expect(read(bytes.subarray(0, length)).kind).toBe('incomplete')
        const all = Buffer.concat([bytes, behind])
        expect(read(all)).toEqual({ kind: 'header', length: bytes.length, source })
      }),
    )
  })

  test('is missed at the first byte that cannot belong to one', () => {
    for (const start of [
      'GET / HTTP/1.1',
      'X',
      '\x16\x03\x01',
      'PROXZ',
      '\r\n\r\n\0\r\nQUIP',
      '\0',
    ])
      expect(read(start)).toMatchObject({ kind: 'fault' })
  })

  test('is read, incomplete or refused, never a throw, whatever is changed in it', () => {
    fc.assert(
      fc.property(header, fc.nat(), fc.nat({ max: 255 }), ({ bytes }, at, byte) => {
        const changed = Buffer.from(bytes)
        changed[at % bytes.length] = byte
        const reading = read(changed)
        if (reading.kind === 'header') expect(reading.length).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: 2_000 },
    )
  })
})
