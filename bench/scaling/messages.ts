// CPU time of the gateway for messages of several sizes: each client has one under way, so that a message
// is a read and a write of its own, as with a million clients that each say little.
import { runLoad } from '../native.ts'
import { cpuNs } from '../usage.ts'
import type { Kind, SizeCost } from './figures.ts'
import { settingsOf, startSluice, type Bench } from './gateway.ts'

export interface MessageFigures {
  costs: SizeCost[]
}

const durations = { seconds: 1.5, warmSeconds: 0.5 }
const sizes = [64, 1024, 16 * 1024]

export async function measureMessages(bench: Bench, kind: Kind): Promise<MessageFigures> {
  const gateway = await startSluice(settingsOf(bench, kind))
  const costs: SizeCost[] = []
  for (const [bytes, payload] of payloadsOf(bench, kind)) {
    const load = {
      mode: 'messages',
      // Enough to be many, few enough for the buffers of a load generator with 16 KB each.
      clients: 200,
      inFlight: 1,
      payload,
      tls: kind === 'tls' ? 'full' : 'off',
      deflate: kind === 'compressed' ? 'single' : 'off',
      ...durations,
    } as const
    let beforeNs = 0
    const result = await runLoad(bench.placement.load, gateway.port, load, () => {
      beforeNs = cpuNs(gateway.pid)
    })
    if (result.errors > 0) throw new Error(`Messages were lost: ${result.firstError}`)
    const roundTripUs = (cpuNs(gateway.pid) - beforeNs) / 1000 / result.done
    costs.push({ bytes: Math.round(bytes), us: roundTripUs / 2 })
  }
  await gateway.stop()
  return { costs }
}

/** Bytes of a message, and what the load generator sends. */
function payloadsOf({ corpora }: Bench, kind: Kind): [number, number | string][] {
  if (kind !== 'compressed') return sizes.map((bytes) => [bytes, bytes])
  return corpora.all
    .filter(({ name }) => name.startsWith('json'))
    .map(({ bytes, file }) => [bytes, file])
}
