// How much memory a silent client takes in a gateway that was just started.
import type { Corpus } from './corpus.ts'
import type { Gateway } from './gateways.ts'
import { runLoad, type LoadResult } from './native.ts'
import type { Group } from './row.ts'
import { residentBytes } from './usage.ts'

export interface IdleSample {
  gateway: string
  group: Group
  clients: number
  bytesPerClient: number
  /** Of all its processes, with all the clients there. */
  residentBytes: number
  errors: number
  firstError: string
}

/** Messages each client exchanges before it is silent, where they are compressed. */
export const idleMessages = 8

// Buffers are grown and code is compiled by the first clients, whoever comes after: they are not
// counted as memory of an idle client.
const firstClients = 200
// For garbage collectors and allocators to return what opening the connections took.
const settleMs = 3000

const idle = { mode: 'idle', inFlight: 1, seconds: 1, warmSeconds: 1 } as const

/** Of clients that have exchanged a message of 64 bytes. `prefix` puts the load on its core. */
export async function measureIdle(
  gateway: Gateway,
  clients: number,
  prefix: string[],
): Promise<IdleSample> {
  const tls = gateway.group === 'tls' ? 'full' : 'off'
  const load = { ...idle, payload: 64, tls, deflate: gateway.deflate } as const
  const first = await runLoad(prefix, gateway.port, { ...load, clients: firstClients }, () => {})
  await Bun.sleep(settleMs)
  const before = residentBytes(gateway.pid)
  let after = 0
  const second = await runLoad(prefix, gateway.port, { ...load, clients }, async () => {
    await Bun.sleep(settleMs)
    after = residentBytes(gateway.pid)
  })
  return sampleOf(gateway, clients, before, after, [first, second])
}

/**
 * Of clients that have exchanged compressed messages. They come in two waves of `clients` each, and the
 * second is counted while the first is still there: what is made once and what is kept for the next one
 * who needs it is there already.
 */
export async function measureIdleCompressed(
  gateway: Gateway,
  clients: number,
  corpus: Corpus,
  prefix: string[],
): Promise<IdleSample> {
  const load = {
    ...idle,
    payload: corpus.file,
    tls: 'off',
    deflate: gateway.deflate,
    opening: idleMessages,
    clients,
  } as const
  let before = 0
  let after = 0
  let second: LoadResult | undefined
  const first = await runLoad(prefix, gateway.port, load, async () => {
    await Bun.sleep(settleMs)
    before = residentBytes(gateway.pid)
    second = await runLoad(prefix, gateway.port, load, async () => {
      await Bun.sleep(settleMs)
      after = residentBytes(gateway.pid)
    })
  })
  return sampleOf(gateway, clients, before, after, second ? [first, second] : [first])
}

function sampleOf(
  { name, group }: Gateway,
  clients: number,
  before: number,
  after: number,
  results: LoadResult[],
): IdleSample {
  return {
    gateway: name,
    group,
    clients,
    bytesPerClient: (after - before) / clients,
    residentBytes: after,
    errors: results.reduce((sum, { errors }) => sum + errors, 0),
    firstError: results.find(({ errors }) => errors > 0)?.firstError ?? '',
  }
}
