/** Whom of several servers a session gets: by turn and weight, by what they have to do, by a value. */
import { describe, expect, test } from 'bun:test'
import { until } from '../support/byte-attack.ts'
import { upgradeRequest } from '../support/websocket.ts'
import type { TcpConnection } from '../support/tcp.ts'
import { inEveryWebSocket } from './on-purpose.ts'
import { sideBySide, sluiceAlone, type Side } from './side-by-side.ts'
import { dial, type Visit } from './visit.ts'

const one = '10.0.0.1:9000'
const two = '10.0.0.2:9000'
const three = '10.0.0.3:9000'

/** A WebSocket that stays. */
async function open(side: Side, target = '/') {
  const client = await dial(side.place(80), {})
  client.send(upgradeRequest(target, { Host: 'chat.example.com' }))
  const { status, headers } = await client.message()
  return { client, status, server: headers['x-upstream'] }
}

function leave(clients: Iterable<{ readonly client: TcpConnection }>): void {
  for (const { client } of clients) client.reset()
}

/** The servers that these visits get, one after the other. */
async function serversOf(side: Side, visits: readonly Visit[]): Promise<unknown[]> {
  const servers: unknown[] = []
  for (const wanted of visits)
    servers.push((await side.visit(80, { kind: 'page', ...wanted }))['answer x-upstream'])
  return servers
}

describe('large servers, spare servers', () => {
  const title = 'Large servers, spare servers'
  const upstreams = [one, two, three, '10.0.0.4:9000']

  test('the turns by weight are the same, one by one', async () => {
    await using both = await sideBySide(title, { upstreams })
    const turns: unknown[] = []
    for (let turn = 0; turn < 8; turn++) {
      const { nginx, differences } = await both.visit(80, {})
      turns.push(nginx['answer x-upstream'])
      expect(differences).toEqual(inEveryWebSocket)
    }
    expect(turns).toEqual([one, one, two, one, one, one, two, one])
  }, 15_000)

  test('a spare server is used when the others are gone, one that is out never', async () => {
    await using both = await sideBySide(title, { upstreams })
    for (const upstream of both.upstreams.slice(0, 2)) upstream[Symbol.dispose]()
    for (let turn = 0; turn < 3; turn++) {
      const { nginx, differences } = await both.visit(80, {})
      expect(nginx['answer x-upstream']).toBe(three)
      expect(differences).toEqual(inEveryWebSocket)
    }
  }, 15_000)
})

describe('a bound for each server', () => {
  test('when all are full the next is refused; who leaves makes room', async () => {
    await using both = await sideBySide('A bound for each server', { upstreams: [one, two] })
    for (const side of [both.nginx, both.sluice]) {
      const opened = [await open(side), await open(side)]
      expect(opened.map(({ server }) => server)).toEqual([one, two])
      const third = await open(side)
      expect(third.status).toBe(side.name === 'nginx' ? 502 : 503)
      leave(opened.slice(1))
      expect(await until(() => both.upstreams[1]?.open === 0)).toBe(true)
      expect(await until(() => both.gateway.sessions <= 1)).toBe(true)
      const fourth = await open(side)
      expect(fourth).toMatchObject({ status: 101, server: two })
      leave([...opened, third, fourth])
      expect(await until(() => both.upstreams.every((each) => each.open === 0))).toBe(true)
    }
  }, 15_000)

  test('or waits for room', async () => {
    await using alone = await sluiceAlone('Waiting for room', { upstreams: [one] })
    const first = await open(alone.sluice)
    const next = open(alone.sluice)
    const waiting = () => alone.gateway.upstreams.list()[0]?.waiting
    expect(await until(() => waiting() === 1)).toBe(true)
    leave([first])
    const opened = await next
    expect(opened.status).toBe(101)
    leave([opened])
  }, 15_000)
})

describe('where there is least to do', () => {
  test.each(['/chat/', '/games/'])(
    'those who left are made up for: %s',
    async (target) => {
      const title = 'Where there is least to do'
      await using both = await sideBySide(title, { upstreams: [one, two] })
      for (const side of [both.nginx, both.sluice]) {
        const opened = []
        for (let index = 0; index < 6; index++) opened.push(await open(side, target))
        const leaving = opened.filter(({ server }) => server === one)
        const staying = opened.filter(({ server }) => server === two)
        expect([side.name, leaving.length, staying.length]).toEqual([side.name, 3, 3])
        leave(leaving)
        expect(await until(() => both.upstreams[0]?.open === 0)).toBe(true)
        expect(await until(() => both.gateway.sessions <= 3)).toBe(true)
        const later = [await open(side, target), await open(side, target)]
        expect([side.name, ...later.map(({ server }) => server)]).toEqual([side.name, one, one])
        leave([...later, ...staying])
        expect(await until(() => both.upstreams.every((each) => each.open === 0))).toBe(true)
      }
    },
    15_000,
  )
})

describe('one room, one server', () => {
  const title = 'One room, one server'
  const upstreams = [one, two, three]
  const many = 48 // so many that no server goes without, wherever the ports of a run put them
  const rooms = Array.from({ length: many }, (_, room) => ({ target: `/rooms/?room=${room}` }))

  test('a room stays, and when a server fails only its own rooms move', async () => {
    await using both = await sideBySide(title, { upstreams })
    const sides = [both.nginx, both.sluice]
    const before = await Promise.all(sides.map((side) => serversOf(side, rooms)))
    for (const servers of before) expect(new Set(servers).size).toBe(3)
    expect(await Promise.all(sides.map((side) => serversOf(side, rooms)))).toEqual(before)
    both.upstreams[1]?.[Symbol.dispose]()
    const after = await Promise.all(sides.map((side) => serversOf(side, rooms)))
    for (const [side, servers] of after.entries()) {
      expect(new Set(servers)).toEqual(new Set([one, three]))
      const stayed = before[side]?.filter((server) => server !== two)
      expect(servers.filter((_, room) => before[side]?.[room] !== two)).toEqual(stayed ?? [])
    }
  }, 15_000)

  test('those without a room take turns', async () => {
    await using both = await sideBySide(title, { upstreams })
    const nowhere = Array.from({ length: 6 }, () => ({ target: '/rooms/' }))
    for (const side of [both.nginx, both.sluice])
      expect(new Set(await serversOf(side, nowhere)).size).toBe(3)
  }, 15_000)

  test('a client stays by its address, where nginx takes its whole network for one', async () => {
    await using both = await sideBySide(title, { upstreams })
    const clients = Array.from({ length: many }, (_, index) => ({ from: `127.0.1.${index + 1}` }))
    const first = await serversOf(both.sluice, clients)
    expect(new Set(first).size).toBe(3)
    expect(await serversOf(both.sluice, clients)).toEqual(first)
    expect(new Set(await serversOf(both.nginx, clients)).size).toBe(1)
  }, 15_000)
})

test('a cookie that leads back', async () => {
  const upstreams = [one, two]
  await using alone = await sluiceAlone('A cookie that leads back', { upstreams })
  const first = await alone.sluice.visit(80, {})
  const { 'answer set-cookie': cookie, 'answer x-upstream': server } = first
  expect(cookie).toMatch(/^srv_id=[\w-]{8}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/)
  const headers = { Cookie: String(cookie).split(';', 1)[0] ?? '' }
  const again = await serversOf(alone.sluice, Array(4).fill({ headers }))
  expect(again).toEqual(Array(4).fill(server))
  expect(new Set(await serversOf(alone.sluice, [{}, {}])).size).toBe(2)
}, 15_000)
