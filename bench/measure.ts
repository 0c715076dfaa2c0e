// Takes the measurements: checks, rounds of load, memory.
//
// Gateways take turns within a round, so that what else happens on the machine meets all of them.
import { checkCompression } from './check.ts'
import type { Corpora } from './corpus.ts'
import { startGateway, type Contender, type Gateway } from './gateways.ts'
import { descriptorLimit, type Placement } from './machine.ts'
import { measureIdle } from './memory.ts'
import type { Options } from './options.ts'
import type { Results } from './report.ts'
import { measure, type Scenario } from './scenarios.ts'

export interface Bench {
  options: Options
  placement: Placement
  /** Undefined: nothing is compressed. */
  corpora: Corpora | undefined
  upstreamPort: number
  scenarios: Scenario[]
  results: Results
}

// Past these no further round, and no further row of the memory, begins: a round takes two minutes,
// a row a quarter of one, and all of it has to end within twelve.
const roundsBudgetMs = 8.5 * 60_000
const budgetMs = 11.5 * 60_000
// What a process needs besides the two descriptors of each client.
const spareDescriptors = 200

const startedAt = Date.now()

export function elapsed(): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** All but those that compress wrong: their figures would be of nothing. */
export async function checkAll(bench: Bench, contenders: Contender[]): Promise<Contender[]> {
  const { corpora } = bench
  if (!corpora) return contenders
  progress(`${elapsed()}  is everything compressed right?`)
  const right: Contender[] = []
  for (const contender of contenders) {
    const isRight = contender.group !== 'compression' || (await check(bench, contender, corpora))
    if (isRight) right.push(contender)
  }
  progress('\n')
  return right
}

async function check(bench: Bench, contender: Contender, corpora: Corpora): Promise<boolean> {
  const gateway = await tryStart(bench, contender)
  if (!gateway) return false
  const wrongs: string[] = []
  for (const corpus of corpora.all) {
    const wrong = await checkCompression(gateway, corpus, bench.placement.load)
    if (wrong !== undefined) wrongs.push(`${corpus.name}: ${wrong}`)
  }
  await gateway.stop()
  progress(`  ${gateway.name} ${wrongs.length > 0 ? 'NO' : 'yes'}`)
  const [reason] = wrongs
  if (reason === undefined) return true
  bench.results.failures.push({ gateway: gateway.name, group: gateway.group, reason })
  return false
}

export async function measureRounds(bench: Bench, contenders: Contender[]): Promise<void> {
  const gateways: Gateway[] = []
  for (const contender of contenders) {
    const gateway = await tryStart(bench, contender)
    if (gateway) gateways.push(gateway)
  }
  const { rounds } = bench.options
  for (let round = 1; round <= rounds; round++) {
    if (!isBefore(roundsBudgetMs)) {
      console.log(`after ${elapsed()} there is no time for more than ${round - 1} rounds`)
      break
    }
    await measureRound(bench, gateways, round)
  }
  await Promise.all(gateways.map((gateway) => gateway.stop()))
}

async function measureRound(
  { options, placement, scenarios, results }: Bench,
  gateways: Gateway[],
  round: number,
): Promise<void> {
  for (const scenario of scenarios) {
    const fitting = gateways.filter(({ group }) => group === scenario.group)
    if (fitting.length === 0) continue
    // Whoever was first is last in the next round: what grows or fades with time meets all alike.
    if (round % 2 === 0) fitting.reverse()
    progress(`${elapsed()}  round ${round} of ${options.rounds}, ${scenario.name}:`)
    for (const gateway of fitting) {
      const sample = await measure(scenario, gateway, options, placement.load)
      const { name, group } = scenario
      results.samples.push({ scenario: name, group, gateway: gateway.name, round, ...sample })
      progress(`  ${gateway.name} ${sample.errors ? 'ERRORS' : sample.cpuUs.toFixed(1)}`)
    }
    progress(' µs\n')
  }
}

/**
 * Each gateway is started anew: what rounds of load left behind is not memory of idle clients. Where
 * compression is agreed on the difference that makes is judged, which is less than what one start
 * differs from the next: so there are several.
 */
export async function measureMemory(bench: Bench, contenders: Contender[]): Promise<void> {
  const isRepeated = ({ group }: Contender) => group === 'compression'
  // A process more has its own memory, which is not of its clients.
  const own = contenders.filter(({ group }) => group !== 'workers')
  if (own.length === 0) return
  progress(`${elapsed()}  memory of idle clients:`)
  for (let pass = 1; pass <= bench.options.memoryPasses; pass++) {
    for (const contender of pass === 1 ? own : own.filter(isRepeated)) {
      if (isBefore(budgetMs)) {
        await measureMemoryOf(bench, contender)
        continue
      }
      progress('\n')
      if (pass === 1) console.log(`after ${elapsed()} there is no time for the memory of every row`)
      return
    }
  }
  progress(' bytes\n')
}

/** With as many clients as the limit on descriptors allows. */
async function measureMemoryOf(bench: Bench, contender: Contender): Promise<void> {
  const gateway = await tryStart(bench, contender)
  if (!gateway) return
  const { options, placement, corpora, results } = bench
  const possible = Math.floor((descriptorLimit() - spareDescriptors) / 2)
  const clients = Math.min(options.idleClients, possible, gateway.idleClientsMax)
  const sample = await measureIdle(gateway, clients, corpora, placement.load)
  results.idle.push(sample)
  const label = gateway.group === 'tls' ? `${gateway.name}, TLS` : gateway.name
  progress(`  ${label} ${sample.errors ? 'ERRORS' : Math.round(sample.bytesPerClient)}`)
  await gateway.stop()
}

/** A row that does not start is a failure in the report, and the others go on. */
async function tryStart(
  { upstreamPort, placement, results }: Bench,
  contender: Contender,
): Promise<Gateway | undefined> {
  try {
    return await startGateway(contender, upstreamPort, placement.gateway)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const { row, group } = contender
    results.failures.push({ gateway: row.name, group, reason })
    return undefined
  }
}

function isBefore(limitMs: number): boolean {
  return Date.now() - startedAt < limitMs
}

/** Not part of the result, so it goes to standard error. */
function progress(text: string): void {
  process.stderr.write(text)
}
