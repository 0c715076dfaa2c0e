/** The name in a ClientHello: of a real client, of any proper one, and what is none. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { connect } from 'node:tls'
import { looksLikeTls, readClientHello } from '../../src/wire/client-hello.ts'
import { clientHello, records, serverName, vector } from '../support/client-hello.ts'
import { pieces } from '../support/pieces.ts'

const read = (bytes: Buffer) => readClientHello(bytes)
const helloOf = (...extensions: Parameters<typeof clientHello>[0]['extensions'] & object) =>
  clientHello({ extensions })
const none = { kind: 'hello', serverName: undefined } as const

/** What Bun's own TLS client sends first. */
async function realHello(servername: string): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  let bytes = Buffer.alloc(0)
  using server = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(_, chunk) {
        bytes = Buffer.concat([bytes, chunk])
        if (read(bytes).kind !== 'incomplete') resolve(bytes)
      },
    },
  })
  const client = connect({ port: server.port, host: '127.0.0.1', servername })
  client.on('error', () => {})
  const hello = await promise
  client.destroy()
  server.stop(true)
  return hello
}

describe('the name', () => {
  test('is the one a real client asks for, wherever its bytes are cut', async () => {
    const hello = await realHello('Chat.example.com')
    expect(looksLikeTls(hello)).toBe(true)
    for (let length = 0; length < hello.length; length++)
      expect(read(hello.subarray(0, length)).kind).toBe('incomplete')
    expect(read(hello)).toEqual({ kind: 'hello', serverName: 'chat.example.com' })
  })

  test('is none where the client gives none', () => {
    expect(read(clientHello({ extensions: undefined }))).toEqual(none)
    expect(read(helloOf())).toEqual(none)
    expect(read(helloOf({ type: 16, body: vector(2, Buffer.from('\x08http/1.1')) }))).toEqual(none)
  })

  test.each([
    '10.0.0.1',
    '::1',
    'exa mple.com',
    'a..b',
    '.a',
    'a.',
    'a\0b',
    'ä.example',
    'a'.repeat(256),
  ])('is none where %j is given, which no certificate is for', (name) =>
    expect(read(helloOf(serverName(name)))).toEqual(none),
  )
})

describe('a ClientHello is refused', () => {
  const name = serverName('a.example')
  const whole = helloOf(name)
  const withBody = (body: Buffer) => helloOf({ type: 0, body })

  test.each([
    ['that is plain HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['that is another record', Buffer.concat([Buffer.from([23]), whole.subarray(1)])],
    [
      'that is another handshake message',
      records(Buffer.concat([Buffer.from([2]), whole.subarray(6)]), []),
    ],
    ['of another protocol', Buffer.concat([Buffer.from([22, 2]), whole.subarray(2)])],
    ['with an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['with a record of more than 16384 bytes', Buffer.from([22, 3, 1, 0x40, 1])],
    ['that is longer than 16384 bytes', Buffer.from([22, 3, 1, 0, 4, 1, 0, 0x40, 1])],
    ['with a message behind it', records(Buffer.concat([whole.subarray(5), Buffer.from([1])]), [])],
    [
      'in more than 64 records',
      clientHello({ extensions: [name], recordBytes: Array.from({ length: 64 }, () => 1) }),
    ],
    ['with two server name extensions', helloOf(name, name)],
    ['with two names in one extension', helloOf(serverName('a.example', 'b.example'))],
    ['with an empty name', helloOf(serverName(''))],
    ['with no name in its extension', helloOf(serverName())],
    ['with a name of another type', withBody(vector(2, Buffer.from('\x01\x00\x01a')))],
    ['with a name that is longer than its list', withBody(Buffer.from('\x00\x04\x00\x00\x02a'))],
    ['with bytes behind the names', withBody(Buffer.concat([name.body, Buffer.from('x')]))],
  ])('%s', (_, bytes) => {
    expect(read(bytes).kind).toBe('fault')
  })

  test('whose inner lengths do not add up', () => {
    for (let offset = 9; offset < whole.length; offset++) {
      const message = Buffer.concat([Buffer.from([1]), vector(3, whole.subarray(9, offset))])
      const reading = read(records(message, []))
      // Cut right behind the compression methods it is one without extensions.
      const isWithout = offset === whole.length - 2 - 4 - name.body.length
      expect(reading.kind, `cut at ${offset}`).toBe(isWithout ? 'hello' : 'fault')
    }
  })
})

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/)
const hostName = fc.tuple(label, label, fc.constant('example')).map((labels) => labels.join('.'))
const otherExtensions = fc.array(
  fc.record({
    type: fc.integer({ min: 1, max: 65_535 }),
    body: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 6 },
)
const recordBytes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 })
const proper = fc
  .record({ name: hostName, before: otherExtensions, after: otherExtensions, recordBytes })
  .map(({ name, before, after, recordBytes: lengths }) => ({
    name,
    bytes: clientHello({
      extensions: [...before, serverName(name), ...after],
      recordBytes: lengths,
    }),
  }))

describe('any proper ClientHello', () => {
  test('is incomplete up to its last byte, and then read, however many records it comes in', () => {
    fc.assert(
      fc.property(proper, fc.uint8Array({ maxLength: 9 }), ({ name, bytes }, behind) => {
        for (let length = 0; length < bytes.length; length++)
          expect(read(bytes.subarray(0, length)).kind).toBe('incomplete')
        const [all = bytes] = pieces(Buffer.concat([bytes, behind]), [])
        expect(read(all)).toEqual({ kind: 'hello', serverName: name })
      }),
    )
  })

  // Each segment was a reading of everything before it: half a megabyte copied for one hello byte by byte.
  test('is read at most twice a record by who waits for as much as is wanted', () => {
    fc.assert(
      fc.property(proper, ({ name, bytes }) => {
        let readings = 1
        let reading = read(bytes.subarray(0, 1))
        for (let length = 1; reading.kind === 'incomplete'; readings++) {
          expect(reading.wantedBytes).toBeGreaterThan(length)
          expect(reading.wantedBytes).toBeLessThanOrEqual(bytes.length)
          length = reading.wantedBytes
          reading = read(bytes.subarray(0, length))
        }
        expect(reading).toEqual({ kind: 'hello', serverName: name })
        let records = 0
        for (let offset = 0; offset < bytes.length; records++)
          offset += 5 + bytes.readUInt16BE(offset + 3)
        expect(readings).toBeLessThanOrEqual(2 * records + 1)
      }),
    )
  })

  test('is not read before the end of its record, where a message behind it would be a fault', () => {
    const hello = helloOf(serverName('a.example')).subarray(5)
    const bytes = records(Buffer.concat([hello, Buffer.from([1])]), [])
    expect(read(bytes.subarray(0, -1))).toEqual({
      kind: 'incomplete',
      wantedBytes: bytes.length,
    })
    expect(read(bytes).kind).toBe('fault')
  })

  test('is read, incomplete or refused, never a throw, whatever is changed in it', () => {
    fc.assert(
      fc.property(proper, fc.nat(), fc.nat({ max: 255 }), ({ bytes }, at, byte) => {
        const changed = Buffer.from(bytes)
        changed[at % bytes.length] = byte
        const reading = read(changed)
        if (reading.kind !== 'hello' || reading.serverName === undefined) return
        expect(reading.serverName).toMatch(/^[a-z0-9_.-]+$/)
      }),
      { numRuns: 5_000 },
    )
  })
})
