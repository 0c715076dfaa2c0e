/**
 * What a gateway still holds after it was given many other configurations, and the first one again.
 */
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { makeCertificate } from '../support/certificates.ts'
import { countObjects } from '../support/count-objects.ts'
import { freePort } from '../support/free-port.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { Random } from '../support/random.ts'
import { readYaml } from '../support/reload.ts'
import { changed, firstSetup } from './changes.ts'
import { places, yamlOf } from './setups.ts'

const reloads = 60
const classes = [
  'BoundListener',
  'Chooser',
  'Departures',
  'Dialer',
  'Endpoint',
  'Finder',
  'HeaderRewriter',
  'Members',
  'Mover',
  'Pool',
  'Quota',
  'Rebalance',
  'Route',
  'RouteTable',
  'ServerCertificates',
  'Split',
  'Standing',
  'Terms',
  'Tiers',
  'UpstreamTls',
]

test('is no more than it held before', async () => {
  const random = new Random(1)
  const certificates = [makeCertificate(), makeCertificate()].map(({ cert, key }) => ({
    cert,
    key,
  }))
  const ports = await Promise.all(Array.from({ length: places }, freePort))
  const urls = ['ws://127.0.0.1:1', 'ws://127.0.0.1:2', 'ws://127.0.0.1:3']
  const surroundings = { ports, urls, certificates }
  const first = firstSetup(random)
  await using gateway = startGatewayHere(yamlOf(first, surroundings))
  const turn = (left: number) => {
    let setup = first
    for (; left > 0; left--) {
      setup = changed(setup, random)
      const prepared = gateway.gateway.prepareReload(readYaml(yamlOf(setup, surroundings)))
      if (random.below(5) === 0) prepared.abandon()
      else prepared.commit()
    }
    gateway.gateway.prepareReload(readYaml(yamlOf(first, surroundings))).commit()
  }
  // What is made once, and kept.
  turn(5)
  const before = await holdings()
  turn(reloads)
  const left = await holdings(before)
  expect(grownIn(left, before)).toEqual({})
}, 30_000)

interface Holdings {
  readonly files: number
  readonly objects: Readonly<Record<string, number>>
}

/** What there is more of. The stack may have kept something of the first turns alive when they were counted. */
function grownIn(left: Holdings, before: Holdings): Record<string, number> {
  const counts = { ...left.objects, files: left.files }
  const known: Record<string, number> = { ...before.objects, files: before.files }
  return Object.fromEntries(Object.entries(counts).filter(([name, n]) => n > (known[name] ?? 0)))
}

/** @param hoped what is waited for: what the last turns left on the stack lives a little longer. */
async function holdings(hoped?: Holdings): Promise<Holdings> {
  for (let tries = 1; ; tries++) {
    for (let turn = 0; turn < 3; turn++) {
      await Bun.sleep(10)
      Bun.gc(true)
    }
    const files = readdirSync('/proc/self/fd').length
    const found = { files, objects: countObjects(classes) }
    if (tries === 10 || hoped === undefined) return found
    if (Object.keys(grownIn(found, hoped)).length === 0) return found
  }
}
