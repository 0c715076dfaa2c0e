/**
 * A browser whose server does not compress: the gateway does it in its place, as the bytes between them
 * show.
 */
import { describe, expect, test } from 'bun:test'
import { relayTo, startGateway } from '../support/gateway.ts'
import { framesIn, type HeardFrame } from '../support/heard.ts'
import { runPeer, startPeer } from '../support/peer.ts'
import { startTap, type Tap } from '../support/tap.ts'

/** Data messages, in order, each a list of its frames. */
function messagesIn(bytes: Buffer): HeardFrame[][] {
  const messages: HeardFrame[][] = []
  const head = bytes.indexOf('\r\n\r\n') + 4
  for (const frame of framesIn(bytes.subarray(head))) {
    const opcode = frame.first & 0x0f
    if (opcode === 1 || opcode === 2) messages.push([frame])
    else if (opcode === 0) messages.at(-1)?.push(frame)
  }
  return messages
}

/** What passed of the only WebSocket. */
function wireOf(tap: Tap): { inbound: HeardFrame[][]; outbound: HeardFrame[][] } {
  const [connection] = tap.connections.filter(({ sent }) => sent.includes('Upgrade: websocket'))
  if (connection === undefined) throw new Error('there was no WebSocket')
  return { inbound: messagesIn(connection.sent), outbound: messagesIn(connection.received) }
}

const bytesOf = (message: readonly HeardFrame[] = []) =>
  message.reduce((sum, { payload }) => sum + payload.length, 0)
/** RSV1 of the first frame (RFC 7692 §6). */
const isCompressed = ([frame]: readonly HeardFrame[]) => ((frame?.first ?? 0) & 0x40) !== 0

describe('Chromium, whose messages the gateway compresses,', () => {
  test.each([
    {
      name: 'without windows',
      compression: 'gateway',
      agreed: 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      isKept: false,
    },
    {
      name: 'with windows that are kept',
      compression: '{ threshold: 0B, context-takeover: true }',
      agreed: 'permessage-deflate',
      isKept: true,
    },
  ])(
    'agrees on it $name, and its server hears nothing of it',
    async ({ compression, agreed, isKept }) => {
      await using server = await startPeer('ws-server.mjs', '--deflate')
      await using gateway = startGateway(
        relayTo(`ws://${server.host}`, `compression: ${compression}`),
      )
      await using tap = await startTap(gateway.port)
      const result = await runPeer('echo-page.mjs', `http://${tap.host}/`)
      expect(result).toMatchObject({ ok: true, extensions: agreed, echoed: 9 })
      const { headers } = await server.line(({ event }) => event === 'open')
      expect(headers).not.toHaveProperty('sec-websocket-extensions')

      const { inbound, outbound } = wireOf(tap)
      expect([inbound.length, outbound.length]).toEqual([9, 9])
      expect(inbound.every(isCompressed)).toBe(true)
      // By size, but for noise: only a window that is kept has to be fed with that, too.
      const wanted = [isKept, isKept, true, true, true, true, true, isKept, isKept]
      expect(outbound.map(isCompressed)).toEqual(wanted)
      for (const way of [inbound, outbound]) {
        const [, , board, boards, noise = 0, again, pattern] = way.map(bytesOf)
        expect(board).toBeLessThan(500)
        expect(boards).toBeLessThan(10_000)
        expect(pattern).toBeLessThan(1_000)
        // The same again is nothing new to who has kept its window.
        if (isKept) expect(again).toBeLessThan(noise / 2)
        else expect(again).toBe(noise)
      }
      const closed = await gateway.event('session-closed')
      expect(closed.end).toMatchObject({ by: 'client', code: 1005 })
    },
    60_000,
  )
})
