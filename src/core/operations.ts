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
