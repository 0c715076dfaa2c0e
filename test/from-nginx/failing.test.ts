/** Servers that fail, come and go, and how a gateway is told of it. */
import { describe, expect, test } from 'bun:test'
import { until } from '../support/byte-attack.ts'
import { a, DnsServer } from '../support/dns-server.ts'
import { inEveryWebSocket } from './on-purpose.ts'
import { example } from './page.ts'
import { startRecordingUpstream, type Manner } from './recording-upstream.ts'
import { sideBySide, sluiceAlone } from './side-by-side.ts'
import { type } from './sluice-half.ts'

const one = '10.0.0.1:9000'
const two = '10.0.0.2:9000'
const three = '10.0.0.3:9000'
const resettingPost = 'POST /orders HTTP/1.1\nHost: chat.example.com\nContent-Length: 2\n\nhi'

describe('servers that fail', () => {
  /** The first servers behave so. */
  async function start(...manners: readonly Manner[]) {
    const both = await sideBySide('Servers that fail', { upstreams: [one, two, three] })
    for (const [index, manner] of manners.entries()) both.upstreams[index]?.behave(manner)
    return both
  }

  test('another server is tried, so that nobody notices', async () => {
    for (const manner of ['resets', 503] as const) {
      await using both = await start(manner)
      const { nginx, differences } = await both.visit(80, {})
      expect(nginx).toMatchObject({ echo: 'whole', 'answer x-upstream': two, requests: 2 })
      expect(differences).toEqual(inEveryWebSocket)
    }
  }, 15_000)

  test('as many as was said and no more: the answer of the last is passed on', async () => {
    await using both = await start('resets', 503)
    const { nginx, sluice } = await both.visit(80, {})
    for (const seen of [nginx, sluice])
      expect(seen).toMatchObject({ status: 'HTTP/1.1 503 Failed', requests: 2 })
  }, 15_000)

  test('what may not be asked twice is asked once', async () => {
    await using both = await start('resets')
    const { nginx, sluice } = await both.visit(80, { kind: { request: resettingPost } })
    for (const seen of [nginx, sluice])
      expect(seen).toMatchObject({ status: 'HTTP/1.1 502 Bad Gateway', requests: 1 })
  }, 15_000)

  test('one that has failed three times is left alone', async () => {
    await using both = await start('resets')
    for (const side of [both.nginx, both.sluice]) {
      const failed = () => both.upstreams[0]?.requests.length ?? 0
      const before = failed()
      for (let visit = 0; visit < 15; visit++)
        expect(await side.visit(80, { kind: 'page' })).toMatchObject({ status: 'HTTP/1.1 200 OK' })
      expect([side.name, failed() - before]).toEqual([side.name, 3])
    }
  }, 15_000)

  test('when all have failed some are asked all the same, where nginx refuses everybody', async () => {
    await using both = await start('resets', 'resets', 'resets')
    for (let visit = 0; visit < 10; visit++) await both.visit(80, { kind: 'page' })
    for (const upstream of both.upstreams) upstream.behave('well')
    const { nginx, sluice } = await both.visit(80, { kind: 'page' })
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 502 Bad Gateway', requests: 0 })
    expect(sluice).toMatchObject({ status: 'HTTP/1.1 200 OK', requests: 1 })
  }, 15_000)
})

test('servers by name: whichever of its addresses answers', async () => {
  await using stack = new AsyncDisposableStack()
  const server = stack.use(await startRecordingUpstream({ name: one }))
  const port = server.place.split(':')[1]
  const dns = await DnsServer.start()
  stack.defer(() => dns.stop())
  const addresses = ['127.0.0.1', '127.0.0.9'] // nobody listens at the second
  dns.set('chat.internal', ...addresses.map((address) => a('chat.internal', address)))
  const replace = {
    '10.0.0.53:53': dns.address,
    '$chat:9000': `$chat:${port}`,
    'port: 9000': `port: ${port}`,
  }
  await using both = await sideBySide('Servers by name', { upstreams: [], replace })
  for (let visit = 0; visit < 4; visit++) {
    const { nginx, sluice } = await both.visit(80, {})
    for (const seen of [nginx, sluice])
      expect(seen).toMatchObject({ echo: 'whole', 'answer x-upstream': one })
  }
  const endpoints = both.gateway.upstreams.list()[0]?.endpoints.map(({ url }) => url)
  expect(endpoints?.toSorted()).toEqual(addresses.map((address) => `ws://${address}:${port}`))
}, 15_000)

test('asked whether they are well: who is not gets nobody', async () => {
  const title = 'Asked whether they are well'
  await using alone = await sluiceAlone(title, { upstreams: [one, two] })
  const [, ill] = alone.upstreams
  ill?.behave(503)
  const states = () => alone.gateway.upstreams.list()[0]?.endpoints.map(({ state }) => state)
  expect(await until(() => states()?.[1] === 'unhealthy')).toBe(true)
  for (let visit = 0; visit < 4; visit++)
    expect(await alone.sluice.visit(80, {})).toMatchObject({ 'answer x-upstream': one })
  expect(new Set(ill?.requests.map(({ startLine }) => startLine))).toEqual(
    new Set(['GET /healthz HTTP/1.1']),
  )
}, 15_000)

test('changed while it runs: added, weighted, drained and removed', async () => {
  const title = 'Changed while it runs'
  const upstreams = [one, two, three]
  await using alone = await sluiceAlone(title, { upstreams })
  const places = upstreams.map((name, index): [string, string] => [
    name,
    alone.upstreams[index]?.place ?? '',
  ])
  const { commands } = example(title)
  expect(commands).toHaveLength(4)
  const typed = commands.map((line) =>
    places.reduce((rest, [name, place]) => rest.replace(name, place), line),
  )
  for (const line of typed.slice(0, 3)) await type(alone.gateway, line)
  const counts: Record<string, number> = {}
  for (let visit = 0; visit < 8; visit++) {
    const { 'answer x-upstream': server } = await alone.sluice.visit(80, {})
    counts[String(server)] = (counts[String(server)] ?? 0) + 1
  }
  expect(counts).toEqual({ [two]: 6, [three]: 2 })
  for (const line of typed.slice(3)) await type(alone.gateway, line)
  const endpoints = alone.gateway.upstreams.list()[0]?.endpoints.map(({ url }) => url)
  expect(endpoints).toEqual(places.slice(1).map(([, place]) => `ws://${place}`))
}, 15_000)
