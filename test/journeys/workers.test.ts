/** Several processes that are one gateway, as `sluice run` starts them: spread, killed, hung, and left alone. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Status } from '../../src/admin/status.ts'
import type { MergedSession, MergedSessionPage } from '../../src/process/workers/merge/sessions.ts'
import { sample } from '../support/admin.ts'
import { runCommand, startCommand, type LogLine, type RunningCommand } from '../support/command.ts'
import { freePort } from '../support/free-port.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTcp } from '../support/tcp.ts'
import { temporaryFile } from '../support/temporary.ts'
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts'

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

const token = 'a-token-for-this-test'

interface Group extends AsyncDisposable {
  readonly command: RunningCommand
  readonly port: number
  /** Its admin port. */
  readonly admin: string
  ask(path: string, method?: string): Promise<Response>
  json<Value>(path: string): Promise<Value>
  status(): Promise<Status>
  /** The value of a sample. */
  metric(name: string): Promise<number | undefined>
  pidOf(worker: number): Promise<number>
}

/** Two workers. */
async function startGroup(more = ''): Promise<Group> {
  const file = temporaryFile(
    'sluice.yaml',
    `
workers: 2
listeners: ["127.0.0.1:0"]
upstreams: { board: ["ws://${server.host}"] }
routes: [{ name: board, upstream: board }]
admin: { address: 127.0.0.1, port: 0, token: ${token} }
leave: { window: 100ms }
${more}`,
  )
  const command = startCommand(['run', file])
  const { port: admin } = await command.line('admin-listening')
  const { port } = await command.line('listening')
  const url = `http://127.0.0.1:${Number(admin)}`
  const ask = (path: string, method = 'GET') =>
    fetch(url + path, { method, headers: { Authorization: `Bearer ${token}` } })
  const json = async <Value>(path: string) => (await (await ask(path)).json()) as Value
  const status = () => json<Status>('/status')
  while (!(await ask('/readyz')).ok) continue
  while ((await status()).workers?.some(({ state }) => state !== 'ready')) continue
  return {
    command,
    port: Number(port),
    admin: url,
    ask,
    json,
    status,
    metric: async (name) => sample(await (await ask('/metrics')).text(), name),
    async pidOf(worker) {
      const { workers = [] } = await status()
      return workers.find((each) => each.worker === worker)?.pid ?? 0
    },
    async [Symbol.asyncDispose]() {
      command.kill('SIGTERM')
      await command.exitCode
    },
  }
}

const count = 40

/** Sessions on both workers, each of which has said something and heard it again. */
async function openSessions({ port }: Group): Promise<WebSocketClient[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => openWebSocket(`ws://127.0.0.1:${port}/`)),
  )
  await Promise.all(clients.map((client) => echo(client, 'hello')))
  return clients
}

async function echo(client: WebSocketClient, text: string): Promise<void> {
  client.socket.send(text)
  await client.message((each) => each === text)
}

const linesOf = ({ command }: Group, event: string, worker: number): LogLine[] =>
  command.lines.filter((line) => line['event'] === event && line['worker'] === worker)

async function listAll(group: Group, limit: number): Promise<MergedSession[]> {
  const all: MergedSession[] = []
  for (let after = ''; ;) {
    const page = await group.json<MergedSessionPage>(`/sessions?limit=${limit}${after}`)
    all.push(...page.sessions)
    if (page.next === undefined) return all
    after = `&after=${page.next}`
  }
}

