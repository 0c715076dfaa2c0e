// Sluice as the table reloads it: by signal and through the admin port, and what it then says.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { logName } from '../../gateways.ts'
import { askAdmin } from '../admin.ts'
import { fileName, type RunningGateway } from '../gateways.ts'
import { LogTail } from '../log-tail.ts'

export type Way = 'SIGHUP' | 'POST /reload'

export interface Told {
  outcome: 'reloaded' | 'refused' | 'nothing told'
  /** What has changed, a line each; or what is wrong. */
  words: string
}

export class ReloadedSluice {
  readonly #running: RunningGateway
  readonly #log: LogTail

  constructor(running: RunningGateway) {
    this.#running = running
    this.#log = new LogTail(join(running.folder, logName))
  }

  write(text: string): void {
    writeFileSync(join(this.#running.folder, fileName), text)
  }

  /** @returns when it says what has become of it. */
  reload(way: Way): Promise<Told> {
    return way === 'SIGHUP' ? this.#signal() : this.#post('/reload')
  }

  /** What the file would change; undefined: it could not be asked, or the file is wrong. */
  async foresee(): Promise<readonly string[] | undefined> {
    const { isWell, text } = await askAdmin(this.#running, 'POST', '/reload?dry-run=true')
    return isWell ? changesIn(JSON.parse(text)) : undefined
  }

  /** All that a reload could have changed, without what changes by itself. */
  async state(): Promise<State> {
    const answers = await Promise.all(
      ['/status', '/upstreams'].map((path) => askAdmin(this.#running, 'GET', path)),
    )
    return stateOf(answers.map(({ text }) => JSON.parse(text) as unknown))
  }

  /** Whether the upstream of the load has an endpoint at this port. */
  async hasEndpoint(port: number): Promise<boolean> {
    const { text } = await askAdmin(this.#running, 'GET', '/upstreams/chat')
    return text.includes(`"ws://127.0.0.1:${port}"`)
  }

  close(): void {
    this.#log.close()
  }

  async #signal(): Promise<Told> {
    this.#log.skip()
    process.kill(this.#running.pid, 'SIGHUP')
    const isTold = ({ event }: { event: string }) =>
      event === 'reloaded' || event === 'reload-refused'
    const line = await this.#log.find(isTold, tellMs)
    if (line === undefined) return { outcome: 'nothing told', words: '' }
    if (line.event === 'reload-refused')
      return { outcome: 'refused', words: String(line['problem']) }
    return { outcome: 'reloaded', words: changesIn(line).join('\n') }
  }

  async #post(path: string): Promise<Told> {
    const { isWell, text } = await askAdmin(this.#running, 'POST', path)
    const body: unknown = JSON.parse(text)
    if (isWell && fieldOf(body, 'outcome') !== 'refused')
      return { outcome: 'reloaded', words: changesIn(body).join('\n') }
    const words = ['problem', 'detail', 'title'].map((name) => fieldOf(body, name))
    return { outcome: 'refused', words: words.find((each) => each !== undefined) ?? '' }
  }
}

const tellMs = 10_000
/** Fields that go on by themselves, or that asking changes. */
const restless = new Set(['uptimeMs', 'stateMs', 'latencyMs', 'sockets'])

/** Told by how long ago it was: so a time differs by milliseconds each time it is asked for. */
const sameTimeMs = 50

/** What is shown, and the times in it. */
export interface State {
  shown: string
  sinceMs: readonly number[]
}

export function stateOf(answers: readonly unknown[]): State {
  const sinceMs: number[] = []
  const shown = JSON.stringify(answers, (name, value: unknown) => {
    if (name === 'since') sinceMs.push(Date.parse(String(value)))
    return restless.has(name) || name === 'since' ? undefined : value
  })
  return { shown, sinceMs }
}

export function isSameState(one: State, other: State): boolean {
  const isSameTime = (ms: number, index: number) =>
    Math.abs(ms - (other.sinceMs[index] ?? Infinity)) <= sameTimeMs
  return one.shown === other.shown && one.sinceMs.every(isSameTime)
}

function fieldOf(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const value: unknown = Reflect.get(body, name)
  return typeof value === 'string' ? value : undefined
}

/** Lines of the log are text already; those of the admin port are beside their parts. */
function changesIn(body: unknown): string[] {
  const changes: unknown = typeof body === 'object' && body !== null && Reflect.get(body, 'changes')
  if (!Array.isArray(changes)) return []
  return changes.map((change: unknown) =>
    typeof change === 'string' ? change : (fieldOf(change, 'line') ?? JSON.stringify(change)),
  )
}
