/**
 * `sluice run`: a gateway from a file or from `--to`, until it is told to leave.
 */
import { defaultConfigFor } from '../config/default-config.ts'
import { createFileSource, formatLoaded } from '../process/config/config-file.ts'
import type { ConfigSource } from '../process/config/config-source.ts'
import { startProcess } from '../process/operate.ts'
import { ownArguments, ownProgram } from '../process/own-program.ts'
import { createSingle } from '../process/single.ts'
import { createSupervisor } from '../process/workers/supervisor.ts'
import { builtIn } from '../registry.ts'

export interface RunOptions {
  readonly to?: string
  readonly port?: number
  readonly address?: string
  readonly watch?: boolean
}

/** @returns the exit code, once the gateway has left. */
export async function run(file: string | undefined, options: RunOptions): Promise<number> {
  const source = sourceFor(file, options)
  if (typeof source === 'string') {
    console.error(`✖ ${source}`)
    return 2
  }
  const running = await startProcess({
    source,
    createInstance: (parts) =>
      parts.loaded.config.workers > 1 ? createSupervisor(parts) : createSingle(parts),
    command: [...ownProgram, ...ownArguments],
    isWatching: options.watch === true,
  })
  return typeof running === 'number' ? running : running.ended
}

/** @returns why there is none, as a sentence. */
function sourceFor(
  file: string | undefined,
  { to, port, address, watch }: RunOptions,
): ConfigSource | string {
  if (to === undefined && port === undefined && address === undefined)
    return createFileSource(file ?? 'sluice.yaml')
  if (to === undefined || file !== undefined)
    return 'name a file, or --to with --port and --address: a file says itself where it listens'
  if (watch === true) return '--watch wants a file that can change; with --to there is none'
  return createOptionsSource(to, port ?? 8080, address)
}

function createOptionsSource(to: string, port: number, address: string | undefined): ConfigSource {
  return {
    file: undefined,
    read({ hasColours } = { hasColours: false }) {
      const loaded = defaultConfigFor({ registry: builtIn, to, port, address })
      if (!loaded.ok) return { problem: formatLoaded(loaded, hasColours) }
      return { config: loaded.config, written: undefined }
    },
  }
}
