// What is done to servers in order, under the same load: they are restarted one after another, by draining
// each first or by telling it to leave; and there come more of them.
import type { FailoverGateway } from './gateways.ts'
import { Stage, type Size } from './stage.ts'
import type { Totals } from './tally.ts'

export type Change = 'rolling' | 'sigterm' | 'scale-out'

export interface ChangeRun {
  change: Change
  gateway: FailoverGateway
  totals: Totals
  /** What was done, where it is not the same for all gateways. */
  how: string
  /** Sessions of each server, at the end. */
  shares: number[]
  seconds: number
  /** As the gateway counts them, by cause. */
  moves: Record<string, number>
}

const restMs = 1500
const pollMs = 100
/** To move the sessions of one server, and to spread them over all of them. */
const patienceMs = 30_000
/** What counts as an equal share. */
export const shareTolerance = 0.1

/** @returns undefined where the gateway has nothing of the kind. */
export async function runChange(
  change: Change,
  gateway: FailoverGateway,
  size: Size,
): Promise<ChangeRun | undefined> {
  const isScaleOut = change === 'scale-out'
  if (isScaleOut && !gateway.isRebalancing) return undefined
  const places = isScaleOut ? { running: 4, known: 2 } : { running: 3, known: 3 }
  const stage = await Stage.open(gateway, size, places)
  try {
    const startedAtMs = performance.now()
    const how = await steps[change](stage, gateway)
    const seconds = (performance.now() - startedAtMs) / 1000
    const shares = await stage.shares()
    const moves = (await gateway.control?.(stage.gateway).moves?.()) ?? {}
    const totals = await stage.ask<Totals>({ ask: 'finish' })
    return { change, gateway, totals, how, shares, seconds, moves }
  } finally {
    await stage.close()
  }
}

const steps: Record<Change, (stage: Stage, gateway: FailoverGateway) => Promise<string>> = {
  rolling: rollOver,
  sigterm: terminateInTurn,
  'scale-out': scaleOut,
}

async function rollOver(stage: Stage, gateway: FailoverGateway): Promise<string> {
  const control = gateway.control?.(stage.gateway)
  for (const [index, server] of stage.servers.entries()) {
    await control?.drain(server.port, index)
    if (control?.movesSessions === true)
      await until(async () => (await server.sessions()).length === 0)
    await server.restart()
    await control?.undrain(server.port, index)
    await Bun.sleep(restMs)
  }
  if (control === undefined) return 'SIGTERM, 1001'
  return control.movesSessions ? 'drain, wait, SIGTERM' : 'drain, SIGTERM, 1001'
}

async function terminateInTurn(stage: Stage): Promise<string> {
  for (const server of stage.servers) {
    await server.restart()
    await Bun.sleep(restMs)
  }
  return 'SIGTERM, 1001'
}

async function scaleOut(stage: Stage, gateway: FailoverGateway): Promise<string> {
  const control = gateway.control?.(stage.gateway)
  for (const server of stage.servers.slice(2)) await control?.add?.(server.port)
  await until(async () => areEqual(await stage.shares()))
  await Bun.sleep(restMs)
  return 'two more added'
}

export function areEqual(shares: readonly number[]): boolean {
  const fair = shares.reduce((total, share) => total + share, 0) / shares.length
  return shares.every((share) => Math.abs(share - fair) <= fair * shareTolerance)
}

/** Or until it has taken too long: what is missing then shows in the result. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + patienceMs
  while (!(await isSo()) && performance.now() < deadlineMs) await Bun.sleep(pollMs)
}
