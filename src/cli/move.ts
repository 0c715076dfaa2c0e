/**
 * `sluice sessions move`: lets one session of the running gateway go on at another server.
 */
import type { Moved } from '../proxy/move-session.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'

export interface MoveOptions extends AdminOptions {
  /** The URL of an endpoint. */
  readonly to?: string
}

/** @returns the exit code. */
export async function move(id: string, file: string, options: MoveOptions): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const query = new URLSearchParams(options.to === undefined ? {} : { to: options.to })
  const path = `/sessions/${encodeURIComponent(id)}/move?${query.toString()}`
  // Without the rest while it is still on its way.
  const moved = await askAdmin<Partial<Moved>>(place, 'POST', path)
  if (moved === undefined) return 1
  const { session = id, from, to } = moved
  const words =
    to === undefined
      ? `${session} is on its way; sluice sessions shows where it is`
      : `${session} goes on at ${to}, and no more at ${from}`
  console.info(options.json === true ? JSON.stringify(moved) : `✔ ${words}`)
  return 0
}
