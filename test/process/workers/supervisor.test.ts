/** A supervisor with real workers: what it does when its configuration is to be another, and when it cannot start. */
import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { GatewayEvent } from '../../../src/core/events.ts'
import type { LoadedConfig } from '../../../src/process/config/config-source.ts'
import { createSupervisor } from '../../../src/process/workers/supervisor.ts'
import { spawnWorker } from '../../../src/process/workers/worker-process.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { Journal } from '../../support/journal.ts'
import { loadConfig } from '../../support/load-config.ts'
import { dialTcp, listenTcp } from '../../support/tcp.ts'

const command = [process.execPath, join(import.meta.dir, '../../../src/cli/main.ts')]
const routes = '{ path: /, respond: { body: hi } }'

/** @param text what workers are told, where it is not what the supervisor has read. */
function loaded(yaml: string, text = yaml): LoadedConfig {
  const head = 'workers: 2\nlog: { level: off }\nleave: { window: 0s }\n'
  const read = loadConfig(head + yaml)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const written = { file: 'test.yaml', text: head + text }
  return { config: read.config, written }
}

function supervise(from: LoadedConfig) {
  const events = new Journal<GatewayEvent>()
  const supervisor = createSupervisor({
    loaded: from,
    estate: undefined,
    isShared: () => false,
    emit: (event) => events.add(event),
    metrics: createMetrics(),
    onLost: () => {},
    spawn: (sockets, hears) => spawnWorker(command, sockets, hears),
  })
  return { supervisor, events }
}

async function bodyFrom(port: number, path: string): Promise<string> {
  using client = await dialTcp(port)
  client.send(`GET ${path} HTTP/1.1\nHost: a\nConnection: close\n\n`)
  return (await client.message()).body
}

/** Why it could not be had. */
async function problemOf(wanted: Promise<unknown>): Promise<string> {
  return wanted.then(
    () => 'it could be had',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}

const some = (port: number, more = '') => `
listeners: [{ name: public, address: 127.0.0.1, port: ${port} }${more}]
routes: [${routes}]
`

describe('a supervisor', () => {
  test('has all workers take a configuration, or none', async () => {
    const { supervisor } = supervise(loaded(some(0)))
    await supervisor.start()
    const [port = 0] = supervisor.ports
    expect(await bodyFrom(port, '/')).toBe('hi')

    const other = some(0).replace('body: hi', 'body: hello')
    const prepared = await supervisor.prepare(loaded(other))
    expect(prepared.changes).toMatchObject([{ what: 'route /' }])
    expect(await bodyFrom(port, '/')).toBe('hi')
    await prepared.commit()
    const bodies = await Promise.all(Array.from({ length: 20 }, () => bodyFrom(port, '/')))
    expect(new Set(bodies)).toEqual(new Set(['hello']))
    expect(supervisor.ports).toEqual([port])

    // What a worker finds wrong is wrong for all.
    const wrong = supervisor.prepare(loaded(some(0), 'listeners: [http]'))
    expect(await problemOf(wrong)).toMatch(/test\.yaml:/)
    using taken = await listenTcp(() => {})
    const place = `, { name: other, address: 127.0.0.1, port: ${taken.port} }`
    const refused = supervisor.prepare(loaded(some(0, place)))
    expect(await problemOf(refused)).toMatch(/^Failed to listen at/)
    expect(await bodyFrom(port, '/')).toBe('hello')

    const added = await supervisor.prepare(
      loaded(some(0, ', { name: other, address: 127.0.0.1, port: 0 }')),
    )
    await added.commit()
    expect(supervisor.ports).toHaveLength(2)
    expect(await bodyFrom(supervisor.ports[1] ?? 0, '/')).toBe('hi')
    await supervisor.leave()
    expect(supervisor.state).toBe('left')
  }, 20_000)

  test('gives a worker that comes later what was taken last', async () => {
    const { supervisor, events } = supervise(loaded(some(0)))
    await supervisor.start()
    const prepared = await supervisor.prepare(loaded(some(0).replace('body: hi', 'body: hello')))
    await prepared.commit()
    const [first] = events.items.filter((event) => event.type === 'worker-ready')
    process.kill(first?.pid ?? 0, 'SIGKILL')
    await events.find(
      (event) =>
        event.type === 'worker-ready' && event.pid !== first?.pid && event.worker === first?.worker,
    )
    const [port = 0] = supervisor.ports
    const bodies = await Promise.all(Array.from({ length: 20 }, () => bodyFrom(port, '/')))
    expect(new Set(bodies)).toEqual(new Set(['hello']))
    await supervisor.leave()
  }, 20_000)

  test('whose workers cannot start has ended when it says so', async () => {
    const { supervisor, events } = supervise(loaded(some(0), 'routes: []'))
    const started = supervisor.start()
    expect(await problemOf(started)).toMatch(/test\.yaml:\d+/)
    expect(supervisor.state).toBe('left')
    await supervisor.leave()
    expect(events.items.filter((event) => event.type === 'worker-lost')).toEqual([])
  }, 20_000)
})
