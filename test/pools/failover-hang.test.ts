/**
 * A server that hangs says nothing, not even that it is gone: who notices it, and that its sessions go on
 * elsewhere.
 */
import { describe, expect, test } from 'bun:test'
import { failingOver, moves } from '../support/failing-over.ts'
import { startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts'

const count = 5

interface Stay extends AsyncDisposable {
  readonly gateway: OpenGateway
  readonly clients: readonly WebSocketClient[]
  /** Where they all are. */
  readonly hanging: Peer
  readonly other: Peer
}

async function startStay(upstream: string, route = ''): Promise<Stay> {
  const [hanging, other] = await Promise.all([
    startPeer('ws-server.mjs'),
    startPeer('ws-server.mjs'),
  ])
  const urls = [hanging, other].map(({ host }) => ({ url: `ws://${host}` }))
  const gateway = startGatewayHere(failingOver(urls, 'transparent', { upstream, route }))
  const clients = await Promise.all(
    Array.from({ length: count }, () => openWebSocket(`ws://${gateway.host}/`)),
  )
  await echo(clients, 'before')
  return {
    gateway,
    clients,
    hanging,
    other,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]()
      await gateway[Symbol.asyncDispose]()
      await hanging.kill()
      await other.stop()
    },
  }
}

async function echo(clients: readonly WebSocketClient[], text: string): Promise<void> {
  for (const { socket } of clients) socket.send(text)
  await Promise.all(clients.map((client) => client.message((each) => each === text)))
}

const health = 'health: { websocket: /, interval: 100ms, timeout: 300ms, unhealthy: 2'

describe('a server that is stopped', () => {
  test('is noticed by the heartbeats of its sessions, which go on at another', async () => {
    const heartbeat = 'heartbeat: { upstream: 50ms, timeout: 100ms }'
    await using stay = await startStay('', heartbeat)
    const { gateway, clients, hanging, other } = stay
    process.kill(hanging.pid, 'SIGSTOP')
    await moves(gateway, count)
    await echo(clients, 'after')
    expect(await gateway.event('session-moved')).toMatchObject({
      cause: 'silent',
      from: `ws://${hanging.host}`,
      to: `ws://${other.host}`,
    })
  })

  test('is noticed by checks, and with health.move its sessions go on at another', async () => {
    await using stay = await startStay(`${health}, move: true }`)
    const { gateway, clients, hanging, other } = stay
    process.kill(hanging.pid, 'SIGSTOP')
    await moves(gateway, count)
    await echo(clients, 'after')
    expect(await gateway.event('session-moved')).toMatchObject({
      cause: 'unhealthy',
      from: `ws://${hanging.host}`,
      to: `ws://${other.host}`,
    })
  })

  test('without health.move is noticed by checks, and its sessions wait for it', async () => {
    await using stay = await startStay(`${health} }`)
    const { gateway, clients, hanging } = stay
    process.kill(hanging.pid, 'SIGSTOP')
    await gateway.event('endpoint-changed', ({ state }) => state === 'unhealthy')
    for (const { socket } of clients) socket.send('in between')
    process.kill(hanging.pid, 'SIGCONT')
    await Promise.all(clients.map((client) => client.message((text) => text === 'in between')))
    expect(gateway.events.filter(({ type }) => type === 'session-moved')).toEqual([])
  })

  test('has its sessions still where no other is well: it may come back', async () => {
    await using stay = await startStay(`${health}, healthy: 1, move: true }`)
    const { gateway, clients, hanging, other } = stay
    process.kill(other.pid, 'SIGSTOP')
    await gateway.event('endpoint-changed', ({ endpoint }) => endpoint === `ws://${other.host}`)
    process.kill(hanging.pid, 'SIGSTOP')
    await gateway.event('endpoint-changed', ({ endpoint }) => endpoint === `ws://${hanging.host}`)
    expect(gateway.gateway.sessions).toBe(count)
    process.kill(hanging.pid, 'SIGCONT')
    await echo(clients, 'after')
    process.kill(other.pid, 'SIGCONT')
    expect(gateway.events.filter(({ type }) => type === 'session-moved')).toEqual([])
  })

  test('gives its sessions up once another is well again', async () => {
    await using stay = await startStay(`${health}, healthy: 1, move: true }`)
    const { gateway, clients, hanging, other } = stay
    for (const { pid, host } of [other, hanging]) {
      process.kill(pid, 'SIGSTOP')
      await gateway.event('endpoint-changed', ({ endpoint }) => endpoint === `ws://${host}`)
    }
    process.kill(other.pid, 'SIGCONT')
    await moves(gateway, count)
    await echo(clients, 'after')
  })
})
