/**
 * Many handshakes at once: endpoints that are merely busy are waited for, and those that are ejected stay so.
 *
 * A burst once filled the gates of all endpoints that were well, and what came then was sent to one that had
 * been ejected: of 300 handshakes 172 went there.
 */
import { expect, test } from 'bun:test'
import { startEcho } from '../support/echo-server.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { openWebSocket } from '../support/websocket.ts'

const burst = 300

function gatewayTo(...urls: readonly string[]): OpenGateway {
  return startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams:
  chat:
    endpoints: [${urls.join(', ')}]
    eject: { failures: 1, within: 1m, for: 1h }
routes: [{ upstream: chat }]
`)
}

/** Opens sessions until the bad one has had its turn. */
async function untilEjected(gateway: OpenGateway, bad: string): Promise<void> {
  while (!gateway.events.some(({ type }) => type === 'endpoint-changed')) {
    const client = await openWebSocket(`ws://${gateway.host}/`).catch(() => undefined)
    client?.[Symbol.dispose]()
  }
  const { endpoint, state } = await gateway.event('endpoint-changed')
  expect([endpoint, state]).toEqual([bad, 'ejected'])
}

/** @returns how many sessions each endpoint got. */
async function sessionsOfBurst(gateway: OpenGateway): Promise<Map<string | undefined, number>> {
  const before = gateway.events.length
  const clients = await Promise.allSettled(
    Array.from({ length: burst }, () => openWebSocket(`ws://${gateway.host}/`)),
  )
  const counts = new Map<string | undefined, number>()
  for (const event of gateway.events.slice(before)) {
    expect(event.type).not.toBe('attempt-failed')
    if (event.type !== 'session-opened') continue
    counts.set(event.endpoint, (counts.get(event.endpoint) ?? 0) + 1)
  }
  expect(clients.filter(({ status }) => status === 'rejected')).toHaveLength(0)
  for (const client of clients) if (client.status === 'fulfilled') client.value[Symbol.dispose]()
  return counts
}

/** About evenly: whose gate is full is passed over for a moment. */
function expectShared(counts: Map<string | undefined, number>, ...urls: readonly string[]): void {
  expect(new Set(counts.keys())).toEqual(new Set(urls))
  for (const count of counts.values()) expect(count).toBeGreaterThan(burst / 4)
}

test('a burst goes to those that are well, and not to one that has answered 503', async () => {
  using first = startEcho('first')
  using bad = startEcho('bad', { status: () => 503 })
  using second = startEcho('second')
  await using gateway = gatewayTo(first.url, bad.url, second.url)
  await untilEjected(gateway, bad.url)
  const asked = bad.requests
  const counts = await sessionsOfBurst(gateway)
  expect(bad.requests).toBe(asked)
  expectShared(counts, first.url, second.url)
})

test('a burst goes to those that are well, and not to one that refuses', async () => {
  using first = startEcho('first')
  using second = startEcho('second')
  const bad = `ws://127.0.0.1:${await freePort()}`
  await using gateway = gatewayTo(first.url, bad, second.url)
  await untilEjected(gateway, bad)
  const counts = await sessionsOfBurst(gateway)
  expectShared(counts, first.url, second.url)
})

// What a full gate kept back was refused, since there was no other endpoint to wait for.
test('a burst waits at the gate of an endpoint that is ejected, where it is the only one', async () => {
  let status: number | undefined = 503
  using ejected = startEcho('ejected', { status: () => status })
  using well = startEcho('well')
  await using gateway = gatewayTo(ejected.url, well.url)
  await untilEjected(gateway, ejected.url)
  status = undefined
  gateway.gateway.upstreams.change('chat', { kind: 'drain', url: well.url })
  const counts = await sessionsOfBurst(gateway)
  expect(counts).toEqual(new Map([[ejected.url, burst]]))
})
