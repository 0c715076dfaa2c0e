/**
 * What is answered to who lets the gateway take its configuration anew.
 */
import type { Operations } from '../core/operations.ts'
import { reloadLine } from '../core/reload.ts'
import { badQuery, json, problem } from './answer.ts'
import { parameterFault, readFlag } from './parameters.ts'

/** What `POST /reload` answers with. */
export interface ReloadAnswer {
  readonly outcome: 'reloaded' | 'tried'
  /** In words as the log has it, and in parts. */
  readonly changes: readonly { readonly line: string }[]
}

/** 422 where the configuration is not taken, with why as it is to be printed. */
export async function reload(operations: Operations, query: URLSearchParams): Promise<Response> {
  const options = readReload(query)
  if (typeof options === 'string') return badQuery(options)
  const result = await operations.reload(options)
  if (result.outcome === 'refused') return problem({ ...refused, detail: result.problem })
  const { outcome } = result
  const changes = result.changes.map((change) => ({ ...change, line: reloadLine(change) }))
  return json({ outcome, changes } satisfies ReloadAnswer)
}

const refused = { status: 422, title: 'The configuration is not taken, and nothing has changed' }

/** `dry-run`, or nothing. @returns what is wrong, as a sentence. */
function readReload(query: URLSearchParams): { readonly isDryRun: boolean } | string {
  const fault = parameterFault(query, ['dry-run'])
  if (fault !== undefined) return fault
  const isDryRun = readFlag(query.get('dry-run') ?? 'false')
  return isDryRun === undefined ? 'dry-run is true or false' : { isDryRun }
}
