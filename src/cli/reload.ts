/**
 * `sluice reload`: lets the running gateway take its file anew, or say what that would change.
 */
import type { ReloadAnswer } from '../admin/reload-answers.ts'
import { findAdminAnyhow, type AdminOptions, type AdminPlace } from './admin-place.ts'
import { requestAdmin, sayRefusal, type Reply } from './ask-admin.ts'
import { readable } from './readable.ts'

export interface ReloadOptions extends AdminOptions {
  readonly dryRun?: boolean
}

/** Plugins are loaded, certificates read, every worker made ready; and another one may be under way. */
const timeoutMs = 60_000

/** @returns the exit code. */
export async function reload(file: string, options: ReloadOptions): Promise<0 | 1 | 2> {
  const found = findAdminAnyhow(file, options)
  if (found === undefined) {
    console.error('  nothing has changed: the gateway goes on, and was not asked')
    return 2
  }
  const { place, problem } = found
  const path = options.dryRun === true ? '/reload?dry-run=true' : '/reload'
  const reply = await requestAdmin(place, 'POST', path, timeoutMs)
  if (reply === undefined) {
    if (problem !== undefined) console.error(problem)
    return 1
  }
  if (reply.status !== 200) return sayRefused(reply, place)
  console.info(options.json === true ? JSON.stringify(reply.value) : format(reply))
  return 0
}

function format({ value }: Reply): string {
  const { outcome, changes } = value as ReloadAnswer
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`
  const nothing = 'nothing in the file has changed'
  const head = {
    reloaded: changes.length === 0 ? `reloaded: ${nothing}` : `reloaded, ${count}:`,
    tried:
      changes.length === 0
        ? `the file can be taken: ${nothing}`
        : `the file can be taken; nothing was done yet. sluice reload makes ${count}:`,
  }[outcome]
  const lines = changes.map(({ line }) => `  ${readable(line)}`)
  const notTried =
    outcome === 'tried' && changes.length > 0
      ? ['  ports are not bound by a dry run: whether they are free is not known']
      : []
  return [`✔ ${head}`, ...lines, ...notTried].join('\n')
}

/** @returns the exit code: 2 where it is the configuration that is not taken. */
function sayRefused(reply: Reply, place: AdminPlace): 1 | 2 {
  const { status, value } = reply
  const hasDetail = typeof value === 'object' && value !== null && 'detail' in value
  if (status !== 422 || !hasDetail) {
    sayRefusal(reply, place)
    return 1
  }
  const problem = readable(String(value.detail)).trimEnd()
  // Problems of a file come as `sluice check` prints them.
  console.error(problem.startsWith('✖') ? problem : `✖ ${problem}`)
  console.error('  nothing has changed: the gateway goes on with the configuration it has')
  return 2
}
