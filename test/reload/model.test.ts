/**
 * A gateway that is told random other configurations while visitors come, talk and go, servers die and administrators
 * change things; judged by a model after each step.
 *
 * `RELOAD_RUNS` says how many schedules are run, `RELOAD_SEED` with which the first one begins.
 */
import { expect, test } from 'bun:test'
import { makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { Random } from '../support/random.ts'
import { check } from './checks.ts'
import { firstSetup } from './changes.ts'
import { places } from './setups.ts'
import { step } from './steps.ts'
import { startServers, World } from './world.ts'

const runs = Number(process.env['RELOAD_RUNS'] ?? 2)
const firstSeed = Number(process.env['RELOAD_SEED'] ?? 1)
const stepsEach = 20
const certificates = [makeCertificate(), makeCertificate()].map(({ cert, key }) => ({ cert, key }))

/** @returns what it has violated. */
async function violationOf(seed: number): Promise<string | undefined> {
  const servers = startServers()
  const ports = await Promise.all(Array.from({ length: places }, freePort))
  const urls = servers.map(({ url }) => url)
  const random = new Random(seed)
  const world = new World(random, firstSetup(random), { servers, ports, urls, certificates })
  try {
    await check(world)
    for (let left = stepsEach; left > 0; left--) {
      await step(world)
      await check(world)
    }
    await world[Symbol.asyncDispose]()
    return undefined
  } catch (error) {
    return `RELOAD_SEED=${seed} RELOAD_RUNS=1: ${Bun.inspect(error)}`
  } finally {
    for (const server of servers) await server.kill()
  }
}

test(`${runs} schedules from seed ${firstSeed} on violate nothing`, async () => {
  const found: string[] = []
  for (let seed = firstSeed; seed < firstSeed + runs && found.length < 5; seed++) {
    const violation = await violationOf(seed)
    if (violation !== undefined) found.push(violation)
  }
  expect(found).toEqual([])
}, 600_000)