describe('two workers', () => {
  test('share the clients, and answer as one', async () => {
    await using group = await startGroup()
    const clients = await openSessions(group)
    const status = await group.status()
    expect(status).toMatchObject({ state: 'ready', sessions: count })
    const shares = status.workers?.map(({ sessions }) => sessions) ?? []
    expect(shares.every((share) => share > 0)).toBe(true)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(count)
    expect(status.listeners).toMatchObject([{ port: group.port, connections: count }])
    expect(await group.metric('sluice_messages_total{route="board",direction="inbound"}')).toBe(
      count,
    )
    expect(await group.metric('sluice_workers{state="ready"}')).toBe(2)

    const { stdout } = await runCommand(['status', '--admin', group.admin])
    expect(stdout).toMatch(/^sluice .*: ready, up .*\n40 sessions, /)
    expect(stdout).toMatch(
      /\nWORKER +PROCESS +STATE +SESSIONS +RESTARTS\n +1 +[\d,]+ +ready +\d+ +0\n +2 /,
    )

    const sessions = await listAll(group, 7)
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(count)
    expect(new Set(sessions.map(({ worker }) => worker))).toEqual(new Set([1, 2]))
    const { upstreams } = await group.json<{ upstreams: unknown[] }>('/upstreams')
    expect(upstreams).toMatchObject([{ name: 'board', endpoints: [{ sessions: count }] }])

    const [{ id, worker } = { id: '', worker: 0 }] = sessions.filter((each) => each.worker === 2)
    expect(await group.json(`/sessions/${id}`)).toMatchObject({ id, worker })
    expect((await group.ask(`/sessions/${id}?code=4001`, 'DELETE')).status).toBe(202)
    const closed = await Promise.race(clients.map((client) => client.closed))
    expect(closed.code).toBe(4001)
    expect((await group.ask('/sessions/none')).status).toBe(404)
    expect((await group.ask('/sessions?after=7')).status).toBe(400)

    group.command.kill('SIGTERM')
    const ends = await Promise.all(clients.map((client) => client.closed))
    expect(ends.filter(({ code }) => code === 1012)).toHaveLength(count - 1)
    expect(await group.command.exitCode).toBe(0)
  }, 20_000)

  test('lose the sessions of one that is killed and no others; it is back with what was changed', async () => {
    await using group = await startGroup()
    const clients = await openSessions(group)
    const counted = 'sluice_messages_total{route="board",direction="inbound"}'
    const change = `/upstreams/board/endpoints?url=${encodeURIComponent(`ws://${server.host}`)}&weight=7`
    expect(await (await group.ask(change, 'PATCH')).json()).toMatchObject({ weight: 7 })
    expect(await group.metric(counted)).toBe(count)
    const { workers: [first] = [] } = await group.status()
    const lost = first?.sessions ?? 0
    const gone = new Set<WebSocketClient>()
    const allGone = Promise.withResolvers<void>()
    for (const client of clients) {
      void client.closed.then(() => {
        if (gone.add(client).size === lost) allGone.resolve()
      })
    }
    process.kill(first?.pid ?? 0, 'SIGKILL')
    await allGone.promise
    const others = clients.filter((client) => !gone.has(client))
    await Promise.all(others.map((client) => echo(client, 'still')))
    expect(gone.size).toBe(lost)
    while (linesOf(group, 'worker-ready', 1).length < 2) await group.status()
    expect(await group.command.line('worker-lost')).toMatchObject({
      worker: 1,
      pid: first?.pid,
      detail: 'killed by SIGKILL',
      restartsInMs: 0,
    })
    const after = await group.status()
    expect(after.workers?.[0]).toMatchObject({ state: 'ready', restarts: 1, sessions: 0 })
    expect(await group.metric(counted)).toBe(2 * count - gone.size)
    expect(await group.metric('sluice_worker_losses_total')).toBe(1)
    const { reason, weight } = await group.json<{ reason: string; weight: number }>(
      change.replace(/&.*/, ''),
    )
    expect(weight).toBe(7)
    expect(reason).not.toContain('worker')
    expect(linesOf(group, 'endpoint-weighted', 1)).toHaveLength(2)
    for (const client of clients) client[Symbol.dispose]()
  }, 20_000)

  test('of which one hangs answer in time, and say which', async () => {
    await using group = await startGroup()
    const clients = await openSessions(group)
    const pid = await group.pidOf(2)
    process.kill(pid, 'SIGSTOP')
    try {
      const { workers, sessions } = await group.status()
      expect(workers?.map(({ state }) => state)).toEqual(['ready', 'silent'])
      // As seen last.
      expect(sessions).toBe(count)
      expect(await group.metric('sluice_workers_silent')).toBe(1)
      const page = await group.json<MergedSessionPage>('/sessions')
      expect(page).toMatchObject({ silent: [2] })
      expect(page.sessions.every(({ worker }) => worker === 1)).toBe(true)
      expect((await group.ask('/readyz')).status).toBe(200)
      expect(await (await group.ask('/sessions/none')).json()).toMatchObject({
        status: 404,
        title: expect.stringMatching(/; worker 2 does not answer$/),
      })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    while ((await group.status()).workers?.[1]?.state !== 'ready') continue
    expect(await listAll(group, 1_000)).toHaveLength(count)
    for (const client of clients) client[Symbol.dispose]()
  }, 20_000)

  test('leave in order when their supervisor is killed, and free the port', async () => {
    await using group = await startGroup()
    const clients = await openSessions(group)
    group.command.kill('SIGKILL')
    const ends = await Promise.all(clients.map((client) => client.closed))
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1012]))
    // Which ends with the last process that has it open.
    await group.command.stdout
    expect(await errorOf(dialTcp(group.port))).toBe('ECONNREFUSED')
  }, 20_000)
})

async function errorOf(dialled: Promise<Disposable>): Promise<unknown> {
  try {
    using _ = await dialled
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

describe('several workers', () => {
  test('do not start where somebody else has the port, and say so once', async () => {
    const port = await freePort()
    const yaml = (workers: number) => `
workers: ${workers}
listeners: [{ name: public, address: 127.0.0.1, port: ${port} }]
routes: [{ respond: { body: hi } }]
`
    await using first = startCommand(['run', temporaryFile('first.yaml', yaml(2))])
    await first.line('worker-ready')
    await using second = startCommand(['run', temporaryFile('second.yaml', yaml(2))])
    expect(await second.exitCode).toBe(1)
    expect(await second.stderr).toBe(
      `✖ cannot listen on 127.0.0.1:${port} (listener public): EADDRINUSE; something listens there already: end it, or take another port\n`,
    )
    first.kill('SIGTERM')
    expect(await first.exitCode).toBe(0)
  }, 20_000)
})
