/**
 * Sessions that go on at another server, as administrators see them and ask for it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { SessionInfo } from '../../src/proxy/session-info.ts'
import { bearer, sample, startAdminOf } from '../support/admin.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { openWebSocket } from '../support/websocket.ts'

const token = 's3cret'
let first: Peer
let second: Peer
beforeAll(async () => {
  ;[first, second] = await Promise.all([startPeer('ws-server.mjs'), startPeer('ws-server.mjs')])
})
afterAll(() => Promise.all([first.stop(), second.stop()]))

interface Listed {
  readonly upstreams: readonly unknown[]
}

const urlOf = ({ host }: Peer) => `ws://${host}`

/** An upstream called chat with this failover, a session of it, and the admin port. */
async function start(failover: string, ...endpoints: readonly Peer[]) {
  const gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
upstreams: { chat: { endpoints: ${JSON.stringify(endpoints.map(urlOf))}, failover: ${failover} } }
routes: [{ upstream: chat }]
`)
  const admin = await startAdminOf(gateway, { token })
  const client = await openWebSocket(`ws://${gateway.host}/`)
  const { session, endpoint } = await gateway.event('session-opened')
  return {
    gateway,
    admin,
    client,
    session,
    endpoint,
    /** Asks for a move. @param query with its question mark. */
    async move(query = '', id = session) {
      const path = `/sessions/${id}/move${query}`
      const answer = await admin.ask(path, { method: 'POST', headers: bearer(token) })
      return { status: answer.status, answer: await answer.json() }
    },
    async shown() {
      return (await (await admin.ask(`/sessions/${session}`)).json()) as SessionInfo
    },
    async echoes(text: string) {
      client.socket.send(text)
      await client.message((message) => message === text)
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await admin[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    },
  }
}

describe('a session that an administrator moves', () => {
  test('goes on at another server, which is told, shown and counted', async () => {
    await using running = await start('transparent', first, second)
    const { gateway, admin, session, endpoint } = running
    await running.echoes('before')
    const other = endpoint === urlOf(first) ? urlOf(second) : urlOf(first)
    expect(await running.move()).toEqual({
      status: 200,
      answer: { session, from: endpoint, to: other },
    })
    await running.echoes('after')
    expect(await running.shown()).toMatchObject({ endpoint: other, moves: 1, isBetween: false })
    const moved = await gateway.event('session-moved')
    expect(moved).toMatchObject({
      cause: 'asked',
      from: endpoint,
      to: other,
      unansweredMessages: 0,
    })
    const metrics = await (await admin.ask('/metrics')).text()
    expect(sample(metrics, 'sluice_session_moves_total{upstream="chat",cause="asked"}')).toBe(1)
    const sessionsAt = (url: string) =>
      sample(metrics, `sluice_endpoint_sessions{upstream="chat",endpoint="${url}"}`)
    expect([sessionsAt(endpoint), sessionsAt(other)]).toEqual([0, 1])
  })

  test('goes where it is told to, and back', async () => {
    await using running = await start('notify', first, second)
    const { endpoint } = running
    const other = endpoint === urlOf(first) ? urlOf(second) : urlOf(first)
    for (const [from, to] of [
      [endpoint, other],
      [other, endpoint],
    ])
      expect(await running.move(`?to=${to}`)).toMatchObject({ status: 200, answer: { from, to } })
    expect(await running.shown()).toMatchObject({ endpoint, moves: 2 })
  })

  test('is not moved where it is already, to where nobody may go, or to what is not there', async () => {
    await using running = await start('transparent', first, second)
    const { gateway, endpoint } = running
    const other = endpoint === urlOf(first) ? urlOf(second) : urlOf(first)
    expect(await running.move(`?to=${endpoint}`)).toMatchObject({
      status: 409,
      answer: { title: `The session is at ${endpoint} already` },
    })
    gateway.gateway.upstreams.change('chat', { kind: 'drain', url: other })
    expect(await running.move(`?to=${other}`)).toMatchObject({
      status: 409,
      answer: { title: `${other} drains and takes no sessions` },
    })
    expect(await running.move('?to=ws://nobody:1')).toMatchObject({
      status: 404,
      answer: { title: 'chat has no endpoint ws://nobody:1' },
    })
    expect(await running.move('?too=ws://nobody:1')).toMatchObject({ status: 400 })
    expect((await running.move('', 'nobody')).status).toBe(404)
    await running.echoes('still here')
    expect(await running.shown()).toMatchObject({ endpoint, moves: 0 })
  })

  test('stays where the other server cannot be reached', async () => {
    const dead = await startPeer('ws-server.mjs')
    await dead.kill()
    await using running = await start('transparent', first)
    const { gateway, admin, endpoint } = running
    const add = `/upstreams/chat/endpoints?url=${urlOf(dead)}`
    await admin.ask(add, { method: 'POST', headers: bearer(token) })
    expect(await running.move(`?to=${urlOf(dead)}`)).toMatchObject({
      status: 409,
      answer: { title: `The session stays at ${endpoint}, or has ended; the log says why` },
    })
    await running.echoes('still here')
    expect(await gateway.event('move-failed')).toMatchObject({ cause: 'asked', endpoint })
  })

  test.each(['off', 'close'])('is not moved with failover: %s', async (failover) => {
    await using running = await start(failover, first, second)
    expect(await running.move()).toMatchObject({
      status: 409,
      answer: { title: `chat has failover: ${failover}, by which no session is moved` },
    })
    await running.echoes('still here')
  })

  test('is moved by nobody without the token', async () => {
    await using running = await start('transparent', first, second)
    const path = `/sessions/${running.session}/move`
    const answer = await running.admin.ask(path, { method: 'POST' })
    expect([answer.status, (await running.shown()).moves]).toEqual([401, 0])
  })
})

test('a session without a server is shown as such, and counted at none', async () => {
  await using lost = await startPeer('ws-server.mjs')
  await using running = await start('transparent', lost)
  const { admin, endpoint } = running
  await lost.kill()
  // It looks for another from the first moment on, and there is none.
  while (!(await running.shown()).isBetween) await new Promise(setImmediate)
  expect(await running.shown()).toMatchObject({ endpoint, moves: 0 })
  expect(await (await admin.ask('/status')).json()).toMatchObject({
    sessions: 1,
    sessionsBetween: 1,
  })
  for (const path of ['/upstreams', '/upstreams/chat']) {
    const answer = await (await admin.ask(path)).json()
    const [upstream] = path === '/upstreams' ? (answer as Listed).upstreams : [answer]
    expect(upstream).toMatchObject({ sessionsBetween: 1, endpoints: [{ sessions: 0 }] })
  }
  const metrics = await (await admin.ask('/metrics')).text()
  expect(sample(metrics, 'sluice_sessions_between{upstream="chat"}')).toBe(1)
  const labels = `{upstream="chat",endpoint="${endpoint}"}`
  expect(sample(metrics, `sluice_endpoint_sessions${labels}`)).toBe(0)
  expect(await running.move()).toMatchObject({
    status: 409,
    answer: { title: 'The session is on its way already, or it ends' },
  })
})
