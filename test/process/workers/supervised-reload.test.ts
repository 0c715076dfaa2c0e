/** A supervisor whose workers are no processes: what they are told when the configuration is another. */
import { describe, expect, test } from 'bun:test'
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { GatewayEvent } from '../../../src/core/events.ts'
import type { InheritedSocket } from '../../../src/net/inherited-sockets.ts'
import type { LoadedConfig } from '../../../src/process/config/config-source.ts'
import { createSupervisor } from '../../../src/process/workers/supervisor.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeWorkers, type FakeWorker } from '../../support/fake-workers.ts'
import { fakeOperations } from '../../support/operations.ts'
import { loadConfig } from '../../support/load-config.ts'

function load(
  listeners: string,
  body = 'hi',
  route = `{ respond: { body: ${body} } }`,
): LoadedConfig {
  const text = `
workers: 2
listeners: [${listeners}]
upstreams: { x: ["ws://127.0.0.1:1"], y: ["ws://127.0.0.1:2"] }
routes: [${route}]
leave: { window: 0s }
`
  const read = loadConfig(text)
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return { config: read.config, written: { file: 'test.yaml', text } }
}

/** What has been said is heard. */
const turns = () => new Promise<void>((resolve) => void setTimeout(resolve))
const anyPort = '{ name: public, address: 127.0.0.1, port: 0 }'

async function supervise(loaded = load(anyPort), sockets: readonly InheritedSocket[] = []) {
  const workers = new FakeWorkers()
  const clock = new FakeClock()
  const events: GatewayEvent[] = []
  const supervisor = createSupervisor({
    loaded,
    estate: { pid: 1, secret: 's', sockets, shared: [] },
    isShared: () => false,
    emit: (event) => void events.push(event),
    metrics: createMetrics(),
    onLost: () => {},
    spawn: workers.spawn,
    clock,
  })
  await supervisor.start()
  /** The first worker dies. @returns the one that comes for it. */
  const another = () => {
    workers.all[0]?.die()
    clock.advance(0)
    return last(workers)
  }
  return { supervisor, workers, clock, events, another }
}

function last(workers: FakeWorkers): FakeWorker {
  const worker = workers.all.at(-1)
  if (worker === undefined) throw new Error('No worker was started')
  return worker
}

/** The configuration that it was told of with its nth question. */
const textIn = ({ asked }: FakeWorker, nth: number) => JSON.stringify(asked[nth]?.asked)

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
    const { supervisor, another } = await supervise(load(both), [first, second])
    const prepared = await supervisor.prepare(load('{ name: web, port: 1 }'))
    expect(supervisor.estate().sockets).toEqual([first, second])
    const taken = prepared.commit()
    expect(() => fstatSync(second.fd)).toThrow('EBADF')
    expect(supervisor.estate().sockets).toEqual([first])
    await taken

    const later = another()
    expect(later.sockets).toEqual([first])
    // By the name that its listener has now, or the worker would not know whose it is.
    expect(later.asked[0]?.asked).toMatchObject({ sockets: [{ ...first, name: 'web', fd: 3 }] })
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

