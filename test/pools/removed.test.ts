/**
 * What is still under way to an endpoint that is removed.
 */
import { expect, test } from 'bun:test'
import { startGatewayHere } from '../support/gateway.ts'
import { listenTcp } from '../support/tcp.ts'

test('an answer comes to its end, and its connection is not kept', async () => {
  const asked = Promise.withResolvers<void>()
  const removed = Promise.withResolvers<void>()
  const farewell = Promise.withResolvers<string>()
  using server = await listenTcp(async (connection) => {
    await connection.until(/\r\n\r\n/)
    connection.send('HTTP/1.1 200 OK\nContent-Length: 4\n\nha')
    asked.resolve()
    await removed.promise
    connection.send('lf')
    farewell.resolve(await connection.farewell)
  })
  const url = `http://${server.host}`
  await using gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams: { page: { endpoints: [${url}], keep-alive: { idle: 1h } } }
routes: [{ upstream: page }]
`)
  const answer = fetch(`http://${gateway.host}/`)
  await asked.promise
  gateway.gateway.upstreams.change('page', { kind: 'remove', url })
  removed.resolve()
  expect(await (await answer).text()).toBe('half')
  expect(await farewell.promise).toBe('ended')
})
