// The benchmark: `npm run bench`. README.md here has the method and how to read the result.
//
// Gateways take turns within a round, so that what else happens on the machine meets all of them.
// The exit code tells whether every echo came back right, never how fast it was.
import { describeMachine, descriptorLimit, placeOnCores, type Placement } from './machine.ts'
import { controlName, rows, startGateway, type Gateway, type Row } from './gateways.ts'
import { compile, startEcho } from './native.ts'
import { readOptions, type Options } from './options.ts'
import { stopAll } from './processes.ts'
import { formatReport, hasErrors, type Results } from './report.ts'
import { measure, measureIdle, scenarios } from './scenarios.ts'

// Past this no further round or row begins; each takes well under the rest of ten minutes.
const budgetMs = 8.5 * 60_000
// What a process needs besides the two descriptors of each client.
const spareDescriptors = 200

interface Bench {
  options: Options
  placement: Placement
  upstreamPort: number
  results: Results
}

const startedAt = Date.now()

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (!options) return 0
  if (process.platform !== 'linux') throw new Error('The benchmark needs Linux (epoll, /proc).')
  const chosen = choose(options.only)
  const placement = placeOnCores()
  const machine = [...describeMachine(versionsOf(chosen)), placement.note]
  console.log(machine.join('\n'))
  compile()
  const echo = await startEcho(placement.load)
  const results: Results = { samples: [], idle: [], failures: [] }
  const bench: Bench = { options, placement, upstreamPort: echo.port, results }
  await measureRounds(bench, chosen)
  await measureMemory(bench, chosen)
  console.log(`\n${formatReport(results)}\n\n${elapsed()} in all`)
  if (options.jsonFile !== undefined) {
    await Bun.write(options.jsonFile, JSON.stringify({ machine, ...results }, null, 2))
  }
  return hasErrors(results) ? 1 : 0
}

/** The rows asked for and installed; says which are left out. */
function choose(only: string[]): Row[] {
  return rows.filter((row) => {
    const isWanted = only.length === 0 || only.some((part) => row.name.includes(part))
    if (!isWanted && row.name !== controlName) return false
    const isInstalled = Bun.which(row.program) !== null
    if (!isInstalled) console.log(`${row.name} is left out: ${row.program} is not installed`)
    return isInstalled
  })
}

function versionsOf(chosen: Row[]): string[] {
  const versions = chosen.map(({ program, version }) => {
    const { stdout, stderr } = Bun.spawnSync(version)
    const line = (stdout.toString() + stderr.toString()).split('\n')[0] ?? ''
    const number = /\d+(\.\d+)+/.exec(line)?.[0] ?? line
    return `${program.includes('/') ? 'bun' : program} ${number}`
  })
  return [...new Set(versions)]
}

async function measureRounds(bench: Bench, chosen: Row[]): Promise<void> {
  const gateways: [string, Gateway][] = []
  for (const row of chosen) {
    const gateway = await tryStart(bench, row)
    if (gateway) gateways.push([row.name, gateway])
  }
  for (let round = 1; round <= bench.options.rounds && hasTime(); round++) {
    await measureRound(bench, gateways, round)
  }
  await Promise.all(gateways.map(([, gateway]) => gateway.stop()))
}

async function measureRound(
  { options, placement, results }: Bench,
  gateways: [string, Gateway][],
  round: number,
): Promise<void> {
  for (const scenario of scenarios) {
    progress(`${elapsed()}  round ${round} of ${options.rounds}, ${scenario.name}:`)
    for (const [name, gateway] of gateways) {
      const sample = await measure(scenario, gateway, options, placement.load)
      results.samples.push({ scenario: scenario.name, gateway: name, round, ...sample })
      progress(`  ${name} ${sample.errors ? 'ERRORS' : sample.cpuUs.toFixed(1)}`)
    }
    progress(' µs\n')
  }
}

/** Each gateway is started anew: what rounds of load left behind is not memory of idle clients. */
async function measureMemory(bench: Bench, chosen: Row[]): Promise<void> {
  const { options, placement, results } = bench
  const possible = Math.floor((descriptorLimit() - spareDescriptors) / 2)
  const clients = Math.min(options.idleClients, possible)
  if (clients < options.idleClients) progress(`the descriptor limit allows ${clients} clients\n`)
  progress(`${elapsed()}  ${clients} idle clients:`)
  for (const row of chosen) {
    const gateway = hasTime() ? await tryStart(bench, row) : undefined
    if (!gateway) continue
    const sample = await measureIdle(gateway, clients, placement.load)
    results.idle.push({ gateway: row.name, ...sample })
    progress(`  ${row.name} ${sample.errors ? 'ERRORS' : Math.round(sample.bytesPerClient)}`)
    await gateway.stop()
  }
  progress(' bytes\n')
}

/** A row that does not start is a failure in the report, and the others go on. */
async function tryStart(bench: Bench, row: Row): Promise<Gateway | undefined> {
  try {
    return await startGateway(row, bench.upstreamPort, bench.placement.gateway)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    bench.results.failures.push({ gateway: row.name, reason })
    return undefined
  }
}

function hasTime(): boolean {
  return Date.now() - startedAt < budgetMs
}

function elapsed(): string {
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** Not part of the result, so it goes to standard error. */
function progress(text: string): void {
  process.stderr.write(text)
}

let isLeaving = false

/** Ends everything, once; whatever main() meets while that happens is of no interest. */
async function leave(exitCode: number, error?: unknown): Promise<void> {
  if (isLeaving) return
  isLeaving = true
  if (error !== undefined) console.error(error instanceof Error ? error.message : error)
  await stopAll()
  process.exit(exitCode)
}

process.on('SIGINT', () => void leave(130))
process.on('SIGTERM', () => void leave(143))
main().then(leave, (error: unknown) => leave(1, error))
