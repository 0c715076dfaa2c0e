/**
 * `sluice upstreams` and its `drain` and `remove` where sessions are moved: typed at an admin port that tells
 * what a test wants it to.
 */
import { describe, expect, test } from 'bun:test'
import type { UpstreamInfo } from '../../src/proxy/upstream-info.ts'
import { startAdminOf } from '../support/admin.ts'
import { runCommand, startCommand, type Result } from '../support/command.ts'
import { drainingUpstream, removedUpstream, url, type DrainingNow } from '../support/draining.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { startPeer } from '../support/peer.ts'
import { openWebSocket } from '../support/websocket.ts'

/** An admin port, at which `chat` is seen so one look after the other, the last again and again. @param sessions those of its endpoint at first. */
function startScripted(sessions: number, ...looks: readonly UpstreamInfo[]) {
  const [endpoint] = drainingUpstream({ sessions }).endpoints
  const asked: string[] = []
  const looked = Promise.withResolvers<void>()
  let next = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { pathname, search } = new URL(request.url)
      asked.push(`${request.method} ${pathname}${decodeURIComponent(search)}`)
      if (pathname === '/upstreams') return Response.json({ upstreams: looks })
      if (pathname !== '/upstreams/chat') return Response.json(endpoint)
      const look = looks[Math.min(next++, looks.length - 1)]
      if (next > 1) looked.resolve()
      return Response.json(look)
    },
  })
  const place = ['--admin', `http://127.0.0.1:${server.port}`]
  return {
    asked,
    /** Somebody follows. */
    looked: looked.promise,
    type: (...args: readonly string[]): Promise<Result> =>
      runCommand(['upstreams', ...args, ...place]),
    start: (...args: readonly string[]) => startCommand(['upstreams', ...args, ...place]),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

const drained = (more: string) => `✔ ${url} gets no new sessions, until the gateway ends${more}\n`
const at = (now: DrainingNow) => drainingUpstream(now)
const moving = [at({ sessions: 2 }), at({ sessions: 1, moved: 1 }), at({ sessions: 0, moved: 2 })]

describe('sluice upstreams drain', () => {
  test('follows how the sessions are moved, and ends when none is left', async () => {
    await using admin = startScripted(2, ...moving)
    expect(await admin.type('drain', 'chat', url)).toEqual({
      exitCode: 0,
      stdout: `${drained('; the 2 it has are moved')}✔ ${url} has no sessions any more\n`,
      stderr: '1 of 2 moved\n',
    })
    expect(admin.asked[0]).toBe(`PATCH /upstreams/chat/endpoints?url=${url}&drain=true`)
  })

  test('exits with 1 where sessions are left', async () => {
    const undrained = at({ sessions: 1, isToldToDrain: false })
    await using admin = startScripted(1, at({ sessions: 1 }), undrained)
    expect(await admin.type('drain', 'chat', url)).toEqual({
      exitCode: 1,
      stdout: drained('; the one it has is moved'),
      stderr: `✖ ${url} was told to take sessions again\n`,
    })
  })

  test('follows nothing with --no-wait, nor where there is nobody to be moved', async () => {
    await using admin = startScripted(2, at({ sessions: 2 }))
    const result = await admin.type('drain', 'chat', url, '--no-wait')
    expect(result).toEqual({ exitCode: 0, stdout: drained('; the 2 it has are moved'), stderr: '' })
    await using empty = startScripted(0, at({ sessions: 0 }))
    const none = await empty.type('drain', 'chat', url)
    expect(none).toEqual({ exitCode: 0, stdout: drained(''), stderr: '' })
  })

  test.each(['off', 'close'] as const)(
    'says what becomes of sessions that failover: %s does not move, and waits for none',
    async (failover) => {
      await using admin = startScripted(1_200, at({ sessions: 1_200, failover }))
      expect(await admin.type('drain', 'chat', url)).toEqual({
        exitCode: 0,
        stdout: drained(
          `; the 1,200 it has stay until they end, as chat has failover: ${failover}`,
        ),
        stderr: '',
      })
    },
  )

  test('prints one JSON with --json, once it has come out, and nothing else there', async () => {
    await using admin = startScripted(2, ...moving)
    const { exitCode, stdout } = await admin.type('drain', 'chat', url, '--json')
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ url })])
    expect(admin.asked.at(-1)).toBe(`GET /upstreams/chat/endpoints?url=${url}`)
    const unfollowed = await admin.type('drain', 'chat', url, '--json', '--no-wait')
    expect(JSON.parse(unfollowed.stdout)).toMatchObject({ url, state: 'draining' })
  })

  test('is followed no more at Ctrl-C, and says that the gateway goes on', async () => {
    await using admin = startScripted(2, at({ sessions: 2, moved: 1 }))
    await using command = admin.start('drain', 'chat', url)
    await admin.looked
    command.kill('SIGINT')
    expect(await command.exitCode).toBe(1)
    expect(await command.stderr).toEndWith(
      '✖ followed no more; the gateway goes on, and sluice upstreams shows how far it is\n',
    )
    expect(admin.asked.filter((each) => !each.startsWith('GET'))).toHaveLength(1)
  })
})

