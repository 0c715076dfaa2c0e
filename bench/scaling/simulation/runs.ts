// Whole runs: a world, what happens to it, and what came of that.
import { leaveMachine, loseMachine, loseServer, upgradeAll, type Leave } from './happenings.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import type { Settings } from './settings.ts'
import { World } from './world.ts'

// Whoever is not back by then is stuck, which is said.
const patienceMs = 15 * 60_000
// The last second of a run is whole, so that its sample is of all of it.
const lastSampleMs = 1000
/** From the end of a process until the next one listens, and between two machines. */
const restartMs = 5000
const pauseMs = 10_000

type Leaving = Pick<Leave, 'windowMs' | 'isTakenOver'>

export interface UpgradeOutcome extends Outcome {
  /** Of a machine, when all are done. */
  fewestSessions: number
  mostSessions: number
}

export interface ServerLossOutcome {
  moved: number
  medianMs: number
  allMs: number
  peakBusy: number
}

/** The first machine is gone from one moment to the next. */
export function runMachineLoss(settings: Settings): Outcome {
  const world = new World(settings)
  loseMachine(world, 0)
  world.engine.run(patienceMs, () => world.population.waiting === 0)
  return end(world, 0)
}

/** The first machine leaves; its clients are away until it has. */
export function runLeave(settings: Settings, { windowMs, isTakenOver }: Leaving): Outcome {
  const world = new World(settings)
  let isDone = false
  leaveMachine(world, 0, { windowMs, isTakenOver, restartMs }, () => (isDone = true))
  world.engine.run(windowMs + patienceMs, () => isDone && world.population.waiting === 0)
  return end(world, isTakenOver ? undefined : 0)
}

/** All of them, one after the other or, where they are taken over, at once. */
export function runUpgrade(
  settings: Settings,
  { windowMs, isTakenOver, isAtOnce = false }: Leaving & { isAtOnce?: boolean },
): UpgradeOutcome {
  const world = new World(settings)
  const leave = { windowMs, isTakenOver, restartMs }
  let left = isAtOnce ? settings.machines : 1
  if (isAtOnce) {
    for (let machine = 0; machine < settings.machines; machine++)
      leaveMachine(world, machine, leave, () => left--)
  } else upgradeAll(world, leave, pauseMs, () => left--)
  const eachMs = windowMs + restartMs + pauseMs
  const untilMs = settings.machines * eachMs + patienceMs
  world.engine.run(untilMs, () => left === 0 && world.population.waiting === 0)
  const outcome = end(world)
  const sessions = Array.from({ length: settings.machines }, (_, machine) =>
    world.processesOf(machine).reduce((sum, process) => sum + process.sessions, 0),
  )
  return {
    ...outcome,
    fewestSessions: Math.min(...sessions),
    mostSessions: Math.max(...sessions),
  }
}

/** The first server dies; nobody else is told. */
export function runServerLoss(settings: Settings): ServerLossOutcome {
  const world = new World(settings)
  loseServer(world, 0)
  const moved = world.between
  let medianMs = 0
  world.engine.run(patienceMs, () => {
    if (medianMs === 0 && world.between <= moved / 2) medianMs = world.engine.nowMs
    return world.between === 0
  })
  const allMs = world.between === 0 ? world.engine.nowMs : NaN
  return { moved, medianMs, allMs, peakBusy: end(world).peakBusy }
}

/** Back they are; the second in which that was is still sampled. */
function end(world: World, spared?: number): Outcome {
  const { waiting } = world.population
  world.engine.run(world.engine.nowMs + lastSampleMs)
  const outcome = outcomeOf(world, spared)
  return waiting > 0 ? { ...outcome, allBackMs: NaN } : outcome
}
