/** What a process can be told to do, and when: with an instance that does nothing but remember. */
import { describe, expect, test } from 'bun:test'
import type { GatewayEvent } from '../../src/core/events.ts'
import type { UpgradeStep } from '../../src/core/operations.ts'
import type { Prepared, ReloadResult } from '../../src/core/reload.ts'
import { AdminPort } from '../../src/process/admin-port.ts'
import type { ConfigSource, LoadedConfig } from '../../src/process/config/config-source.ts'
import type { Instance } from '../../src/process/instance.ts'
import { ProcessOperations } from '../../src/process/operations.ts'
import type { Systemd } from '../../src/process/systemd.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { freePort } from '../support/free-port.ts'
import { loadConfig } from '../support/load-config.ts'
import { listenTcp } from '../support/tcp.ts'

const yaml = 'listeners: ["127.0.0.1:0"]\nroutes: [{ respond: { body: hello } }]\n'
const loaded = load()

function load(more = ''): LoadedConfig {
  const result = loadConfig(yaml + more, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return { config: result.config, written: { file: 'test.yaml', text: yaml } }
}

/** Programs that stand for this one, started anew. */
const programs = {
  hangs: 'setInterval(() => {}, 1_000)',
  fails: 'process.exit(3)',
  isKilled: 'process.kill(process.pid, "SIGKILL")',
  says: 'process.send({ say: "failed", problem: "the file is wrong" }); setInterval(() => {}, 1_000)',
  serves: `process.on('message', ({ estate, say }) => {
    if (say === 'yours') process.exit(0)
    const [socket] = estate.sockets
    const version = [process.env.SLUICE_SUCCESSOR, estate.secret, estate.pid, socket?.fd].join(' ')
    process.send({ say: 'ready', version })
  })
  process.send({ say: 'ask' })`,
}

interface Options {
  /** One of those above, or a path. */
  readonly program?: string
  readonly deadlineMs?: number
  /** What happens while an instance is made ready. */
  readonly onPrepare?: () => Promise<void>
  /** What there is in the file from the second time on. */
  readonly next?: LoadedConfig
}

function setUp({ program = 'hangs', deadlineMs = 10_000, onPrepare, next = loaded }: Options = {}) {
  const events: GatewayEvent[] = []
  const done: string[] = []
  const told: string[] = []
  const watched: string[] = []
  const emit = (event: GatewayEvent) => void events.push(event)
  const prepared: Prepared & { readonly changes: [] } = {
    changes: [],
    commit: () => done.push('commit'),
    abandon: () => done.push('abandon'),
  }
  const instance: Instance = {
    state: 'ready',
    sessions: 7,
    ports: [],
    start: async () => {},
    async prepare() {
      done.push('prepare')
      await onPrepare?.()
      return prepared
    },
    foresee: async () => [],
    estate: () => ({ secret: 'known', sockets: [], shared: [] }),
    answers: () => () => new Response(),
    leave: async ({ isTakenOver } = { isTakenOver: false }) =>
      void done.push(isTakenOver ? 'leave, taken over' : 'leave'),
    destroy: () => void done.push('destroy'),
  }
  const source: ConfigSource = {
    file: '/test.yaml',
    read() {
      done.push('read')
      return next
    },
  }
  const script = programs[program as keyof typeof programs]
  const command = script === undefined ? [program] : [process.execPath, '-e', script]
  const operations = new ProcessOperations({
    source,
    instance,
    admin: new AdminPort({ answers: () => () => new Response(), emit, isShared: () => false }),
    reporter: { emit, metrics: createMetrics(), configure() {} },
    systemd: fakeSystemd(told),
    watch: {
      follow: () => watched.push('follow'),
      pause: () => watched.push('pause'),
      resume: () => watched.push('resume'),
    },
    program: { command, deadlineMs },
  })
  operations.begin(loaded)
  const reload = () => operations.reload({ isDryRun: false })
  return { operations, events, done, told, watched, reload }
}

function fakeSystemd(told: string[]): Systemd {
  return {
    isThere: true,
    ready: () => void told.push('ready'),
    reloading: () => void told.push('reloading'),
    stopping: () => void told.push('stopping'),
    status: () => {},
    handOver: () => void told.push('hand over'),
  }
}

/** To its end. */
async function stepsOf(steps: AsyncIterable<UpgradeStep> | string): Promise<UpgradeStep[]> {
  if (typeof steps === 'string') throw new Error(steps)
  const told: UpgradeStep[] = []
  for await (const step of steps) told.push(step)
  return told
}

const problemOf = (result: ReloadResult) => (result.outcome === 'refused' ? result.problem : '')

describe('reloads', () => {
  test('are made one at a time, and those that come meanwhile are one', async () => {
    const gate = Promise.withResolvers<void>()
    const { reload, done } = setUp({ onPrepare: () => gate.promise })
    const first = reload()
    while (!done.includes('prepare')) await Promise.resolve()
    const others = [reload(), reload(), reload()]
    gate.resolve()
    await Promise.all([first, ...others])
    expect(done).toEqual(['read', 'prepare', 'commit', 'read', 'prepare', 'commit'])
  })

  test('that are only tried change nothing, and are told to nobody else', async () => {
    const { operations, done, events } = setUp()
    const result = await operations.reload({ isDryRun: true })
    expect(result).toEqual({ outcome: 'tried', changes: [] })
    expect([done, events]).toEqual([['read'], []])
  })

  test('are refused while an upgrade is under way, and when the gateway leaves', async () => {
    const { operations, reload, events, done } = setUp()
    operations.upgrade()
    expect(problemOf(await reload())).toContain('an upgrade is under way')
    operations.leave()
    expect(problemOf(await reload())).toContain('the gateway is leaving')
    expect(events.filter(({ type }) => type === 'reload-refused')).toHaveLength(2)
    expect(done).not.toContain('read')
  })

  test('that cannot be made ready are refused, and the reason is told', async () => {
    const { operations, reload, events } = setUp({
      onPrepare: () => Promise.reject(new Error('there is no room')),
    })
    expect(problemOf(await reload())).toBe('there is no room')
    expect(events).toEqual([{ type: 'reload-refused', problem: 'there is no room' }])
    operations.leave()
  })
})

describe('a reload that is under way', () => {
  test('is abandoned as a whole when the gateway is told to leave', async () => {
    const port = await freePort()
    const gate = Promise.withResolvers<void>()
    const next = load(`admin: { address: 127.0.0.1, port: ${port}, token: ${'x'.repeat(32)} }\n`)
    const { operations, reload, done, events } = setUp({ next, onPrepare: () => gate.promise })
    const reloaded = reload()
    while (!done.includes('prepare')) await Promise.resolve()
    operations.leave()
    gate.resolve()
    expect(problemOf(await reloaded)).toContain('the gateway is leaving')
    expect(done).toEqual(['read', 'prepare', 'leave', 'abandon'])
    const types = events.map(({ type }) => type)
    expect(types).toContain('reload-refused')
    expect(types).not.toContain('reloaded')
    // Its admin port, which was bound, is let go of, too.
    expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
  })

  test('is abandoned where the admin port cannot be bound', async () => {
    using taken = await listenTcp(() => {})
    const next = load(
      `admin: { address: 127.0.0.1, port: ${taken.port}, token: ${'x'.repeat(32)} }\n`,
    )
    const { reload, done } = setUp({ next })
    expect(problemOf(await reload())).toContain('something listens there already')
    expect(done).toEqual(['read', 'prepare', 'abandon'])
  })

  test('is over for systemd though an upgrade was asked for meanwhile, which fails', async () => {
    const gate = Promise.withResolvers<void>()
    const { operations, reload, done, told } = setUp({
      program: 'fails',
      onPrepare: () => gate.promise,
    })
    const reloaded = reload()
    while (!done.includes('prepare')) await Promise.resolve()
    const steps = stepsOf(operations.upgrade())
    gate.resolve()
    expect((await reloaded).outcome).toBe('reloaded')
    expect((await steps).at(-1)).toMatchObject({ step: 'failed' })
    expect(told).toEqual(['reloading', 'ready'])
  })
})

describe('an upgrade', () => {
  test('finds no files watched, and leaves them so unless it fails', async () => {
    const failing = setUp({ program: 'fails' })
    await stepsOf(failing.operations.upgrade())
    expect(failing.watched).toEqual(['follow', 'pause', 'resume'])
    const serving = setUp({ program: 'serves' })
    await stepsOf(serving.operations.upgrade())
    expect(serving.watched).toEqual(['follow', 'pause', 'pause'])
  })

  test('hands over, leaves as one that is taken over from, and is over', async () => {
    const { operations, done, events } = setUp({ program: 'serves' })
    const [started, ...steps] = await stepsOf(operations.upgrade())
    const ready = { pid: expect.any(Number), version: `1 known ${process.pid} `, sessions: 7 }
    expect(started).toMatchObject({ step: 'started' })
    expect(steps).toEqual([{ step: 'ready', ...ready }, { step: 'left' }])
    expect(done).toEqual(['leave, taken over'])
    expect(events.map(({ type }) => type)).toEqual(['upgrade-started', 'upgrade-ready'])
    await operations.left
  })

  test.each([
    ['hangs', 'did not serve within 0.2 seconds'],
    ['fails', 'ended before it served, with exit code 3'],
    ['isKilled', 'ended before it served, by SIGKILL'],
    ['says', 'the file is wrong'],
    ['/there/is/no/such/program', '/there/is/no/such/program cannot be started'],
  ])('by a program that %p fails, and can be tried again', async (program, reason) => {
    const deadlineMs = program === 'hangs' ? 200 : 10_000
    const { operations, done, events, reload } = setUp({ program, deadlineMs })
    for (let time = 0; time < 2; time++) {
      const steps = await stepsOf(operations.upgrade())
      expect(steps.at(-1)).toEqual({ step: 'failed', problem: expect.stringContaining(reason) })
    }
    expect(events.filter(({ type }) => type === 'upgrade-failed')).toHaveLength(2)
    expect((await reload()).outcome).toBe('reloaded')
    expect(done).not.toContain('leave, taken over')
  })

  test('goes on though nobody reads how', async () => {
    const { operations, done } = setUp({ program: 'serves' })
    expect(operations.upgrade()).not.toBeString()
    await operations.left
    expect(done).toEqual(['leave, taken over'])
  })

  test('waits for the reload that is under way', async () => {
    const gate = Promise.withResolvers<void>()
    const { operations, reload, done } = setUp({ program: 'serves', onPrepare: () => gate.promise })
    const reloaded = reload()
    while (!done.includes('prepare')) await Promise.resolve()
    const steps = stepsOf(operations.upgrade())
    gate.resolve()
    expect((await reloaded).outcome).toBe('reloaded')
    await steps
    expect(done).toEqual(['read', 'prepare', 'commit', 'leave, taken over'])
  })

  test('is refused while another one is under way', () => {
    const { operations } = setUp()
    operations.upgrade()
    expect(operations.upgrade()).toContain('an upgrade is under way')
    operations.leave()
    expect(operations.upgrade()).toContain('the gateway is leaving')
  })

  test('is called off when the gateway is told to leave', async () => {
    const { operations, done } = setUp()
    const steps = operations.upgrade()
    if (typeof steps === 'string') throw new Error(steps)
    const told: UpgradeStep[] = []
    for await (const step of steps) {
      told.push(step)
      if (step.step === 'started') operations.leave()
    }
    expect(told.at(-1)).toMatchObject({ step: 'failed', problem: expect.stringContaining('leave') })
    expect(done).toEqual(['leave'])
  })
})

test('told to leave once while it leaves because another one took over, it goes on', async () => {
  const { operations, done } = setUp({ program: 'serves' })
  const steps = operations.upgrade()
  if (typeof steps === 'string') throw new Error(steps)
  // Whoever stops the service tells both processes.
  for await (const { step } of steps) if (step === 'ready') operations.leave()
  expect(done).toEqual(['leave, taken over'])
  operations.leave()
  expect(done).toEqual(['leave, taken over', 'destroy'])
})

test('the second time it is told to leave, it cuts', async () => {
  const { operations, done } = setUp()
  operations.leave()
  operations.leave()
  await operations.left
  expect(done).toEqual(['leave', 'destroy'])
})
