/**
 * One of several processes that together are a gateway: a gateway of its own, which its supervisor starts, asks
 * and ends. Signals are the supervisor's: a Ctrl-C goes to all processes of a terminal, and who leaves when is
 * not theirs to say.
 *
 * Invariant: a worker whose supervisor is gone leaves in order, and ends.
 */
import type { AdminAccess } from '../../admin/guard.ts'
import { createResources } from '../../admin/resources.ts'
import { describeStatus } from '../../admin/status.ts'
import type { Config } from '../../config/config.ts'
import type { Prepared } from '../../core/reload.ts'
import { createGateway, type Gateway } from '../../gateway.ts'
import { compileText, formatLoaded } from '../config/config-file.ts'
import { listenFault } from '../listen-fault.ts'
import { createReporter, type Reporter } from '../reporter.ts'
import { answerWith } from './worker-answers.ts'
import type {
  AdminReply,
  AdminRequest,
  Answers,
  Question,
  Reply,
  Revision,
  WorkerStart,
} from './messages.ts'

/** Let in like who may write to a Unix socket: the supervisor has looked at who asks. */
const access: AdminAccess = { address: '', unix: 'supervisor', token: undefined }
/** Changes to endpoints that are not found yet, such as those DNS has, are tried again for so long. */
const retryEveryMs = 1_000
const mostRetries = 15

/**
 * @param send says something to the supervisor.
 * @returns the exit code, once the worker has left.
 */
export async function runWorker(send: (reply: Reply) => void): Promise<number> {
  const ended = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => {})
  const worker = new Worker(ended.resolve)
  const take = answerWith(worker.answers, (reply) => {
    // Where the supervisor is gone there is nobody to be told.
    if (process.connected) send(reply)
  })
  process.on('message', (question) => take(question as Question))
  process.on('disconnect', () => worker.leaveAlone())
  // It may have gone before anybody listened.
  if (!process.connected) worker.leaveAlone()
  return ended.promise
}

/** What there is once it has started. */
interface Running {
  readonly gateway: Gateway
  readonly reporter: Reporter
  readonly admin: ReturnType<typeof createResources>
}

class Worker {
  readonly #end: (exitCode: number) => void
  #running: Running | undefined
  #prepared: (Prepared & Pick<Revision, 'number'>) | undefined

  constructor(end: (exitCode: number) => void) {
    this.#end = end
  }

  readonly answers: Answers = {
    start: (start) => this.#start(start),
    admin: (request) => this.#answer(request),
    report: () => {
      const { gateway, reporter } = this.running
      return { status: describeStatus(gateway), metrics: reporter.metrics.expose(gateway.read()) }
    },
    foresee: (revision) => this.running.gateway.foreseeReload(load(revision)),
    prepare: (revision) => inSentences(() => this.#prepare(revision)),
    commit: (number) => this.#commit(number),
    abandon: (number) => {
      if (this.#prepared?.number === number) this.#abandon()
      return undefined
    },
    leave: async (options) => {
      await this.running.gateway.leave(options)
      this.#end(0)
      return undefined
    },
    destroy: () => {
      this.#running?.gateway.destroy()
      this.#end(0)
      return undefined
    },
  }

  get running(): Running {
    if (this.#running === undefined) throw new Error('The worker has not been started')
    return this.#running
  }

  /** Nobody is left who could ask for anything. */
  leaveAlone(): void {
    if (this.#running === undefined) return this.#end(1)
    // Probes are answered no more, so nobody need be given time to notice.
    void this.#running.gateway.leave({ isTakenOver: true }).then(() => this.#end(0))
  }

  async #start(start: WorkerStart): Promise<undefined> {
    const config = load(start)
    const reporter = createReporter(config.log, start.worker)
    const { emit, metrics } = reporter
    const onMistake = (error: unknown) => emit({ type: 'mistake', error })
    process.on('uncaughtException', onMistake)
    process.on('unhandledRejection', onMistake)
    try {
      const { secret, sockets } = start
      const gateway = createGateway(config, emit, { secret, sockets, isShared: () => true })
      const subject = { gateway, metrics, operations: undefined }
      this.#running = { gateway, reporter, admin: createResources(subject, () => access) }
      // Before anybody comes, so that nobody is sent where an administrator wants nobody.
      const refused = await this.#change(start.changes)
      gateway.start()
      void this.#changeLater(refused)
    } catch (error) {
      throw new Error(listenFault(error), { cause: error })
    }
    return undefined
  }

  #prepare(revision: Revision) {
    this.#abandon()
    const config = load(revision)
    const { gateway, reporter } = this.running
    const prepared = gateway.prepareReload(config)
    this.#prepared = {
      number: revision.number,
      commit() {
        prepared.commit()
        reporter.configure(config.log)
      },
      abandon: () => prepared.abandon(),
    }
    return prepared.changes
  }

  #commit(number: number): undefined {
    const prepared = this.#prepared
    if (prepared?.number !== number) throw new Error(`Revision ${number} is not prepared`)
    this.#prepared = undefined
    prepared.commit()
    return undefined
  }

  #abandon(): void {
    this.#prepared?.abandon()
    this.#prepared = undefined
  }

  async #answer({ method, target }: AdminRequest): Promise<AdminReply> {
    const response = await this.running.admin(new Request(`http://worker${target}`, { method }))
    return { status: response.status, body: await response.text() }
  }

  /** @returns those that concern what is not there. */
  async #change(requests: readonly AdminRequest[]): Promise<AdminRequest[]> {
    const refused: AdminRequest[] = []
    // In their order: one may undo another.
    for (const request of requests)
      if ((await this.#answer(request)).status === 404) refused.push(request)
    return refused
  }

  async #changeLater(requests: readonly AdminRequest[]): Promise<void> {
    let left = requests
    for (let tries = 0; tries < mostRetries && left.length > 0; tries++) {
      await Bun.sleep(retryEveryMs)
      left = await this.#change(left)
    }
  }
}

/** @throws Error with a sentence for what a place, a file or a plugin has thrown. */
function inSentences<Value>(make: () => Value): Value {
  try {
    return make()
  } catch (error) {
    throw new Error(listenFault(error), { cause: error })
  }
}

/** @throws Error with what is wrong, as it is to be printed. */
function load({ file, text, ports }: Revision): Config {
  const loaded = compileText(text, file)
  if (!loaded.ok) throw new Error(formatLoaded(loaded, false))
  const { config } = loaded
  const listeners = config.listeners.map((listener) => ({
    ...listener,
    port: ports[listener.name] ?? listener.port,
  }))
  return { ...config, listeners }
}
