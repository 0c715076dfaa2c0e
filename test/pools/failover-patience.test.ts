/**
 * Sessions whose servers are gone, and one of those that could take them hangs.
 */
import { expect, test } from 'bun:test'
import { openBareClient, startBareServer } from '../support/bare-peers.ts'
import { failingOver } from '../support/failing-over.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { listenTcp } from '../support/tcp.ts'

// The one that hangs got all the time there was, though the other was back long before.
test('where one server hangs, sessions go on at the one they have lost as soon as it is back', async () => {
  await using lost = await startBareServer()
  const asked = Promise.withResolvers<void>()
  using hanging = await listenTcp(async (connection) => {
    await connection.until(/\r\n\r\n/)
    asked.resolve()
  })
  const servers = [lost, { url: `ws://${hanging.host}` }]
  await using gateway = startGatewayHere(failingOver(servers, '{ mode: transparent, wait: 2s }'))
  using client = await openBareClient(gateway)
  await lost.end()
  lost.kill()
  await asked.promise
  await using back = await startBareServer({ port: lost.port })
  client.say('still here')
  expect(await (await back.end()).hears(1)).toEqual(['text still here'])
  expect(await gateway.event('session-moved')).toMatchObject({ from: lost.url, to: lost.url })
})
