/**
 * A process that serves until it is told to leave: its instance, its admin port, and what can be told to it by
 * signals, by systemd, and by changes of its files.
 *
 * The admin port is first and last, so that a probe is always told how things are. Only a process that takes over
 * binds it when all else is done: until then it is the other one's.
 */
import { readFileSync } from 'node:fs'
import { AdminPort } from './admin-port.ts'
import { ConfigWatch } from './config/config-watch.ts'
import type { ConfigSource, LoadedConfig } from './config/config-source.ts'
import type { CreateInstance, Instance } from './instance.ts'
import { listenFault } from './listen-fault.ts'
import { ProcessOperations } from './operations.ts'
import { findPredecessor, type Predecessor } from './upgrade/predecessor.ts'
import { createReporter, type Reporter } from './reporter.ts'
import { connectSystemd, type Systemd } from './systemd.ts'
import { upgradeObstacle } from './upgrade/obstacle.ts'

export interface ProcessOptions {
  readonly source: ConfigSource
  readonly createInstance: CreateInstance
  /** The command that starts this program anew; undefined where that makes no sense. */
  readonly command: readonly string[] | undefined
  /** Whether the files of the configuration are taken anew when they change. */
  readonly isWatching: boolean
}

export interface RunningProcess {
  readonly ports: readonly number[]
  /** The exit code, once all is over. */
  readonly ended: Promise<number>
}

/** Plugins are loaded, certificates read, and every worker is started. */
const successorDeadlineMs = 30_000
const statusEveryMs = 10_000

/** @returns the exit code where it could not be started, which has been said. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess | number> {
  const predecessor = await findPredecessor(process.env)
  const hasColours = predecessor === undefined && process.stderr.isTTY
  const loaded = options.source.read({ hasColours })
  if ('problem' in loaded) return refuse(loaded.problem, 2, predecessor)
  const reporter = createReporter(loaded.config.log)
  const { emit } = reporter
  // The connection it happened on is over; the others go on.
  const onMistake = (error: unknown) => emit({ type: 'mistake', error })
  process.on('uncaughtException', onMistake)
  process.on('unhandledRejection', onMistake)
  const systemd = connectSystemd(process.env['NOTIFY_SOCKET'], (problem) =>
    emit({ type: 'notify-failed', problem }),
  )
  try {
    return await serve(options, loaded, { reporter, systemd, predecessor })
  } catch (error) {
    const problem = listenFault(error)
    return refuse(predecessor === undefined ? `✖ ${problem}` : problem, 1, predecessor)
  }
}

async function refuse(
  problem: string,
  exitCode: number,
  predecessor: Predecessor | undefined,
): Promise<number> {
  if (predecessor === undefined) console.error(problem)
  else await predecessor.fail(problem)
  return exitCode
}

interface Surroundings {
  readonly reporter: Reporter
  readonly systemd: Systemd
  readonly predecessor: Predecessor | undefined
}

/** @throws what says why it cannot; then nothing is left of it. */
async function serve(
  { source, createInstance, command, isWatching }: ProcessOptions,
  loaded: LoadedConfig,
  { reporter, systemd, predecessor }: Surroundings,
): Promise<RunningProcess | number> {
  const { emit, metrics } = reporter
  const estate = predecessor?.estate
  const isShared = (place: string) => predecessor?.isShared(place) ?? false
  const lost = Promise.withResolvers<void>()
  const instance = createInstance({
    loaded,
    estate,
    isShared,
    emit,
    metrics,
    onLost: lost.resolve,
  })
  const admin = new AdminPort({
    answers: (access) => instance.answers(operations, access),
    emit,
    isShared,
  })
  const watch = new ConfigWatch({
    source,
    onChange: () => void operations.reload({ isDryRun: false }),
    onProblem: (problem) => emit({ type: 'reload-refused', problem }),
  })
  const operations = new ProcessOperations({
    source,
    instance,
    admin,
    reporter,
    systemd,
    watch: isWatching ? watch : undefined,
    program: programFor(command),
  })
  hearSignals(operations, reporter)
  try {
    if (predecessor === undefined) bindAdmin()
    await Promise.race([instance.start(), operations.left])
    // A Unix socket takes the place of the other one's: from here to its telling that it serves nothing fails.
    if (predecessor !== undefined && operations.isStarting) bindAdmin()
  } catch (error) {
    instance.destroy()
    await admin.stop()
    throw error
  }
  const telling = tellSystemd(systemd, instance)
  if (operations.begin(loaded)) {
    if (predecessor === undefined) systemd.ready()
    else void takeOver(predecessor, reporter, systemd)
  }

  function bindAdmin(): void {
    admin.prepare(loaded.config.admin).commit()
  }

  async function end(): Promise<number> {
    const isLost = await Promise.race([
      operations.left.then(() => false),
      lost.promise.then(() => true),
    ])
    clearInterval(telling)
    await admin.stop()
    return isLost ? 1 : 0
  }
  return { ports: instance.ports, ended: end() }
}

function programFor(command: readonly string[] | undefined) {
  if (command === undefined) return 'what runs here besides the gateway cannot be started anew'
  const { pid, ppid: parentPid, env } = process
  const initName = readInitName()
  return (
    upgradeObstacle({ pid, parentPid, initName, env }) ?? {
      command,
      deadlineMs: successorDeadlineMs,
    }
  )
}

function readInitName(): string {
  try {
    return readFileSync('/proc/1/comm', 'utf8').trim()
  } catch {
    // Not Linux, or hidden: no container of those that are known.
    return ''
  }
}

function hearSignals(operations: ProcessOperations, { emit }: Reporter): void {
  process.on('SIGHUP', () => void operations.reload({ isDryRun: false }))
  process.on('SIGUSR2', () => {
    const problem = operations.upgrade()
    if (typeof problem === 'string') emit({ type: 'upgrade-failed', problem })
  })
  // Scripts written for other servers send it to reopen logs: no reason to cut anybody.
  process.on('SIGUSR1', () => emit({ type: 'signal-ignored', signal: 'SIGUSR1' }))
  // A second one cuts; even the last moments are not left to the signals' own meaning, another exit code.
  process.on('SIGTERM', () => operations.leave())
  process.on('SIGINT', () => operations.leave())
}

async function takeOver(
  predecessor: Predecessor,
  { emit }: Reporter,
  systemd: Systemd,
): Promise<void> {
  await predecessor.serve()
  emit({ type: 'took-over', pid: predecessor.estate.pid })
  // Not before systemd was told who is the service now.
  systemd.ready()
}

function tellSystemd(systemd: Systemd, instance: Instance): Timer | undefined {
  if (!systemd.isThere) return undefined
  let told = ''
  const timer = setInterval(() => {
    const text = `Serving ${instance.sessions} sessions`
    if (instance.state === 'ready' && text !== told) systemd.status((told = text))
  }, statusEveryMs)
  timer.unref()
  return timer
}
