/**
 * What is under way, or was agreed before, when a gateway is given another configuration.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { copyFileSync, unlinkSync } from 'node:fs'
import { makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { readYaml, reload } from '../support/reload.ts'
import { SlowEcho } from '../support/slow-echo.ts'
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts'

let first: SlowEcho
let second: SlowEcho
beforeEach(() => {
  first = new SlowEcho('server0')
  second = new SlowEcho('server1')
})
afterEach(async () => {
  await first.kill()
  await second.kill()
})

/** @param keys of the upstream `chat`. @param route its keys, but its name, path and upstream. */
function yaml(keys = '', route = '', path = '/chat'): string {
  return `
listeners: [{ name: a, address: 127.0.0.1, port: 0 }]
upstreams: { chat: { endpoints: ["${first.url}", "${second.url}"], balancer: first, ${keys} } }
routes: [{ name: chat, path: "${path}", upstream: chat, ${route} }]
leave: { window: 0s }
`
}

async function echoes({ socket, message }: WebSocketClient, text: string): Promise<void> {
  socket.send(text)
  await message((heard) => heard === text)
}

/** @returns a client whose handshake was under way while the gateway was given this. */
async function openAcross(gateway: OpenGateway, next: string, path = '/chat') {
  const goOn = first.hold()
  const opening = openWebSocket(`ws://${gateway.host}${path}`)
  while (first.waiting === 0) await Bun.sleep(1)
  reload(gateway, next)
  goOn()
  return opening
}

const compressing = 'compression: { threshold: 1B }'
/** Long enough for everybody to compress it. */
const long = 'to be compressed '.repeat(100)

test.each([
  ['', compressing],
  [compressing, ''],
  ['compression: off', compressing],
  [compressing, 'compression: off'],
  ['framed: true, compression: off', ''],
])('a handshake under way keeps its compression: %p, then %p', async (before, after) => {
  await using gateway = startGatewayHere(yaml('', before))
  using client = await openAcross(gateway, yaml('', after))
  await echoes(client, long)
  await echoes(client, `${long}!`)
})

test.each([
  ['', compressing],
  [compressing, ''],
  [compressing, 'compression: off'],
  ['compression: off', 'framed: true, compression: off'],
  ['framed: true, compression: off', ''],
])('a session that moves keeps its framing: %p, then %p', async (before, after) => {
  const keys = 'failover: transparent'
  await using gateway = startGatewayHere(yaml(keys, before))
  using client = await openWebSocket(`ws://${gateway.host}/chat`)
  await echoes(client, long)
  reload(gateway, yaml(keys, after))
  await echoes(client, `${long}.`)
  await first.kill()
  await gateway.event('session-moved')
  await echoes(client, `${long}!`)
  await echoes(client, `${long}?`)
})
