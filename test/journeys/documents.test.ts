/** Shared documents and subscriptions: what applications do with a WebSocket all day. */
import { expect, test } from 'bun:test'
import { relayTo, startGateway } from '../support/gateway.ts'
import { runPeer, startPeer } from '../support/peer.ts'

test('Yjs documents that are edited at the same time converge, without a reconnect', async () => {
  await using server = await startPeer('yjs-server.mjs')
  await using gateway = startGateway(relayTo(`ws://${server.host}`))
  const url = `ws://${gateway.host}`
  const result = await runPeer('yjs-clients.mjs', url, '--clients=4', '--edits=40', '--room=notes')
  expect(result).toMatchObject({ ok: true, converged: true, edits: 160, reconnects: 0 })
  const opened = gateway.events.filter((event) => event.type === 'session-opened')
  expect(opened.map(({ path }) => path)).toEqual(Array(4).fill('/notes'))
}, 35_000)

test('graphql-ws answers a query and a subscription over the subprotocol both ends agreed on', async () => {
  await using server = await startPeer('graphql-server.mjs')
  await using gateway = startGateway(relayTo(`ws://${server.host}`))
  const url = `ws://${gateway.host}/graphql`
  const result = await runPeer('graphql-client.mjs', url, '--last=7')
  expect(result).toMatchObject({
    ok: true,
    subprotocol: 'graphql-transport-ws',
    hello: 'hello grüße',
    counts: [1, 2, 3, 4, 5, 6, 7],
  })
  const opened = await gateway.event('session-opened')
  expect(opened.subprotocol).toBe('graphql-transport-ws')
}, 25_000)

test('of several subprotocols the client gets the one that the server chose', async () => {
  await using server = await startPeer('ws-server.mjs')
  await using gateway = startGateway(relayTo(`ws://${server.host}`))
  const url = `ws://${gateway.host}/`
  const result = await runPeer('ws-client.mjs', url, '--subprotocols=b.v2,a.v1', '--sizes=1')
  expect(result).toMatchObject({ ok: true, subprotocol: 'b.v2' })
  const opened = await server.line((line) => line['event'] === 'open')
  expect(opened['headers']).toMatchObject({ 'sec-websocket-protocol': 'b.v2,a.v1' })
}, 20_000)
