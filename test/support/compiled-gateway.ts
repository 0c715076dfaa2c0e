/**
 * A gateway of the compiled file: a process of its own, which is heard through its log and told by signals.
 *
 * Its log is a file, so that its start can be waited for where nothing else may happen meanwhile.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import type { GatewayEvent } from '../../src/core/events.ts'
import { followFile } from './followed-file.ts'
import type { ControlledGateway } from './gateway.ts'
import type { Journal } from './journal.ts'
import { readEvent } from './log-events.ts'

export interface CompiledGateway extends ControlledGateway, AsyncDisposable {
  /** Adds to the journal what has happened by now. */
  hear(): void
}

/** More than it takes on a machine that is busy with other tests. */
const startMs = 10_000
const endMs = 10_000

/** @returns when it listens. @throws what it says instead. */
export function startCompiledGateway(
  binary: string,
  yaml: string,
  env: Record<string, string>,
  journal: Journal<GatewayEvent>,
): CompiledGateway {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-compiled-'))
  const complaints = () => readFileSync(join(folder, 'errors'), 'utf8')
  const child = run(binary, folder, yaml, env)
  const log = followFile(join(folder, 'log'), (line) => journal.add(readEvent(line)))
  const eventsOf = <Type extends GatewayEvent['type']>(type: Type) =>
    journal.items.filter(
      (event): event is Extract<GatewayEvent, { type: Type }> => event.type === type,
    )

  const giveUpAt = performance.now() + startMs
  while (eventsOf('capacity').length === 0) {
    const complaint = complaints()
    if (complaint !== '' || performance.now() > giveUpAt) {
      child.kill('SIGKILL')
      log[Symbol.dispose]()
      rmSync(folder, { recursive: true })
      throw new Error(complaint || 'The gateway did not start in time')
    }
    Bun.sleepSync(1)
    log.hear()
  }

  const ended = child.exited.then((exitCode) => {
    log.hear()
    journal.end(new Error(`The gateway has ended with ${exitCode}`))
    return exitCode
  })

  let isTold = false
  async function leave(): Promise<void> {
    if (!isTold) child.kill('SIGTERM')
    isTold = true
    await ended
  }

  /** A second signal cuts, once the first has arrived: the system would make one of the two. */
  async function destroy(): Promise<void> {
    void leave()
    const isLeaving = journal.find((event) => event.type === 'leaving')
    await Promise.race([isLeaving, ended])
    child.kill('SIGTERM')
    await ended
  }

  return {
    listeners: eventsOf('listening').map(({ listener, ...place }) => ({
      name: listener,
      address: '',
      port: 0,
      unix: undefined,
      ...place,
    })),
    get sessions() {
      log.hear()
      return eventsOf('session-opened').length - eventsOf('session-closed').length
    },
    hear: () => log.hear(),
    leave,
    destroy: () => void destroy(),
    async [Symbol.asyncDispose]() {
      const killer = setTimeout(() => child.kill('SIGKILL'), endMs)
      await destroy()
      clearTimeout(killer)
      log[Symbol.dispose]()
      const [exitCode, complaint] = [await ended, complaints()]
      rmSync(folder, { recursive: true })
      if (exitCode !== 0 || complaint !== '')
        throw new Error(`The gateway has ended with ${exitCode}: ${complaint}`)
    },
  }
}

/** What it says comes to stand in the folder, as `log` and `errors`. */
function run(binary: string, folder: string, yaml: string, env: Record<string, string>) {
  const file = join(folder, 'sluice.yaml')
  writeFileSync(file, withWholeLog(yaml))
  const stdout = openSync(join(folder, 'log'), 'a')
  const stderr = openSync(join(folder, 'errors'), 'a')
  const child = Bun.spawn([binary, 'run', file], { cwd: folder, env, stdout, stderr })
  closeSync(stdout)
  closeSync(stderr)
  return child
}

/** The same configuration, with everything logged. */
function withWholeLog(yaml: string): string {
  const document = parseDocument(yaml)
  document.set('log', { level: 'debug', format: 'json' })
  return String(document)
}
