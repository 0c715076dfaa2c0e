/** What nginx lets through and Sluice does not: each of these is for somebody who means no good. */
import { describe, expect, test } from 'bun:test'
import { encodeFrame, Opcode, upgradeRequest } from '../support/websocket.ts'
import { sideBySide, type Side } from './side-by-side.ts'
import { dial } from './visit.ts'

const title = 'The usual block'
const host = { Host: 'chat.example.com' }
const frame = encodeFrame(Opcode.text, 'words', { isMasked: true })

/** The status of the answer to these bytes. */
async function statusOf(side: Side, ...bytes: (string | Uint8Array)[]): Promise<number> {
  using client = await dial(side.place(80), {})
  for (const piece of bytes) client.send(piece)
  return (await client.message()).status
}

describe('the handshake', () => {
  const cases: readonly (readonly [string, (string | Uint8Array)[], number])[] = [
    ['lines that end without CR', [Buffer.from('GET / HTTP/1.1\nHost: a\n\n')], 200],
    [
      'an upgrade with a body',
      [upgradeRequest('/', { ...host, 'Content-Length': '5' }), 'words'],
      101,
    ],
    ['frames before there is an answer', [upgradeRequest('/', host), frame], 101],
    ['a key that is none', [upgradeRequest('/', { ...host, 'Sec-WebSocket-Key': 'x' })], 101],
  ]

  test.each(cases)(
    '%s: refused with 400',
    async (_, bytes, nginxStatus) => {
      await using both = await sideBySide(title)
      expect(await statusOf(both.nginx, ...bytes)).toBe(nginxStatus)
      expect(await statusOf(both.sluice, ...bytes)).toBe(400)
    },
    15_000,
  )

  test('of a foreign page in the name of whoever looks at it: refused with 403', async () => {
    await using both = await sideBySide(title)
    const headers = { Cookie: 'session=ada', Origin: 'https://evil.example' }
    const { nginx, sluice } = await both.visit(80, { headers })
    expect(nginx).toMatchObject({ echo: 'whole', 'request cookie': 'session=ada' })
    expect(sluice).toMatchObject({ status: 'HTTP/1.1 403 Forbidden', requests: 0 })
  }, 15_000)
})

describe('a frame', () => {
  test('without a mask ends its session, where nginx passes it', async () => {
    await using both = await sideBySide(title)
    const answers = await Promise.all(
      [both.nginx, both.sluice].map(async (side) => {
        using client = await dial(side.place(80), {})
        client.send(upgradeRequest('/', host))
        await client.message()
        client.send(encodeFrame(Opcode.text, 'bare', { isMasked: false }))
        const { opcode, payload } = await client.frame()
        return opcode === Opcode.close ? payload.readUInt16BE(0) : payload.toString()
      }),
    )
    expect(answers).toEqual(['bare', 1002])
  }, 15_000)
})
