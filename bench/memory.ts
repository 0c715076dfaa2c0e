// How much memory a silent client takes in a gateway that was just started.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { Corpora } from './corpus.ts'
import type { Gateway } from './gateways.ts'
import { runLoad } from './native.ts'
import type { Group } from './row.ts'
import { residentBytes } from './usage.ts'

export interface IdleSample {
  gateway: string
  group: Group
  clients: number
  /** Resident, or, where the gateway tells it, what its collector keeps. */
  bytesPerClient: number
  /** Of all its processes, with all the clients there. */
  residentBytes: number
  errors: number
  firstError: string
}

/** Messages each client exchanges before it is silent, where they are compressed. */
export const idleMessages = 8

// Buffers are grown and code is compiled by the first clients, whoever comes after: they are not
// counted as memory of an idle client. They are few, since what they leave behind others take.
const firstShare = 1 / 40
// For garbage collectors and allocators to return what opening the connections took.
const settleMs = 3000

/** In two waves: the first clients come and go, the others stay. `prefix` puts the load on its core. */
export async function measureIdle(
  gateway: Gateway,
  clients: number,
  corpora: Corpora | undefined,
  prefix: string[],
): Promise<IdleSample> {
  const isCompressed = gateway.group === 'compression' && corpora !== undefined
  const load = {
    mode: 'idle',
    inFlight: 1,
    payload: isCompressed ? corpora.common.file : 64,
    tls: gateway.group === 'tls' ? 'full' : 'off',
    deflate: gateway.deflate,
    opening: isCompressed ? idleMessages : 1,
    seconds: 1,
    warmSeconds: 1,
  } as const
  const firstClients = Math.ceil(clients * firstShare)
  const first = await runLoad(prefix, gateway.port, { ...load, clients: firstClients }, () => {})
  await Bun.sleep(settleMs)
  const before = await heldBytes(gateway)
  let after = 0
  let resident = 0
  const second = await runLoad(prefix, gateway.port, { ...load, clients }, async () => {
    await Bun.sleep(settleMs)
    resident = residentBytes(gateway.pid)
    after = await heldBytes(gateway)
  })
  return {
    gateway: gateway.name,
    group: gateway.group,
    clients,
    bytesPerClient: (after - before) / clients,
    residentBytes: resident,
    errors: first.errors + second.errors,
    firstError: first.firstError || second.firstError,
  }
}

/**
 * What is resident differs by a kilobyte a client from one start to the next; what the collector keeps does not,
 * so that a difference of two hundred bytes can be seen.
 */
async function heldBytes({ pid, liveFile }: Gateway): Promise<number> {
  if (liveFile === undefined) return residentBytes(pid)
  rmSync(liveFile, { force: true })
  process.kill(pid, 'SIGWINCH')
  while (!existsSync(liveFile)) await Bun.sleep(20)
  return Number(readFileSync(liveFile, 'utf8'))
}
