/**
 * What can be done with a gateway as a whole while it serves.
 */
import type { ReloadResult } from './reload.ts'

/** How an upgrade gets on, in this order; `failed` may come in place of any but the last two. */
export type UpgradeStep =
  /** The program was started anew. */
  | { readonly step: 'started'; readonly pid: number }
  /** It serves at the same places; this process accepts nobody any more, and its sessions begin to leave. */
  | {
      readonly step: 'ready'
      readonly pid: number
      readonly version: string
      readonly sessions: number
    }
  /** About once a second. */
  | { readonly step: 'leaving'; readonly sessions: number }
  | { readonly step: 'left' }
  /** This process goes on as if nothing had been. @param problem sentences, several lines where a file is wrong. */
  | { readonly step: 'failed'; readonly problem: string }

export interface Operations {
  /** Takes the configuration anew. One at a time: another one waits for its turn. */
  reload(options: { readonly isDryRun: boolean }): Promise<ReloadResult>
  /** Lets the program, started anew, take over. @returns why it cannot begin, as a sentence; else how it gets on. */
  upgrade(): AsyncIterable<UpgradeStep> | string
}

/** What becomes of what is done with it. */
export type OperationsEvent =
  | {
      /** The configuration was taken anew. Its changes, a line each; none where nothing has changed. */
      readonly type: 'reloaded'
      readonly changes: readonly string[]
    }
  | {
      /** Nothing was changed. */
      readonly type: 'reload-refused'
      readonly problem: string
    }
  | {
      /** The program was started anew, to take over. */
      readonly type: 'upgrade-started'
      readonly pid: number
    }
  | {
      /** The new process serves; the sessions of this one leave. */
      readonly type: 'upgrade-ready'
      readonly pid: number
      readonly version: string
      readonly sessions: number
    }
  | { readonly type: 'upgrade-failed'; readonly problem: string }
  | {
      /** Told by the new process: it has taken over from this one. */
      readonly type: 'took-over'
      readonly pid: number
    }
  | {
      /** A worker serves. */
      readonly type: 'worker-ready'
      readonly worker: number
      readonly pid: number
    }
  | {
      readonly type: 'worker-lost'
      readonly worker: number
      readonly pid: number
      /** A clause: `killed by SIGKILL`, `exit code 1`, `does not answer`. */
      readonly detail: string
      /** undefined: it is not started again. */
      readonly restartsInMs: number | undefined
    }
  /** systemd cannot be told how the gateway is. Told once. @param problem a sentence. */
  | { readonly type: 'notify-failed'; readonly problem: string }
