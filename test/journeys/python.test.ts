/** Python's `websockets` on either side: an implementation that shares nothing with Node's `ws`. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { framing } from '../support/framing.ts'
import { relayTo, startGateway } from '../support/gateway.ts'
import { runPeer, startPeer, type Peer } from '../support/peer.ts'

describe("Python's websockets through the gateway", () => {
  let server: Peer
  beforeAll(async () => {
    server = await startPeer('python-server.py')
  })
  afterAll(() => server.stop())

  test('as client and as server: echoes, fragments, pings, and close codes of both sides', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const result = await runPeer('python-client.py', `ws://${gateway.host}`)
    expect(result).toMatchObject({
      ok: true,
      echoed: 14,
      serverClose: [4001, 'said the server'],
      clientClose: [4001, 'said the client'],
    })
    if (framing === 'plain') expect(result['extensions']).toBe('')
    else expect(result['extensions']).toStartWith('permessage-deflate')
    const closed = await server.line(({ path }) => path === '/echo')
    expect(closed).toMatchObject({ code: 4001, reason: 'said the client' })
  }, 25_000)

  test('as server for a client that fragments its messages', async () => {
    await using gateway = startGateway(relayTo(`ws://${server.host}`))
    const url = `ws://${gateway.host}/from-node`
    const result = await runPeer('ws-client.mjs', url, '--fragments', '--pings=3')
    expect(result).toMatchObject({ ok: true, echoed: 16, pongs: 3 })
    const closed = await server.line(({ path }) => path === '/from-node')
    expect(closed).toMatchObject({ code: 1000, reason: 'done' })
  }, 25_000)
})
