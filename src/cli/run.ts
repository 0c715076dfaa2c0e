/**
 * `sluice run`: a gateway from a file or from `--to`, until it is told to leave.
 */
import { writeSync } from 'node:fs'
import { defaultConfigFor } from '../config/default-config.ts'
import type { Config } from '../config/config.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { createLineWriter } from '../telemetry/line-writer.ts'
import { createLog } from '../telemetry/log.ts'
import { accept, readConfig } from './read-config.ts'

export interface RunOptions {
  readonly to?: string
  readonly port?: number
  readonly address?: string
}

/** @returns the exit code, once the gateway has left. */
export async function run(file: string | undefined, options: RunOptions): Promise<number> {
  const config = configFor(file, options)
  if (config === undefined) return 2
  const gateway = startGateway(config)
  if (gateway === undefined) return 1
  await untilTold(gateway)
  return 0
}

/** @returns undefined when something is wrong, which has been said. */
function configFor(
  file: string | undefined,
  { to, port, address }: RunOptions,
): Config | undefined {
  if (to !== undefined && file === undefined)
    return accept(defaultConfigFor({ to, port: port ?? 8080, address }))
  if (to === undefined && port === undefined && address === undefined)
    return readConfig(file ?? 'sluice.yaml')
  console.error(
    '✖ name a file, or --to with --port and --address: a file says itself where it listens',
  )
  return undefined
}

/** @returns undefined when a listener could not be bound, which has been said. */
export function startGateway(config: Config): Gateway | undefined {
  const { level, format = process.stdout.isTTY ? 'pretty' : 'json' } = config.log
  const lines = createLineWriter((bytes) => writeSync(1, bytes))
  const log = createLog({ level, format, write: lines.write })
  process.on('exit', lines.flush)
  const gateway = createGateway(config, log)
  // The connection it happened on is over; the others go on.
  const onMistake = (error: unknown) => log({ type: 'mistake', error })
  process.on('uncaughtException', onMistake)
  process.on('unhandledRejection', onMistake)
  try {
    gateway.start()
    return gateway
  } catch (error) {
    console.error(`✖ ${bindFault(error, config)}`)
    return undefined
  }
}

/**
 * Resolves when SIGTERM or SIGINT has come and the gateway has left. A second one cuts; even the last
 * moments before the process ends are not left to the signals' own meaning, which is another exit code.
 */
export async function untilTold(gateway: Gateway): Promise<void> {
  const left = Promise.withResolvers<void>()
  let isLeaving = false
  const onSignal = () => {
    if (isLeaving) gateway.destroy()
    else void gateway.leave().then(left.resolve)
    isLeaving = true
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  await left.promise
}

/** Why a listener could not be bound, and what to do. */
function bindFault(error: unknown, { listeners }: Config): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const places = listeners.map(({ address, port }) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
  )
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'something listens there already: end it, or take another port',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES:
      'ports below 1024 want more rights: take another port, or give the binary CAP_NET_BIND_SERVICE',
  }
  return `cannot listen on ${places.join(', ')}: ${code}${hints[code] === undefined ? '' : `; ${hints[code]}`}`
}
