/**
 * A Socket.IO application of three servers behind two gateways that know nothing of each other but the
 * secret: every request comes on a TCP connection of its own, each to another gateway than the one before.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startCommand } from '../support/command.ts'
import { adapt, exampleOf } from '../support/page.ts'
import { runPeer, startPeer, type Peer } from '../support/peer.ts'
import { startSplitter, type Splitter } from '../support/splitter.ts'
import { temporaryFile } from '../support/temporary.ts'

let servers: Peer[] = []
beforeAll(async () => {
  const names = ['--name=one', '--name=two', '--name=three']
  servers = await Promise.all(names.map((name) => startPeer('socket-io-server.mjs', name)))
})
afterAll(() => Promise.all(servers.map((server) => server.stop())))

interface Gateways extends AsyncDisposable {
  readonly front: Splitter
}

/** Two of them behind one port. @param change what is done to the configuration of the documentation. */
async function startGateways(change: (yaml: string) => string): Promise<Gateways> {
  const example = exampleOf('in-front-of-socket-io.md', 'With several servers', 'yaml')
  const [first, second, third] = servers
  const yaml = adapt(example, {
    '[8080]': '["127.0.0.1:0"]',
    'ws://10.0.0.21:3000, ws://10.0.0.22:3000': `ws://${first?.host}, ws://${second?.host}, ws://${third?.host}`,
  })
  const file = temporaryFile('sluice.yaml', change(yaml))
  const env = { SLUICE_SECRET: 'of both, and of nobody else' }
  const gateways = [1, 2].map(() => startCommand(['run', file], { env }))
  const ports = await Promise.all(gateways.map((gateway) => gateway.ports()))
  const front = await startSplitter(ports.flat())
  return {
    front,
    async [Symbol.asyncDispose]() {
      front[Symbol.dispose]()
      await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()))
    },
  }
}

describe('Socket.IO over three servers and two gateways', () => {
  test('500 clients connect with polling, are acknowledged and upgraded, each at one server', async () => {
    await using gateways = await startGateways((yaml) => yaml)
    const { front } = gateways
    const result = await runPeer('socket-io-scattered.mjs', `http://${front.host}`, '--clients=500')
    expect(result).toMatchObject({ ok: true, connected: 500, upgraded: 500, problems: {} })
    expect(Object.keys(Object(result['servers'])).toSorted()).toEqual(['one', 'three', 'two'])
    // A first poll, one or two further ones, messages, an upgrade: both gateways had half of them.
    const [atFirst = 0, atSecond = 0] = front.connections
    expect(atFirst).toBeGreaterThan(1_000)
    expect(Math.abs(atFirst - atSecond)).toBeLessThan(2)
  }, 30_000)

  test('without `sticky` the same fails: the servers do not know the sessions of each other', async () => {
    await using gateways = await startGateways((yaml) => yaml.replace(/^ *sticky: .*\n/m, ''))
    const { host } = gateways.front
    const result = await runPeer('socket-io-scattered.mjs', `http://${host}`, '--clients=30')
    expect(result).toMatchObject({ ok: false })
    expect(Number(result['upgraded'])).toBeLessThan(15)
    expect(JSON.stringify(result['problems'])).toContain('Session ID unknown')
  }, 30_000)

  test('clients of a server that is killed come back to the others by themselves', async () => {
    await using gateways = await startGateways((yaml) => yaml)
    const { host } = gateways.front
    const options = ['--clients=60', '--kill']
    const result = await runPeer('socket-io-scattered.mjs', `http://${host}`, ...options)
    expect(result).toMatchObject({ ok: true, connected: 60, upgraded: 60, problems: {} })
    const { clients, elsewhere } = Object(result['returned'])
    expect(clients).toBeGreaterThan(0)
    expect(elsewhere).toBe(clients)
  }, 30_000)
})
