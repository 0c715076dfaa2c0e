/** How many, how large, how long. */
import { describe, expect, test } from 'bun:test'
import { encodeFrame, Opcode, upgradeRequest } from '../support/websocket.ts'
import { inEveryAnswer, inEveryPage } from './on-purpose.ts'
import { sideBySide, type Side } from './side-by-side.ts'
import { dial, type Dial } from './visit.ts'

describe('limits', () => {
  const open = async (side: Side, from: Dial) => {
    const client = await dial(side.place(80), from)
    client.send(upgradeRequest('/', { Host: 'chat.example.com' }))
    return { client, status: (await client.message()).status }
  }

  test('a client may have so many sessions and all together so many; who leaves makes room', async () => {
    await using both = await sideBySide('Limits')
    const statuses = await Promise.all(
      [both.nginx, both.sluice].map(async (side) => {
        const first = await open(side, { from: '127.0.0.2' })
        const second = await open(side, { from: '127.0.0.2' })
        const third = await open(side, { from: '127.0.0.2' })
        const other = await open(side, { from: '127.0.0.3' })
        const last = await open(side, { from: '127.0.0.4' })
        first.client.reset()
        const opened = [first, second, third, other, last].map(({ status }) => status)
        const later = await untilOpen(side)
        for (const { client } of [second, third, other, last]) client[Symbol.dispose]()
        return [...opened, later]
      }),
    )
    // nginx has one status for both limits.
    expect(statuses).toEqual([
      [101, 101, 429, 101, 429, 101],
      [101, 101, 429, 101, 503, 101],
    ])
  }, 15_000)

  /** The place of one that has left is free as soon as the gateway has heard of it. */
  async function untilOpen(side: Side): Promise<number> {
    for (;;) {
      const { client, status } = await open(side, { from: '127.0.0.2' })
      client[Symbol.dispose]()
      if (status === 101) return status
    }
  }
})

describe('timeouts', () => {
  test('a silent session is over for both, and Sluice says why', async () => {
    await using both = await sideBySide('Timeouts', { replace: { '10m': '1s' } })
    const ends = await Promise.all(
      [both.nginx, both.sluice].map(async (side) => {
        using client = await dial(side.place(80), {})
        client.send(upgradeRequest('/'))
        await client.message()
        client.send(encodeFrame(Opcode.text, 'before', { isMasked: true }))
        expect((await client.frame()).payload.toString()).toBe('before')
        const farewell = await client.farewell
        const [opcode, , high = 0, low = 0] = Buffer.from(client.received, 'latin1')
        return { farewell, opcode, code: (high << 8) | low }
      }),
    )
    expect(ends).toEqual([
      { farewell: 'ended', opcode: undefined, code: 0 },
      { farewell: 'ended', opcode: 0x80 | Opcode.close, code: 1001 },
    ])
  }, 15_000)

  test('a server that does not answer is 504, for upgrades and pages', async () => {
    await using both = await sideBySide('Timeouts', { replace: { '10m': '400ms' } })
    for (const kind of ['websocket', 'page'] as const) {
      const { nginx, sluice } = await both.visit(80, { kind, target: '/silent' })
      for (const seen of [nginx, sluice])
        expect(seen).toMatchObject({ status: expect.stringContaining(' 504 Gateway Time') })
    }
  }, 15_000)
})

describe('sizes', () => {
  const title = 'Sizes'

  test('a long header passes as long as it is within bounds', async () => {
    await using both = await sideBySide(title)
    const headers = { Cookie: `session=${'x'.repeat(7_000)}` }
    const { nginx, differences } = await both.visit(80, { kind: 'page', headers })
    expect(nginx).toMatchObject({ 'request cookie': headers.Cookie })
    expect(differences).toEqual(inEveryPage)
  }, 15_000)

  test.each([
    ['a line', { Cookie: 'x'.repeat(33_000) }, '/'],
    ['the path', {}, `/${'x'.repeat(33_000)}`],
  ])(
    '%s that is too long is 431, where nginx has 400 and 414',
    async (what, headers, target) => {
      await using both = await sideBySide(title)
      const { nginx, sluice } = await both.visit(80, { kind: 'page', headers, target })
      const status = what === 'a line' ? '400 Bad Request' : '414 Request-URI Too Large'
      expect(nginx).toMatchObject({ status: `HTTP/1.1 ${status}`, requests: 0 })
      expect(sluice).toMatchObject({
        status: 'HTTP/1.1 431 Request Header Fields Too Large',
        requests: 0,
      })
    },
    15_000,
  )

  test('a large upload streams through, where nginx refuses it', async () => {
    await using both = await sideBySide(title)
    const body = 'x'.repeat(2 ** 20 + 1)
    const request = `POST /upload HTTP/1.1\nHost: chat.example.com\nContent-Length: ${body.length}\n\n${body}`
    const { nginx, sluice } = await both.visit(80, { kind: { request } })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 413 Request Entity Too Large', requests: 0 })
    expect(sluice).toMatchObject({
      status: 'HTTP/1.1 200 OK',
      'request content-length': String(body.length),
    })
  }, 15_000)

  test('an answer of the gateway says what was wrong in the same few headers', async () => {
    await using both = await sideBySide(title)
    const { nginx, differences } = await both.visit(80, {
      kind: 'page',
      headers: { Cookie: 'x'.repeat(33_000) },
    })
    expect(nginx).toMatchObject({ 'answer connection': 'close' })
    expect(differences).toEqual({
      ...inEveryAnswer,
      status: ['HTTP/1.1 400 Bad Request', 'HTTP/1.1 431 Request Header Fields Too Large'],
      body: [expect.stringContaining('<html>'), expect.stringContaining('"HEAD_TOO_LARGE"')],
      'answer content-type': ['text/html', 'application/problem+json'],
      'answer content-length': [expect.any(String), expect.any(String)],
    })
  }, 15_000)
})
