/**
 * `sluice run`: a gateway from a file or from `--to`, until it is told to leave.
 */
import { writeSync } from 'node:fs'
import { defaultConfigFor } from '../config/default-config.ts'
import type { Config } from '../config/config.ts'
import { startAdmin, type Admin } from '../admin/admin.ts'
import { createResources } from '../admin/resources.ts'
import type { Emit } from '../core/events.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { builtIn } from '../registry.ts'
import { createLineWriter } from '../telemetry/line-writer.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { adminFault, listenFault } from './listen-fault.ts'
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
  const running = await startGateway(config)
  if (running === undefined) return 1
  await untilTold(running)
  return 0
}

/** @returns undefined when something is wrong, which has been said. */
function configFor(
  file: string | undefined,
  { to, port, address }: RunOptions,
): Config | undefined {
  if (to !== undefined && file === undefined)
    return accept(defaultConfigFor({ registry: builtIn, to, port: port ?? 8080, address }))
  if (to === undefined && port === undefined && address === undefined)
    return readConfig(file ?? 'sluice.yaml')
  console.error(
    '✖ name a file, or --to with --port and --address: a file says itself where it listens',
  )
  return undefined
}

/** A gateway, and its admin port if it has one. */
export interface Running {
  readonly gateway: Gateway
  readonly admin: Admin | undefined
}

/** @returns undefined when it could not be started, which has been said. */
export async function startGateway(config: Config): Promise<Running | undefined> {
  const { level, format = process.stdout.isTTY ? 'pretty' : 'json' } = config.log
  const lines = createLineWriter((bytes) => writeSync(1, bytes))
  const log = createLog({ level, format, write: lines.write })
  process.on('exit', lines.flush)
  const metrics = createMetrics()
  const emit: Emit = (event) => {
    metrics.emit(event)
    log(event)
  }
  // The connection it happened on is over; the others go on.
  const onMistake = (error: unknown) => emit({ type: 'mistake', error })
  process.on('uncaughtException', onMistake)
  process.on('unhandledRejection', onMistake)
  // Scripts written for other servers send these to reload or to reopen logs: no reason to cut anybody.
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => emit({ type: 'signal-ignored', signal }))
  let gateway: Gateway | undefined
  let admin: Admin | undefined
  const { admin: place } = config
  try {
    gateway = createGateway(config, emit)
    // Before the listeners, so that probes are told that the gateway is starting.
    if (place !== undefined)
      admin = startAdmin(
        place,
        createResources({ gateway, metrics }, () => place),
        emit,
      )
    gateway.start()
    return { gateway, admin }
  } catch (error) {
    // What failed is what was to come next.
    const isOfAdmin = gateway !== undefined && admin === undefined && place !== undefined
    console.error(`✖ ${isOfAdmin ? adminFault(error, place) : listenFault(error)}`)
    gateway?.destroy()
    await admin?.stop()
    return undefined
  }
}

/**
 * Resolves when SIGTERM or SIGINT has come and the gateway has left, its admin port last. A second one
 * cuts; even the last moments are not left to the signals' own meaning, which is another exit code.
 */
export async function untilTold({ gateway, admin }: Running): Promise<void> {
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
  await admin?.stop()
}
