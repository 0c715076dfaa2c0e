/** What an open session costs: a few kilobytes, however much its handshake said. */
import { expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { relayTo } from '../support/gateway.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { dialTcp, type TcpConnection } from '../support/tcp.ts'
import { startRawServer } from '../support/raw.ts'
import { upgradeRequest } from '../support/websocket.ts'

// A path that is a piece of the head's text kept all of that text alive: 27 KB a session instead of 6.
test('a session does not keep the head of its request alive for the sake of its path and host', async () => {
  const sockets: Socket[] = []
  await using server = await startRawServer((socket) => sockets.push(socket))
  await using gateway = await startGatewayProcess(relayTo(`ws://127.0.0.1:${server.port}`))
  const clients: TcpConnection[] = []
  const open = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const client = await dialTcp(gateway.port)
      clients.push(client)
      // A short piece of a string is a copy of its own.
      const path = `/${'long'.repeat(10)}/${index}?query`
      client.send(upgradeRequest(path, { Cookie: 'c'.repeat(12_000) }))
      await client.until(/\r\n\r\n/)
    }
  }
  await open(300)
  const before = await gateway.holdings()
  await open(700)
  const after = await gateway.holdings()
  expect(after.sessions - before.sessions).toBe(700)
  expect((after.rss - before.rss) / 700).toBeLessThan(14_000)
  for (const client of clients) client[Symbol.dispose]()
}, 30_000)
