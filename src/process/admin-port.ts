/**
 * The admin port of a process through its reloads. At a new place it is bound before the old one is let go;
 * at the same one only who may ask changes.
 */
import { startAdmin, type Admin, type AnswerAdmin } from '../admin/admin.ts'
import type { AdminAccess } from '../admin/guard.ts'
import type { AdminConfig } from '../config/config.ts'
import type { Emit } from '../core/events.ts'
import { formatPlace } from '../core/place.ts'
import type { Prepared } from '../core/reload.ts'
import { adminFault } from './listen-fault.ts'

export interface AdminPortOptions {
  /** What is answered with; asked for when it is first bound. */
  readonly answers: (access: () => AdminAccess) => AnswerAdmin
  readonly emit: Emit
  /** Whether the process that is taken over from has a place, `host:port` or a path. */
  readonly isShared: (place: string) => boolean
}

interface Bound {
  readonly config: AdminConfig
  readonly admin: Admin
}

export class AdminPort {
  readonly #options: AdminPortOptions
  #answer: AnswerAdmin | undefined
  #bound: Bound | undefined
  /** Of whoever asks, at whichever place. */
  #access: AdminAccess = { address: '', unix: undefined, token: undefined }

  constructor(options: AdminPortOptions) {
    this.#options = options
  }

  /** Where it listens, with the port that it got. */
  get places(): readonly string[] {
    if (this.#bound === undefined) return []
    const { config, admin } = this.#bound
    return [formatPlace({ ...config, port: admin.port ?? 0 })]
  }

  /** @param config undefined for none. @throws Error with a sentence if it cannot be bound; then nothing is changed. */
  prepare(config: AdminConfig | undefined): Prepared {
    const before = this.#bound
    const isSame =
      before !== undefined && config !== undefined && isSamePlace(before.config, config)
    const admin = config && (isSame ? before.admin : this.#bind(config))
    return {
      commit: () => {
        this.#bound = config && admin && { config, admin }
        // Who is still answered at the old place was let in by what was said there.
        if (config !== undefined) this.#access = config
        if (!isSame) void before?.admin.stop()
      },
      abandon: () => {
        if (!isSame) void admin?.stop()
      },
    }
  }

  /** Accepts nobody any more; who is being answered is answered to the end. */
  leave(): void {
    this.#bound?.admin.leave()
  }

  /** Resolves when all have their answers, or it has cut them. */
  async stop(): Promise<void> {
    await this.#bound?.admin.stop()
  }

  #bind(config: AdminConfig): Admin {
    const { answers, emit, isShared } = this.#options
    this.#answer ??= answers(() => this.#access)
    try {
      return startAdmin(config, this.#answer, emit, { isShared: isShared(formatPlace(config)) })
    } catch (error) {
      throw new Error(adminFault(error, config), { cause: error })
    }
  }
}

function isSamePlace(before: AdminConfig, after: AdminConfig): boolean {
  return formatPlace(before) === formatPlace(after)
}
