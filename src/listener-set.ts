/**
 * The listeners of a gateway: bound together, changed together, and ended together.
 *
 * One that listens where another did before is the same socket with other options, whatever it is called
 * now: clients that wait in its queue see no difference.
 */
import type { ListenerConfig } from './config/config.ts'
import type { ConfigChange, Prepared } from './core/reload.ts'
import type { Emit } from './core/events.ts'
import { formatPlace, tellPlace } from './core/place.ts'
import type { Listener } from './listener/listener.ts'

interface Bound {
  readonly config: ListenerConfig
  readonly listener: Listener
}

export class ListenerSet {
  readonly #bind: (config: ListenerConfig) => Listener
  readonly #emit: Emit
  #bound: readonly Bound[] = []
  /** Those that accept nobody any more, and still have clients. */
  readonly #retired = new Set<Listener>()

  /** @param bind throws what says why it cannot. */
  constructor(bind: (config: ListenerConfig) => Listener, emit: Emit) {
    this.#bind = bind
    this.#emit = emit
  }

  /** In the order of the configuration. */
  get all(): readonly Listener[] {
    return this.#bound.map(({ listener }) => listener)
  }

  /** @throws what the first that cannot be bound throws; then none is. */
  start(configs: readonly ListenerConfig[]): void {
    this.prepare(configs, []).commit()
  }

  /** @param changes from what is so now. @throws as `start`; then nothing is changed. */
  prepare(configs: readonly ListenerConfig[], changes: readonly ConfigChange[]): Prepared {
    const changed = new Set(
      changes.flatMap(({ part, name }) => (part === 'listener' ? [name] : [])),
    )
    const left = new Set(this.#bound)
    const next: Bound[] = []
    const added: Listener[] = []
    const updates: Prepared[] = []
    try {
      for (const config of configs) {
        const known = takeFitting(left, config)
        const listener = known?.listener ?? this.#bind(config)
        next.push({ config, listener })
        if (known === undefined) added.push(listener)
        else if (changed.has(config.name) || known.config.name !== config.name)
          updates.push(listener.prepare(config))
      }
    } catch (error) {
      abandon()
      throw error
    }

    function abandon(): void {
      for (const update of updates) update.abandon()
      for (const listener of added) listener.destroy()
    }
    return {
      abandon,
      commit: () => {
        this.#bound = next
        for (const listener of added) {
          listener.start()
          this.#emit({ type: 'listening', listener: listener.name, ...tellPlace(listener) })
        }
        for (const update of updates) update.commit()
        for (const { listener } of left) this.#retire(listener)
      },
    }
  }

  /** @returns when no client is left, those of sessions aside. */
  async leave(options?: { readonly isTakenOver: boolean }): Promise<void> {
    await Promise.all([...this.all, ...this.#retired].map((listener) => listener.leave(options)))
  }

  destroy(): void {
    for (const listener of [...this.all, ...this.#retired]) listener.destroy()
  }

  #retire(listener: Listener): void {
    this.#retired.add(listener)
    void listener.leave().then(() => this.#retired.delete(listener))
  }
}

/** By its place; of several at any free port by the name. */
function takeFitting(left: Set<Bound>, wanted: ListenerConfig): Bound | undefined {
  const fits = ({ config }: Bound) =>
    formatPlace(config) === formatPlace(wanted) &&
    (config.port !== 0 || config.unix !== undefined || config.name === wanted.name)
  const found = [...left].find(fits)
  if (found !== undefined) left.delete(found)
  return found
}
