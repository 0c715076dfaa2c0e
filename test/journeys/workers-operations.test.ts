/** Several processes that are given another configuration, and taken over from, as one. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Status } from '../../src/admin/status.ts'
import { sluice, startCommand } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp } from '../support/tcp.ts'
import { temporaryFile } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

const token = 'a-token-for-this-test'
const count = 20

test('two workers take another configuration together, and are taken over from by two others', async () => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const yaml = (idle: string) => `
workers: 2
listeners: ["127.0.0.1:${port}"]
routes:
  - { name: board, path: /board, upstream: "ws://${server.host}", timeout: { idle: ${idle} } }
  - { name: page, path: /page, respond: { body: "${idle}" } }
admin: { address: 127.0.0.1, port: ${adminPort}, token: ${token} }
leave: { window: 100ms }
`
  const file = temporaryFile('sluice.yaml', yaml('1h'))
  await using command = startCommand(['run', file])
  const ask = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${adminPort}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}` },
    })
  await command.line('admin-listening')
  while (!(await ask('/readyz')).ok) continue
  const clients = await Promise.all(
    Array.from({ length: count }, () => openWebSocket(`ws://127.0.0.1:${port}/board`)),
  )

  writeFileSync(file, 'listeners: [http]')
  const refused = await ask('/reload', 'POST')
  expect([refused.status, await bodyFrom(port)]).toEqual([422, '1h'])
  writeFileSync(file, yaml('2h'))
  const foreseen = await (await ask('/reload?dry-run=true', 'POST')).json()
  expect(await bodyFrom(port)).toBe('1h')
  const reloaded = (await (await ask('/reload', 'POST')).json()) as { changes: unknown[] }
  const change = {
    what: 'route board',
    change: 'timeout.idle 1h → 2h',
    sessions: { count, fate: 'follow' },
  }
  expect(foreseen).toMatchObject({ outcome: 'tried', changes: reloaded.changes })
  expect(reloaded.changes).toContainEqual(expect.objectContaining(change))
  const bodies = await Promise.all(Array.from({ length: count }, () => bodyFrom(port)))
  expect(new Set(bodies)).toEqual(new Set(['2h']))
  expect(await (await ask('/status')).json()).toMatchObject({ sessions: count })

  const before = (await (await ask('/status')).json()) as Status
  const steps = (await (await ask('/upgrade', 'POST')).text()).trim().split('\n')
  expect(steps.map((line) => (JSON.parse(line) as { step: string }).step)).toEqual(
    expect.arrayContaining(['started', 'ready', 'left']),
  )
  const { pid } = await command.line('upgrade-ready')
  const ends = await Promise.all(clients.map((client) => client.closed))
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1012]))
  expect(await bodyFrom(port)).toBe('2h')
  const after = (await (await ask('/status')).json()) as Status
  expect(after).toMatchObject({ pid, state: 'ready', sessions: 0 })
  expect(after.workers).toHaveLength(2)
  expect(before.workers?.map((each) => each.pid)).not.toEqual(
    after.workers?.map((each) => each.pid),
  )
  process.kill(Number(pid), 'SIGTERM')
  expect(await command.exitCode).toBe(0)
}, 30_000)

test('two workers both serve a socket that was opened before them', async () => {
  const file = temporaryFile(
    'sluice.yaml',
    `
workers: 2
listeners: [{ name: public, port: 1 }]
routes: [{ path: /page, respond: { body: "hi" } }]
leave: { window: 0s }
`,
  )
  const activate = fileURLToPath(new URL('../peers/activate.py', import.meta.url))
  const args = [activate, 'public=127.0.0.1:0', '--', sluice, 'run', file]
  await using command = startCommand(args, { command: '/usr/bin/python3' })
  const ready = () => command.lines.filter(({ event }) => event === 'worker-ready')
  await command.line('worker-ready')
  const port = Number(command.lines.find(({ ports }) => ports !== undefined)?.['ports'])
  while (ready().length < 2) expect(await bodyFrom(port)).toBe('hi')
  // Whoever is left serves it alone.
  process.kill(Number(ready()[0]?.['pid']), 'SIGSTOP')
  expect(await bodyFrom(port)).toBe('hi')
  process.kill(Number(ready()[0]?.['pid']), 'SIGCONT')
  command.kill('SIGTERM')
  expect(await command.exitCode).toBe(0)
}, 20_000)

async function bodyFrom(port: number): Promise<string> {
  using client = await dialTcp(port)
  client.send('GET /page HTTP/1.1\nHost: a\nConnection: close\n\n')
  return (await client.message()).body
}
