/** A supervisor whose workers are no processes: what they are told when the configuration is another. */
import { describe, expect, test } from 'bun:test'
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { InheritedSocket } from '../../../src/net/inherited-sockets.ts'
import type { LoadedConfig } from '../../../src/process/config/config-source.ts'
import { createSupervisor } from '../../../src/process/workers/supervisor.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { FakeWorkers } from '../../support/fake-workers.ts'
import { loadConfig } from '../../support/load-config.ts'

function load(listeners: string, body = 'hi'): LoadedConfig {
  const text = `
workers: 2
listeners: [${listeners}]
routes: [{ respond: { body: ${body} } }]
leave: { window: 0s }
`
  const read = loadConfig(text)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return { config: read.config, written: { file: 'test.yaml', text } }
}

const anyPort = '{ name: public, address: 127.0.0.1, port: 0 }'

async function supervise(loaded = load(anyPort), sockets: readonly InheritedSocket[] = []) {
  const workers = new FakeWorkers()
  const supervisor = createSupervisor({
    loaded,
    estate: { pid: 1, secret: 's', sockets, shared: [] },
    emit: () => {},
    metrics: createMetrics(),
    onLost: () => {},
    spawn: workers.spawn,
  })
  await supervisor.start()
  return { supervisor, workers }
}

describe('a socket that the supervisor was given', () => {
  /** Any descriptor will do: nobody listens in this process. */
  const given = (name: string, port: number): InheritedSocket => ({
    fd: openSync('/dev/null', 'r'),
    name,
    address: '127.0.0.1',
    port,
    unix: undefined,
  })
  const both = '{ name: public, port: 1 }, { name: other, port: 2 }'

  test('is let go of with its listener', async () => {
    const [first, second] = [given('public', 5_001), given('other', 5_002)]
    const { supervisor, workers } = await supervise(load(both), [first, second])
    const prepared = await supervisor.prepare(load('{ name: web, port: 1 }'))
    expect(supervisor.estate().sockets).toEqual([first, second])
    prepared.commit()
    expect(() => fstatSync(second.fd)).toThrow('EBADF')
    expect(supervisor.estate().sockets).toEqual([first])

    workers.all[0]?.die()
    while (workers.all.length < 3) await Bun.sleep(1)
    const later = workers.all[2]
    expect(later?.sockets).toEqual([first])
    // By the name that its listener has now, or the worker would not know whose it is.
    expect(later?.asked[0]?.asked).toMatchObject({ sockets: [{ ...first, name: 'web', fd: 3 }] })
    // Workers have it, too, for as long as they accept somebody.
    const left = supervisor.leave()
    expect(() => fstatSync(first.fd)).toThrow('EBADF')
    await left
  })

  test('stays where the configuration is not taken', async () => {
    const [first, second] = [given('public', 5_001), given('other', 5_002)]
    const { supervisor } = await supervise(load(both), [first, second])
    const prepared = await supervisor.prepare(load('{ name: public, port: 1 }'))
    prepared.abandon()
    expect(supervisor.estate().sockets).toEqual([first, second])
    closeSync(first.fd)
    closeSync(second.fd)
    supervisor.destroy()
  })
})
