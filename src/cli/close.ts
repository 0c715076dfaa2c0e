/**
 * `sluice close`: ends one session of the running gateway.
 */
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'

export interface CloseOptions extends AdminOptions {
  readonly code?: string
  readonly reason?: string
}

/** @returns the exit code. */
export async function close(id: string, file: string, options: CloseOptions): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const query = new URLSearchParams()
  if (options.code !== undefined) query.set('code', options.code)
  if (options.reason !== undefined) query.set('reason', options.reason)
  const path = `/sessions/${encodeURIComponent(id)}?${query.toString()}`
  const closed = await askAdmin<{ session: string }>(place, 'DELETE', path)
  if (closed === undefined) return 1
  console.info(options.json === true ? JSON.stringify(closed) : `✔ closing ${closed.session}`)
  return 0
}
