/**
 * The gateway between two ends of `ws`, which compress, cut and end as they like: what arrives is what was
 * sent, whatever the gateway does with it on its way.
 *
 * `DIFFERENTIAL_RUNS` is how many sessions are made up, `DIFFERENTIAL_SEED` makes up the same ones again.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { startTunnel } from '../support/gateway.ts'
import { startPeer, type Line, type Peer } from '../support/peer.ts'
import { agreementFaults } from './agreement.ts'
import { sessionPlan, type SessionPlan } from './session-plan.ts'

const runs = Number(process.env['DIFFERENTIAL_RUNS'] ?? 150)
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? Date.now() % 2 ** 31)
/** Of a session, with its share of shrinking where one fails. */
const runMs = 400

let peer: Peer
beforeAll(async () => {
  peer = await startPeer('ws-sessions.mjs')
})
afterAll(() => peer.stop())

let lastId = 0

async function hold({ route, ...plan }: SessionPlan): Promise<Line> {
  await using gateway = startTunnel(`
listeners: ["127.0.0.1:0"]
routes: [{ upstream: ws://${peer.host}, limits: { message: 4MB, frame: 4MB }${route && `, ${route}`} }]
`)
  const id = `${++lastId}`
  peer.tell({ id, url: `ws://${gateway.host}/`, ...plan })
  return await peer.line((line) => line['id'] === id)
}

test(
  `of ${runs} sessions each brings what was sent, in order, and ends as it was ended (seed ${seed})`,
  async () => {
    await fc.assert(
      fc.asyncProperty(sessionPlan, async (plan) => {
        const result = await hold(plan)
        const faults = [...(result['faults'] as string[]), ...agreementFaults(plan, result)]
        expect(faults).toEqual([])
      }),
      { seed, numRuns: runs, interruptAfterTimeLimit: runs * runMs },
    )
  },
  runs * runMs + 60_000,
)