describe('a configuration', () => {
  /** Which one the workers were told of last. */
  function numbersOf(workers: FakeWorkers, kind: 'prepare' | 'commit' | 'abandon'): unknown[] {
    return workers.last(kind).map((question) => {
      const asked: unknown = question?.asked
      return typeof asked === 'object' && asked !== null && 'number' in asked ? asked.number : asked
    })
  }

  test('is taken by all workers, each told which one it is', async () => {
    const { supervisor, workers } = await supervise()
    const prepared = await supervisor.prepare(load(anyPort, 'hello'))
    await prepared.commit()
    const numbers = numbersOf(workers, 'prepare')
    expect(new Set(numbers).size).toBe(1)
    expect(numbersOf(workers, 'commit')).toEqual(numbers)
    expect(workers.last('abandon')).toEqual([undefined, undefined])
    const next = await supervisor.prepare(load(anyPort, 'bye'))
    next.abandon()
    expect(numbersOf(workers, 'prepare')).not.toEqual(numbers)
    expect(numbersOf(workers, 'abandon')).toEqual(numbersOf(workers, 'prepare'))
    supervisor.destroy()
  })

  test('that one worker cannot have is abandoned by all', async () => {
    const { supervisor, workers } = await supervise()
    workers.all[1]?.refuse('prepare', 'there is no room')
    const prepared = supervisor.prepare(load(anyPort, 'hello'))
    expect(await prepared.catch(String)).toBe('Error: there is no room')
    expect(numbersOf(workers, 'abandon')).toEqual(numbersOf(workers, 'prepare'))
    expect(workers.last('commit')).toEqual([undefined, undefined])
    supervisor.destroy()
  })

  test('is brought to a worker that came meanwhile, before the next one is made ready', async () => {
    const { supervisor, workers, another } = await supervise()
    workers.onSpawn = (worker) => worker.hold('start')
    const prepared = await supervisor.prepare(load(anyPort, 'hello'))
    const late = another()
    let isTaken = false
    const taken = Promise.resolve(prepared.commit()).then(() => (isTaken = true))
    // It is about to start with what was before, and is told at once what comes after that.
    expect(late.asked.map(({ kind }) => kind)).toEqual(['start', 'prepare', 'commit'])
    expect(textIn(late, 0)).toContain('body: hi')
    expect(textIn(late, 1)).toContain('body: hello')
    expect(workers.all[1]?.asked.map(({ kind }) => kind).slice(-2)).toEqual(['prepare', 'commit'])
    await turns()
    expect(isTaken).toBe(false)
    late.resume()
    await taken
    supervisor.destroy()
  })

  test.each(['prepare', 'commit'] as const)(
    'is what a worker is started anew with that cannot be brought to it: %s',
    async (kind) => {
      const { supervisor, workers, events, clock, another } = await supervise()
      const prepared = await supervisor.prepare(load(anyPort, 'hello'))
      another().refuse(kind, 'there is no room')
      await prepared.commit()
      expect(events.at(-1)).toMatchObject({
        type: 'worker-lost',
        detail: 'cannot take the new configuration: there is no room',
      })
      clock.advance(1_000)
      expect(textIn(last(workers), 0)).toContain('body: hello')
      supervisor.destroy()
    },
  )

  test('that says what an administrator has changed is not undone in a worker that comes later', async () => {
    const split = (x: number) => load(anyPort, '', `{ name: page, upstream: { x: ${x}, y: 10 } }`)
    const { supervisor, workers, clock, another } = await supervise(split(10))
    const access = { address: '', unix: 'test', token: undefined }
    const answer = supervisor.answers(fakeOperations(), () => access)
    const target = '/routes/page/split?x=0&y=100'
    await answer(new Request(`http://admin${target}`, { method: 'PATCH' }))
    const abandoned = await supervisor.prepare(split(90))
    abandoned.abandon()
    const later = another()
    expect(later.asked[0]?.asked).toMatchObject({ changes: [{ method: 'PATCH', target }] })
    const prepared = await supervisor.prepare(split(90))
    await prepared.commit()
    later.die()
    clock.advance(1_000)
    expect(last(workers).asked[0]?.asked).toMatchObject({ changes: [] })
    supervisor.destroy()
  })

  test('is what a worker is started anew with that had it ready, and cannot take it', async () => {
    const { supervisor, workers, clock } = await supervise()
    const prepared = await supervisor.prepare(load(anyPort, 'hello'))
    workers.all[0]?.refuse('commit', 'a mistake')
    await prepared.commit()
    clock.advance(0)
    expect(workers.all).toHaveLength(3)
    expect(textIn(last(workers), 0)).toContain('body: hello')
    supervisor.destroy()
  })
})
