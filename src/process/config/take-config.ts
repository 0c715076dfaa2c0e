/**
 * Takes the configuration anew. All that can fail is done before anything changes; the change is one step.
 */
import {
  reloadLine,
  type Prepared,
  type ReloadChange,
  type ReloadResult,
} from '../../core/reload.ts'
import type { AdminPort } from '../admin-port.ts'
import type { ConfigSource, LoadedConfig } from './config-source.ts'
import type { Instance } from '../instance.ts'
import { listenFault } from '../listen-fault.ts'
import type { Reporter } from '../reporter.ts'

export interface ConfigTakers {
  readonly source: ConfigSource
  readonly instance: Instance
  readonly admin: AdminPort
  readonly reporter: Reporter
}

export interface Taken {
  readonly result: ReloadResult
  /** undefined where it was not taken. */
  readonly loaded?: LoadedConfig
}

/** @throws only by a mistake of ours. */
export async function takeConfig(takers: ConfigTakers): Promise<Taken> {
  const { emit } = takers.reporter
  const prepared = await prepare(takers)
  if ('problem' in prepared) {
    emit({ type: 'reload-refused', problem: prepared.problem })
    return { result: { outcome: 'refused', problem: prepared.problem } }
  }
  const { loaded, changes } = prepared
  for (const each of prepared.parts) each.commit()
  takers.reporter.configure(loaded.config.log)
  emit({ type: 'reloaded', changes: changes.map(reloadLine) })
  return { loaded, result: { outcome: 'reloaded', changes } }
}

/** What taking it would come to. Nothing changes, and nothing is told but the answer. */
export async function tryConfig({ source, instance }: ConfigTakers): Promise<ReloadResult> {
  const loaded = readAgain(source)
  if ('problem' in loaded) return { outcome: 'refused', problem: loaded.problem }
  try {
    return { outcome: 'tried', changes: await instance.foresee(loaded) }
  } catch (error) {
    return { outcome: 'refused', problem: listenFault(error) }
  }
}

interface PreparedConfig {
  readonly loaded: LoadedConfig
  readonly changes: readonly ReloadChange[]
  readonly parts: readonly Prepared[]
}

async function prepare({
  source,
  instance,
  admin,
}: ConfigTakers): Promise<PreparedConfig | { readonly problem: string }> {
  const loaded = readAgain(source)
  if ('problem' in loaded) return loaded
  let serving: Awaited<ReturnType<Instance['prepare']>> | undefined
  try {
    serving = await instance.prepare(loaded)
    return {
      loaded,
      changes: serving.changes,
      parts: [serving, admin.prepare(loaded.config.admin)],
    }
  } catch (error) {
    serving?.abandon()
    return { problem: listenFault(error, [...instance.places, ...admin.places]) }
  }
}

function readAgain(source: ConfigSource): ReturnType<ConfigSource['read']> {
  if (source.file !== undefined) return source.read()
  return { problem: 'this gateway was started without a configuration file: there is none to take' }
}
