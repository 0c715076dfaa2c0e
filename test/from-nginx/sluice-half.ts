/**
 * Sluice with its half of an example, in the test's own process, and what the page types at it.
 *
 * Listeners get free ports of this machine, or sockets in the test's folder; all else is as written.
 */
import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatProblems } from '../../src/config/report.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { startAdminOf } from '../support/admin.ts'
import { runCommand } from '../support/command.ts'
import { loadConfig } from '../support/load-config.ts'
import type { Place } from './visit.ts'

const secret = 'for the examples of a page and nothing else'

export interface SluiceHalf {
  readonly gateway: Gateway
  /** What the page calls a listener → where it is. */
  readonly places: ReadonlyMap<string, Place>
}

export function startSluiceHalf(
  yaml: string,
  folder: string,
  stack: AsyncDisposableStack,
): SluiceHalf {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const env = { SLUICE_SECRET: secret }
  const loaded = loadConfig(yaml, { file: 'sluice.yaml', env, readFile })
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems, { colours: false }))
  const { listeners } = loaded.config
  const sockets = listeners.map(({ unix }, index) =>
    unix === undefined ? undefined : join(folder, `sluice-${index}.sock`),
  )
  const relocated = listeners.map((listener, index) => ({
    ...listener,
    address: '127.0.0.1',
    port: 0,
    unix: sockets[index],
  }))
  const mistakes: unknown[] = []
  const gateway = createGateway({ ...loaded.config, listeners: relocated }, (event) => {
    if (event.type === 'mistake') mistakes.push(event.error)
  })
  gateway.start()
  stack.defer(() => {
    gateway.destroy()
    if (mistakes.length > 0) throw mistakes[0]
  })
  const places = listeners.map(({ port, unix }, index): [string, Place] => [
    unix ?? String(port),
    sockets[index] ?? gateway.listeners[index]?.port ?? 0,
  ])
  return { gateway, places: new Map(places) }
}

/** Types it at an admin port of the gateway, and expects that it is done. @param command `sluice upstreams …` */
export async function type(gateway: Gateway, command: string): Promise<void> {
  const token = 's3cret'
  await using admin = await startAdminOf({ gateway, metrics: createMetrics() }, { token })
  const [, ...args] = command.split(' ')
  const typed = await runCommand([...args, '--admin', admin.url], { env: { SLUICE_TOKEN: token } })
  expect(typed).toMatchObject({ exitCode: 0, stderr: '' })
}
