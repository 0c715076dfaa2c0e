/**
 * One of several processes that together are a gateway: a gateway of its own, which its supervisor starts, asks
 * and ends. Signals are the supervisor's: a Ctrl-C goes to all processes of a terminal, and who leaves when is
 * not theirs to say.
 *
 * Invariant: a worker whose supervisor is gone leaves in order, and ends.
 */
import { fstatSync, writeSync } from 'node:fs'
import type { AdminAccess } from '../admin/guard.ts'
import { createResources } from '../admin/resources.ts'
import { describeStatus } from '../admin/status.ts'
import type { Config } from '../config/config.ts'
import type { Emit } from '../core/events.ts'
import type { Prepared } from '../core/reload.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { createLineWriter, pipePieceBytes } from '../telemetry/line-writer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { answerWith } from './worker-answers.ts'
import type {
  AdminReply,
  AdminRequest,
  Answers,
  Question,
  Reply,
  Revision,
  WorkerStart,
} from './worker-messages.ts'

export interface WorkerHost {
  /** @returns the configuration, or what is wrong with it, as it is to be printed. */
  load(file: string, text: string): Config | { readonly problem: string }
  /** Why a gateway could not be started, as a sentence. */
  describe(error: unknown): string
}

/** Let in like who may write to a Unix socket: the supervisor has looked at who asks. */
const access: AdminAccess = { address: '', unix: 'supervisor', token: undefined }
/** Changes to endpoints that are not found yet, such as those DNS has, are tried again for so long. */
const retryEveryMs = 1_000
const mostRetries = 15

/** @returns the exit code, once the worker has left. */
export async function runWorker(host: WorkerHost): Promise<number> {
  const send = process.send?.bind(process)
  if (send === undefined) throw new Error('A worker is started by sluice run, not by hand')
  const ended = Promise.withResolvers<number>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => {})
  const worker = new Worker(host, ended.resolve)
  const take = answerWith(worker.answers, (reply: Reply) => {
    // Where the supervisor is gone there is nobody to be told.
    if (process.connected) send(reply)
  })
  process.on('message', (question) => take(question as Question))
  process.on('disconnect', () => worker.leaveAlone())
  // It may have gone before anybody listened.
  if (!process.connected) worker.leaveAlone()
  return ended.promise
}

class Worker {
  readonly #host: WorkerHost
  readonly #end: (exitCode: number) => void
  readonly #metrics = createMetrics({ isWorker: true })
  #log: Emit = () => {}
  #gateway: Gateway | undefined
  #admin: ReturnType<typeof createResources> | undefined
  #prepared: Prepared | undefined

  constructor(host: WorkerHost, end: (exitCode: number) => void) {
    this.#host = host
    this.#end = end
  }

  readonly answers: Answers = {
    start: (start) => this.#start(start),
    admin: (request) => this.#answer(request),
    report: () => ({
      status: describeStatus(this.gateway),
      metrics: this.#metrics.expose(this.gateway.read()),
    }),
    foresee: (revision) => this.gateway.foreseeReload(this.#load(revision)),
    prepare: (revision) => {
      this.#abandon()
      const config = this.#load(revision)
      const prepared = this.gateway.prepareReload(config)
      this.#prepared = {
        commit: () => {
          prepared.commit()
          this.#log = this.#createLog(config)
        },
        abandon: () => prepared.abandon(),
      }
      return prepared.changes
    },
    commit: () => {
      this.#prepared?.commit()
      this.#prepared = undefined
      return undefined
    },
    abandon: () => this.#abandon(),
    leave: async (options) => {
      await this.gateway.leave(options)
      this.#end(0)
      return undefined
    },
    destroy: () => {
      this.#gateway?.destroy()
      this.#end(0)
      return undefined
    },
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('The worker has not been started')
    return this.#gateway
  }

  /** Nobody is left who could ask for anything. */
  leaveAlone(): void {
    if (this.#gateway === undefined) return this.#end(1)
    // Probes are answered no more, so nobody need be given time to notice.
    void this.#gateway.leave({ isTakenOver: true }).then(() => this.#end(0))
  }

  async #start(start: WorkerStart): Promise<undefined> {
    const config = this.#load(start)
    this.#worker = start.worker
    const lines = createLineWriter((bytes) => writeSync(1, bytes), pieceBytes())
    this.#write = lines.write
    process.on('exit', lines.flush)
    this.#log = this.#createLog(config)
    const emit: Emit = (event) => {
      this.#metrics.emit(event)
      this.#log(event)
    }
    const onMistake = (error: unknown) => emit({ type: 'mistake', error })
    process.on('uncaughtException', onMistake)
    process.on('unhandledRejection', onMistake)
    try {
      const { secret, sockets } = start
      const gateway = createGateway(config, emit, { secret, sockets, isShared: () => true })
      this.#gateway = gateway
      this.#admin = createResources(
        { gateway, metrics: this.#metrics, operations: undefined },
        () => access,
      )
      // Before anybody comes, so that nobody is sent where an administrator wants nobody.
      const refused = await this.#change(start.changes)
      gateway.start()
      void this.#changeLater(refused)
    } catch (error) {
      throw new Error(this.#host.describe(error), { cause: error })
    }
    return undefined
  }

  #worker = 0
  #write: (line: string) => void = () => {}

  #createLog({ log }: Config): Emit {
    const { level, format = process.stdout.isTTY ? 'pretty' : 'json' } = log
    return createLog({ level, format, write: this.#write, worker: this.#worker })
  }

  /** @throws Error */
  #load({ file, text, ports }: Revision): Config {
    const config = this.#host.load(file, text)
    if ('problem' in config) throw new Error(config.problem)
    const listeners = config.listeners.map((listener) => ({
      ...listener,
      port: ports[listener.name] ?? listener.port,
    }))
    return { ...config, listeners }
  }

  async #answer({ method, target }: AdminRequest): Promise<AdminReply> {
    if (this.#admin === undefined) throw new Error('The worker has not been started')
    const response = await this.#admin(new Request(`http://worker${target}`, { method }))
    return { status: response.status, body: await response.text() }
  }

  #abandon(): undefined {
    this.#prepared?.abandon()
    this.#prepared = undefined
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

/** A file takes each write whole. */
function pieceBytes(): number {
  return fstatSync(1).isFile() ? Infinity : pipePieceBytes
}
