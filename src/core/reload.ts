/**
 * What becomes of a configuration that is taken while the gateway runs.
 */

/** The keys of a configuration that changes are told of by. */
export type ChangedPart =
  | 'listener'
  | 'upstream'
  | 'route'
  | 'secret'
  | 'plugins'
  | 'limits'
  | 'leave'
  | 'workers'
  | 'admin'
  | 'log'

/** What differs between two configurations in one of their parts. */
export interface ConfigChange {
  readonly part: ChangedPart
  /** Of the listener, upstream or route; empty for parts of which there is one. */
  readonly name: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** The keys of the part that differ, as files have them: `limits`, `balancer`. Empty unless `changed`. */
  readonly keys: ReadonlySet<string>
  /** `limits.messages 50/s → 80/s, timeout.idle off → 1h`, without secrets; empty unless `changed`. */
  readonly words: string
}

/** The same, with what it comes to here. */
export interface ReloadChange {
  /** `route chat`. */
  readonly what: string
  /** `added`, `removed`, or what has changed, in words. */
  readonly change: string
  /** Sessions it concerns, and what they do: go by it, move to another endpoint, are closed at a pace, or go on as they are. */
  readonly sessions: {
    readonly count: number
    readonly fate: 'follow' | 'move' | 'leave' | 'stay'
  }
  /** A clause: `for sessions to come`, `takes effect with sluice upgrade`. */
  readonly note: string | undefined
}

export type ReloadResult =
  | {
      /** `tried`: a dry run. Nothing has changed in the file: no changes. */
      readonly outcome: 'reloaded' | 'tried'
      readonly changes: readonly ReloadChange[]
    }
  | {
      /** Nothing is changed. */
      readonly outcome: 'refused'
      /** What is wrong, as it is to be printed; several lines where the file is wrong. */
      readonly problem: string
    }

/** Something that is ready to take effect at once, and has not yet. One of the two MUST be called, once. */
export interface Prepared {
  commit(): void
  abandon(): void
}

/** `route chat: limits.messages 50/s → 80/s; 412 sessions follow`. */
export function reloadLine({ what, change, sessions, note }: ReloadChange): string {
  const { count, fate } = sessions
  const told =
    count === 0 ? [] : [`${count} session${count === 1 ? ' ' : 's '}${fateOf(count)[fate]}`]
  return [`${what}: ${change}`, ...told, ...(note === undefined ? [] : [note])].join('; ')
}

function fateOf(count: number) {
  return count === 1
    ? { follow: 'follows', move: 'moves', leave: 'leaves', stay: 'goes on as it is' }
    : { follow: 'follow', move: 'move', leave: 'leave', stay: 'go on as they are' }
}
