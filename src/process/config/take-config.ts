/**
 * Takes the configuration anew. All that can fail is done before anything changes; the change is one step.
 */
import { reloadLine, type Prepared, type ReloadResult } from '../../core/reload.ts'
import type { AdminPort } from '../admin-port.ts'
import type { ConfigSource, LoadedConfig } from './config-source.ts'
import type { Instance, PreparedInstance } from '../instance.ts'
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

/**
 * @param objection why it is not to be taken after all, as a sentence, asked for when everything is ready.
 * @throws only by a mistake of ours.
 */
export async function takeConfig(
  takers: ConfigTakers,
  objection: () => string | undefined,
): Promise<Taken> {
  const { emit } = takers.reporter
  const prepared = withObjection(await prepare(takers), objection())
  if ('problem' in prepared) {
    emit({ type: 'reload-refused', problem: prepared.problem })
    return { result: { outcome: 'refused', problem: prepared.problem } }
  }
  const { loaded, serving, admin } = prepared
  const { changes } = serving
  const taken = serving.commit()
  admin.commit()
  takers.reporter.configure(loaded.config.log)
  await taken
  emit({ type: 'reloaded', changes: changes.map(reloadLine) })
  return { loaded, result: { outcome: 'reloaded', changes } }
}

/** Abandons what is ready where something speaks against it. */
function withObjection(prepared: Preparation, problem: string | undefined): Preparation {
  if ('problem' in prepared || problem === undefined) return prepared
  prepared.serving.abandon()
  prepared.admin.abandon()
  return { problem }
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

type Preparation = PreparedConfig | { readonly problem: string }

interface PreparedConfig {
  readonly loaded: LoadedConfig
  readonly serving: PreparedInstance
  readonly admin: Prepared
}

async function prepare({ source, instance, admin }: ConfigTakers): Promise<Preparation> {
  const loaded = readAgain(source)
  if ('problem' in loaded) return loaded
  let serving: PreparedInstance | undefined
  try {
    serving = await instance.prepare(loaded)
    return { loaded, serving, admin: admin.prepare(loaded.config.admin) }
  } catch (error) {
    serving?.abandon()
    return { problem: listenFault(error) }
  }
}

function readAgain(source: ConfigSource): ReturnType<ConfigSource['read']> {
  if (source.file !== undefined) return source.read()
  return { problem: 'this gateway was started without a configuration file: there is none to take' }
}
