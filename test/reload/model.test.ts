/**
 * A gateway that is told random other configurations while visitors come, talk and go, servers die and administrators
 * change things; judged by a model after each step.
 *
 * `RELOAD_RUNS` says how many schedules are run, `RELOAD_SEED` with which the first one begins.
 */
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { countObjects } from '../support/count-objects.ts'
import { makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { Random } from '../support/random.ts'
import { check } from './checks.ts'
import { firstSetup, places } from './setups.ts'
import { step } from './steps.ts'
import { startServers, World } from './world.ts'

const classes = ['Pool','Route','Endpoint','Session','BoundListener','Terms','ServerCertificates','Mover','Standing','Dialer','Split','Watch','Quota', 'KeptRequest', 'Side', 'HttpConnection', 'RequestReader']
const runs = Number(process.env['RELOAD_RUNS'] ?? 4)
const firstSeed = Number(process.env['RELOAD_SEED'] ?? 1)
const stepsEach = Number(process.env['RELOAD_STEPS'] ?? 20)

const stats: Record<string, number> = {}
const found: string[] = []
const certificates = [makeCertificate(), makeCertificate()].map(({ cert, key }) => ({ cert, key }))

async function run(seed: number): Promise<void> {
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
  } catch (error) {
    found.push(`RELOAD_SEED=${seed} RELOAD_RUNS=1: ${Bun.inspect(error)}`)
  }
  for (const { type } of world.live.events) stats[type] = (stats[type] ?? 0) + 1
  for (const line of world.story) {
    const word = line.startsWith(' ') ? undefined : line
    if (word) stats[word] = (stats[word] ?? 0) + 1
    if (line.includes(', true')) stats['amid'] = (stats['amid'] ?? 0) + 1
  }
  stats['at the end'] = (stats['at the end'] ?? 0) + world.stays.size
  await world[Symbol.asyncDispose]().catch((error: unknown) =>
    found.push(`${seed} ${String(error)}`),
  )
  for (const server of servers) await server.kill()
}

test(`${runs} schedules from seed ${firstSeed} on violate nothing`, async () => {
  const files = readdirSync('/proc/self/fd').length
  const endsAtMs = performance.now() + Number(process.env['RELOAD_MS'] ?? 60_000)
  let seed = firstSeed
  for (; seed < firstSeed + runs && found.length < 5 && performance.now() < endsAtMs; seed++)
    await run(seed)
  if (process.env['RELOAD_MS'] !== undefined) console.log('seeds', seed - firstSeed)
  for (const each of found) console.log(each)
  expect(found).toHaveLength(0)
  const nothing = Object.fromEntries(classes.map((name) => [name, 0]))
  let held = nothing
  for (let tries = 0; tries < 20 * Number(process.env['RELOAD_WAIT'] ?? 1); tries++) {
    await Bun.sleep(20)
    Bun.gc(true)
    held = countObjects(classes)
    if (tries % 20 === 19) console.log(tries, JSON.stringify(held))
    if (Bun.deepEquals(held, nothing)) break
  }
  console.log('files', files, readdirSync('/proc/self/fd').length, stats)
  expect(held).toEqual(nothing)
}, 600_000)
