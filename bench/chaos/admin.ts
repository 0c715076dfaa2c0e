// The admin port of a Sluice in the tables, as a Unix socket in its folder.
import { join } from 'node:path'
import type { RunningGateway } from './gateways.ts'

export interface Answer {
  isWell: boolean
  text: string
}

/** The socket in the folder of a gateway, for its configuration. */
export const adminName = 'admin.sock'
/** Of a gateway that has much else to do. */
const patienceMs = 20_000

export async function askAdmin(
  { folder }: Pick<RunningGateway, 'folder'>,
  method: string,
  path: string,
): Promise<Answer> {
  const unix = join(folder, adminName)
  const signal = AbortSignal.timeout(patienceMs)
  const answer = await fetch(`http://localhost${path}`, { method, unix, signal })
  return { isWell: answer.ok, text: await answer.text() }
}