test('sluice upstreams drain ends when the sessions of a gateway are at another server, all of them open', async () => {
  await using first = await startPeer('ws-server.mjs')
  await using second = await startPeer('ws-server.mjs')
  const [old, other] = [`ws://${first.host}`, `ws://${second.host}`]
  await using gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams: { chat: { endpoints: ["${old}", "${other}"], balancer: first, failover: transparent } }
routes: [{ upstream: chat }]
`)
  await using admin = await startAdminOf(gateway, { token: 's3cret' })
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => openWebSocket(`ws://${gateway.host}/`)),
  )
  const args = ['upstreams', 'drain', 'chat', old, '--admin', admin.url]
  const { exitCode, stdout } = await runCommand(args, { env: { SLUICE_TOKEN: 's3cret' } })
  expect([exitCode, stdout]).toEqual([
    0,
    `✔ ${old} gets no new sessions, until the gateway ends; the 8 it has are moved\n✔ ${old} has no sessions any more\n`,
  ])
  const { sessions } = gateway.gateway.listSessions({ limit: 100, after: 0 })
  expect(sessions.map(({ endpoint, moves }) => [endpoint, moves])).toEqual(
    clients.map(() => [other, 1]),
  )
  for (const client of clients) {
    client.socket.send('still here')
    expect(await client.message(() => true)).toBe('still here')
    client[Symbol.dispose]()
  }
})

describe('sluice upstreams remove', () => {
  test('says that the sessions are moved', async () => {
    await using admin = startScripted(2, removedUpstream({ sessions: 2 }))
    expect(await admin.type('remove', 'chat', url)).toEqual({
      exitCode: 0,
      stdout: `✔ ${url} is no endpoint of chat any more, until the gateway ends; the 2 it has are moved\n`,
      stderr: '',
    })
  })
})

describe('sluice upstreams', () => {
  test('shows how far the sessions of an endpoint are moved, and of one that was removed', async () => {
    await using admin = startScripted(
      0,
      at({ sessions: 220, moved: 120, unmovable: 3, others: [] }),
      removedUpstream({ sessions: 7, moved: 3, others: [] }),
      removedUpstream({ sessions: 7, others: [] }),
    )
    const { stdout } = await admin.type()
    const rows = stdout.trimEnd().split('\n').slice(1)
    const cells = rows.map((row) => row.split(/ {2,}/))
    expect(cells).toEqual([
      ['chat', url, 'draining', '1s', '220', '1', 'told to drain, 120 of 340 moved, 3 cannot be'],
      ['chat', url, 'removed', '7', '3 of 10 moved'],
      ['chat', url, 'removed', '7', 'its sessions go on'],
    ])
  })
})
