// A Sluice with two workers, and what each of them holds: read from /proc, so that it is not Sluice that
// counts itself.
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { logName } from '../gateways.ts'
import { childrenOf } from '../usage.ts'
import { adminName, askAdmin } from '../chaos/admin.ts'
import { sluiceProgram, startGateway, type Place, type RunningGateway } from '../chaos/gateways.ts'
import { LogTail } from '../chaos/log-tail.ts'

export const workerCount = 2
const startMs = 10_000
const pollMs = 20
/** On the client's side and on the upstream's. */
const socketsOfSession = 2

export interface Worker {
  pid: number
  /** It has them without any session: what it listens at, what it talks to its supervisor by. */
  restingSockets: number
}

export class WorkersGateway {
  readonly #running: RunningGateway
  readonly #log: LogTail

  private constructor(running: RunningGateway) {
    this.#running = running
    this.#log = new LogTail(join(running.folder, logName))
  }

  /** In front of one server. @returns when all its workers serve. */
  static async start(serverPort: number): Promise<WorkersGateway> {
    const running = await startGateway({ ...sluiceProgram, configuration }, [serverPort])
    const own = new WorkersGateway(running)
    for (let ready = 0; ready < workerCount; ready++) await own.readyAgain(startMs)
    return own
  }

  get port(): number {
    return this.#running.port
  }

  /** As they are now: without sessions. */
  workers(): Worker[] {
    return childrenOf(this.#running.pid).map((pid) => ({ pid, restingSockets: socketsOf(pid) }))
  }

  /** @throws Error where no worker says in time that it serves. */
  async readyAgain(withinMs: number): Promise<number> {
    const line = await this.#log.find(({ event }) => event === 'worker-ready', withinMs)
    if (line === undefined) throw new Error('No worker says that it serves.')
    return Number(line['pid'])
  }

  /** Messages passed on so far, by direction. */
  async messages(): Promise<{ inbound: number; outbound: number }> {
    const { text } = await askAdmin(this.#running, 'GET', '/metrics')
    return { inbound: messagesIn(text, 'inbound'), outbound: messagesIn(text, 'outbound') }
  }

  /** Once there are so many, both ways, or when it takes too long: what there is then. */
  async messagesOnce(count: number): Promise<{ inbound: number; outbound: number }> {
    const deadlineMs = performance.now() + startMs
    for (;;) {
      const seen = await this.messages()
      const isThere = seen.inbound === count && seen.outbound === count
      if (isThere || performance.now() > deadlineMs) return seen
      await Bun.sleep(pollMs)
    }
  }

  async stop(): Promise<void> {
    this.#log.close()
    await this.#running.stop()
  }
}

export function sessionsOf({ pid, restingSockets }: Worker): number {
  return Math.round((socketsOf(pid) - restingSockets) / socketsOfSession)
}

/** The sum of all series of one direction. */
export function messagesIn(metrics: string, direction: string): number {
  const series = new RegExp(
    `^sluice_messages_total\\{.*direction="${direction}".*\\} (\\d+)$`,
    'gm',
  )
  return Array.from(metrics.matchAll(series), ([, count]) => Number(count)).reduce(
    (total, count) => total + count,
    0,
  )
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((fd) => isSocket(join(folder, fd))).length
}

/** One may have been closed since the folder was read. */
function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Its log tells of workers. */
function configuration({ port, servers, folder }: Place): string {
  return `
listeners: ['127.0.0.1:${port}']
upstreams:
  chat:
    endpoints: [${servers.map((server) => `ws://127.0.0.1:${server}`).join(', ')}]
routes:
  - upstream: chat
workers: ${workerCount}
admin: { unix: ${join(folder, adminName)} }
log: { level: info, format: json }
`.trimStart()
}
