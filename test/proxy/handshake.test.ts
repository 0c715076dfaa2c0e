/**
 * A handshake in which the gateway itself makes a mistake: neither the client nor the server is left with
 * a connection that nobody owns, and nothing stays counted.
 */
import { expect, test } from 'bun:test'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../support/load-config.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createGateway } from '../../src/gateway.ts'
import { relayTo } from '../support/gateway.ts'
import { dialTcp, listenTcp, type Farewell } from '../support/tcp.ts'
import { template } from '../support/template.ts'
import { switchAnswer, upgradeRequest } from '../support/websocket.ts'

/** A server that agrees to every upgrade. */
async function startServer() {
  const farewells: Promise<Farewell>[] = []
  const server = await listenTcp(async (connection) => {
    farewells.push(connection.farewell)
    await connection.until(/\r\n\r\n/)
    connection.send(switchAnswer())
  })
  return Object.assign(server, { farewells })
}

/** With room for one session. */
function startGateway(
  host: string,
  change: (config: Config) => Config,
  onEvent: (event: GatewayEvent) => void = () => {},
) {
  const yaml = relayTo(`ws://${host}`, 'limits: { sessions: 1 }')
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error('the configuration is not one')
  const events: GatewayEvent[] = []
  const gateway = createGateway(change(loaded.config), (event) => {
    events.push(event)
    onEvent(event)
  })
  gateway.start()
  const port = gateway.listeners[0]?.port ?? 0
  return { gateway, events, port, [Symbol.dispose]: () => gateway.destroy() }
}

const mistake = new Error('a mistake')

// The client had been taken over by then, and was neither answered nor ever closed.
test('a client whose 101 cannot be written is answered with 500, and the server is left', async () => {
  using server = await startServer()
  const broken = {
    ...template('x'),
    render() {
      throw mistake
    },
  }
  using running = startGateway(server.host, (config) => ({
    ...config,
    routes: config.routes.map((route) => ({
      ...route,
      answer: { headers: { set: [{ name: 'X-A', value: broken }], remove: [] } },
    })),
  }))
  for (const nth of [0, 1]) {
    using client = await dialTcp(running.port)
    client.send(upgradeRequest('/'))
    expect((await client.message()).status).toBe(500)
    await server.farewells[nth]
  }
  expect(running.gateway.sessions).toBe(0)
  expect(running.events).toContainEqual({ type: 'mistake', error: mistake })
}, 5_000)

// Both streams stayed open, each with nobody to read it.
test('a session that cannot be opened is cut on both sides, and not counted', async () => {
  using server = await startServer()
  using running = startGateway(
    server.host,
    (config) => config,
    (event) => {
      if (event.type === 'session-opened') throw mistake
    },
  )
  for (const nth of [0, 1]) {
    using client = await dialTcp(running.port)
    client.send(upgradeRequest('/'))
    await client.farewell
    await server.farewells[nth]
    expect(running.gateway.sessions).toBe(0)
  }
  const closed = running.events.filter(({ type }) => type === 'session-closed')
  expect(closed).toHaveLength(2)
  expect(running.events).toContainEqual({ type: 'mistake', error: mistake })
}, 5_000)
