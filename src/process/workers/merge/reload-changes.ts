/**
 * What a configuration comes to in several processes, as one: the same changes, with the sessions of all.
 */
import type { ReloadChange } from '../../../core/reload.ts'
import { groupBy, sum } from './answered.ts'

export function mergeReloadChanges(all: readonly (readonly ReloadChange[])[]): ReloadChange[] {
  const keyOf = ({ what, change, note, sessions }: ReloadChange) =>
    JSON.stringify([what, change, note, sessions.fate])
  return groupBy(all.flat(), keyOf).map((each) => ({
    ...each[0],
    sessions: { ...each[0].sessions, count: sum(each, ({ sessions }) => sessions.count) },
  }))
}
