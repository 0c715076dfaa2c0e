/**
 * Sessions whose servers die, leave, hang and come back at any moment, in random schedules on a simulated network
 * and clock. README.md tells what is judged.
 *
 * `SIMULATION_RUNS` says how many schedules are run, `SIMULATION_SEED` with which the first one begins; the seed
 * of one that fails repeats it. With `SIMULATION_STORY` it tells what happened.
 */
import { expect, test } from 'bun:test'
import { simulate } from './simulate.ts'

const runs = Number(process.env['SIMULATION_RUNS'] ?? 1_000)
const firstSeed = Number(process.env['SIMULATION_SEED'] ?? 1)
const isTold = process.env['SIMULATION_STORY'] !== undefined
/** A schedule takes a few milliseconds. */
const mostMs = 60_000 + runs * 100

test(
  `${runs} schedules from seed ${firstSeed} on violate nothing`,
  async () => {
    const found: string[] = []
    let moves = 0
    let echoed = 0
    for (let seed = firstSeed; seed < firstSeed + runs && found.length < 20; seed++) {
      const outcome = await simulate(seed, isTold)
      if (isTold) for (const line of outcome.story) console.log(line)
      moves += outcome.events.filter(({ type }) => type === 'session-moved').length
      echoed += outcome.echoed
      for (const violation of outcome.violations)
        found.push(`SIMULATION_SEED=${seed} SIMULATION_RUNS=1: ${violation}`)
    }
    expect(found).toEqual([])
    // Else nothing was tried.
    if (runs >= 100) {
      expect(moves).toBeGreaterThan(runs / 4)
      expect(echoed).toBeGreaterThan(runs * 5)
    }
  },
  mostMs,
)

test('the same seed brings about the same', async () => {
  const seeds = [1, 2, 3, 4, 5]
  const stories = async () => {
    const all: string[] = []
    for (const seed of seeds) all.push(...withoutNames((await simulate(seed, true)).story))
    return all
  }
  expect(await stories()).toEqual(await stories())
})

/** Sessions and requests have names of their own each time, and the first dial is timed by the real clock. */
function withoutNames(story: readonly string[]): string[] {
  return story.map((line) =>
    line.replace(/"(session|request)":"[^"]*"/g, '').replace(/"(dialMs|handshakeMs)":[\d.]+/g, ''),
  )
}
