/** A load balancer that says in a PROXY header who connects. */
import { describe, expect, test } from 'bun:test'
import { inEveryWebSocket } from './on-purpose.ts'
import { sideBySide, type Differences, type Sides } from './side-by-side.ts'
import { dial } from './visit.ts'

const title = 'Behind a load balancer with the PROXY protocol'
const sides: Sides = { replace: { '10.0.0.0/8': '127.0.0.1/32' } }
const told: Differences = {
  ...inEveryWebSocket,
  'request x-real-ip': undefined,
  'request x-forwarded-for': undefined,
}

/** Version 2: signature, version and command, family and protocol, length, addresses, ports. */
const version2 = (family: number, ...addresses: number[][]) => {
  const block = Buffer.from([...addresses.flat(), 0xdc, 0x04, 0x00, 0x50])
  return Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([0x21, family, 0, block.length]),
    block,
  ])
}
const documentation = [0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0)]

const headers: readonly (readonly [string, string | Buffer, string])[] = [
  ['1, TCP4', 'PROXY TCP4 192.0.2.44 203.0.113.9 56324 80\r\n', '192.0.2.44'],
  ['1, TCP6', 'PROXY TCP6 2001:db8::7 2001:db8::1 56324 80\r\n', '2001:db8::7'],
  ['2, TCP over IPv4', version2(0x11, [192, 0, 2, 44], [203, 0, 113, 9]), '192.0.2.44'],
  ['2, TCP over IPv6', version2(0x21, [...documentation, 7], [...documentation, 1]), '2001:db8::7'],
]

describe('a PROXY header', () => {
  test.each(headers)(
    'of version %s tells who the client is',
    async (_, preface, address) => {
      await using both = await sideBySide(title, sides)
      const { nginx, differences } = await both.visit(80, { preface })
      expect(nginx).toMatchObject({ 'request x-real-ip': address, echo: 'whole', close: 4321 })
      expect(differences).toEqual(told)
    },
    15_000,
  )

  test('is wanted: whoever sends none is disconnected without an answer', async () => {
    await using both = await sideBySide(title, sides)
    for (const side of [both.nginx, both.sluice]) {
      using client = await dial(side.place(80), {})
      client.send('GET / HTTP/1.1\nHost: chat.example.com\n\n')
      const farewell = await client.farewell
      expect([side.name, farewell === 'ended' || farewell === 'reset', client.received]).toEqual([
        side.name,
        true,
        '',
      ])
    }
  }, 15_000)
})
