/** In a tunnel compression is agreed between client and server; the gateway passes it on, and nothing it cannot read past. */
import { describe, expect, test } from 'bun:test'
import { relayTo, startTunnel } from '../support/gateway.ts'
import { runPeer, startPeer } from '../support/peer.ts'
import { dialTcp } from '../support/tcp.ts'
import { upgradeRequest } from '../support/websocket.ts'

describe('permessage-deflate', () => {
  test('is agreed end to end, and messages cross the gateway compressed', async () => {
    await using server = await startPeer('ws-server.mjs', '--deflate')
    await using gateway = startTunnel(relayTo(`ws://${server.host}`))
    const sizes = '--sizes=0,1,2000,200000'
    const url = `ws://${gateway.host}`
    const result = await runPeer('ws-client.mjs', url, '--deflate', '--kind=text', sizes)
    expect(result).toMatchObject({ ok: true, extensions: 'permessage-deflate', echoed: 4 })
    const { inbound, outbound } = await gateway.event('session-closed')
    expect(inbound.messages).toBe(4)
    expect(inbound.bytes).toBeLessThan(20_000)
    expect(outbound.bytes).toBeLessThan(20_000)
  }, 15_000)

  test('with fragments, that it is agreed for the first of each message', async () => {
    await using server = await startPeer('ws-server.mjs', '--deflate')
    await using gateway = startTunnel(relayTo(`ws://${server.host}`))
    const url = `ws://${gateway.host}`
    const result = await runPeer('ws-client.mjs', url, '--deflate', '--fragments', '--kind=text')
    expect(result).toMatchObject({ ok: true, extensions: 'permessage-deflate' })
  }, 15_000)

  test('is not spoken where the server declines it', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startTunnel(relayTo(`ws://${server.host}`))
    const result = await runPeer('ws-client.mjs', `ws://${gateway.host}`, '--deflate')
    expect(result).toMatchObject({ ok: true, extensions: '' })
    const { headers } = await server.line(({ event }) => event === 'open')
    expect(headers).toHaveProperty('sec-websocket-extensions')
  }, 15_000)
})

describe('of the extensions a client offers', () => {
  test.each<[string, string, string | undefined]>([
    [
      'only permessage-deflate reaches the server, with its parameters',
      'x-webkit-deflate-frame, permessage-deflate; client_max_window_bits, x-mux; quota=3, permessage-deflate',
      'permessage-deflate; client_max_window_bits, permessage-deflate',
    ],
    ['none reaches it where that is not among them', 'x-webkit-deflate-frame', undefined],
  ])(
    '%s',
    async (_, offer, expected) => {
      await using server = await startPeer('ws-server.mjs')
      await using gateway = startTunnel(relayTo(`ws://${server.host}`))
      using client = await dialTcp(gateway.port)
      client.send(upgradeRequest('/', { 'Sec-WebSocket-Extensions': offer }))
      expect((await client.message()).status).toBe(101)
      const { headers } = await server.line(({ event }) => event === 'open')
      const offered = (headers as Record<string, string>)['sec-websocket-extensions']
      expect(offered).toBe(expected)
    },
    10_000,
  )
})
