// The benchmark: `npm run bench`. README.md here has the method and how to read the result.
//
// Gateways take turns within a round, so that what else happens on the machine meets all of them.
// The exit code tells whether every echo came back right, never how fast it was.
import { describeMachine, descriptorLimit, placeOnCores, type Placement } from './machine.ts'
import { startGateway, type Gateway } from './gateways.ts'
import { compile, startEcho } from './native.ts'
import { readOptions, type Options } from './options.ts'
import { stopAll } from './processes.ts'
import { formatReport, hasErrors, type Results } from './report.ts'
import { controlName, otherCheckout, rows, type Row } from './rows.ts'
import { measure, measureIdle, scenarios } from './scenarios.ts'
import { makeCertificate, missingForTls, type Certificate } from './tls.ts'

// Past these no further round, and no further row of the memory, begins: a round takes two minutes,
// a row a quarter of one, and all of it has to end within twelve.
const roundsBudgetMs = 8.5 * 60_000
const budgetMs = 11.5 * 60_000
// What a process needs besides the two descriptors of each client.
const spareDescriptors = 200

/** A row without TLS or, with a certificate, with it. */
interface Contender {
  row: Row
  certificate: Certificate | undefined
}

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
  const chosen = choose(options)
  const placement = placeOnCores()
  const machine = [...describeMachine(versionsOf(chosen)), placement.note]
  console.log(machine.join('\n'))
  const certificate = options.tls ? prepareTls(options) : undefined
  compile({ withTls: certificate !== undefined })
  const echo = await startEcho(placement.load)
  const results: Results = { samples: [], idle: [], failures: [] }
  const bench: Bench = { options, placement, upstreamPort: echo.port, results }
  const contenders: Contender[] = []
  if (options.plain) contenders.push(...chosen.map((row) => ({ row, certificate: undefined })))
  if (certificate) {
    const withTls = chosen.filter(({ hasTls }) => hasTls)
    contenders.push(...withTls.map((row) => ({ row, certificate })))
  }
  await measureRounds(bench, contenders)
  await measureMemory(bench, contenders)
  console.log(`\n${formatReport(results)}\n\n${elapsed()} in all`)
  if (options.jsonFile !== undefined) {
    await Bun.write(options.jsonFile, JSON.stringify({ machine, ...results }, null, 2))
  }
  return hasErrors(results) ? 1 : 0
}

/** The rows asked for and installed; says which are left out. */
function choose({ only, against }: Options): Row[] {
  const all = against === undefined ? rows : [...rows, otherCheckout(against)]
  return all.filter((row) => {
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

/** Undefined: something is missing, which is said; that is an error where nothing else was asked for. */
function prepareTls({ plain }: Options): Certificate | undefined {
  const missing = missingForTls()
  if (missing === undefined) return makeCertificate()
  if (!plain) throw new Error(`TLS cannot be measured: ${missing}`)
  console.log(`everything with TLS is left out: ${missing}`)
  return undefined
}

async function measureRounds(bench: Bench, contenders: Contender[]): Promise<void> {
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
  { options, placement, results }: Bench,
  gateways: Gateway[],
  round: number,
): Promise<void> {
  for (const scenario of scenarios) {
    const fitting = gateways.filter(({ isTls }) => isTls === (scenario.tls !== 'off'))
    if (fitting.length === 0) continue
    progress(`${elapsed()}  round ${round} of ${options.rounds}, ${scenario.name}:`)
    for (const gateway of fitting) {
      const sample = await measure(scenario, gateway, options, placement.load)
      results.samples.push({ scenario: scenario.name, gateway: gateway.name, round, ...sample })
      progress(`  ${gateway.name} ${sample.errors ? 'ERRORS' : sample.cpuUs.toFixed(1)}`)
    }
    progress(' µs\n')
  }
}

/** Each gateway is started anew: what rounds of load left behind is not memory of idle clients. */
async function measureMemory(bench: Bench, contenders: Contender[]): Promise<void> {
  const { options, placement, results } = bench
  const possible = Math.floor((descriptorLimit() - spareDescriptors) / 2)
  const clients = Math.min(options.idleClients, possible)
  if (clients < options.idleClients) progress(`the descriptor limit allows ${clients} clients\n`)
  progress(`${elapsed()}  ${clients} idle clients:`)
  for (const contender of contenders) {
    if (!isBefore(budgetMs)) {
      console.log(`after ${elapsed()} there is no time for the memory of every row`)
      break
    }
    const gateway = await tryStart(bench, contender)
    if (!gateway) continue
    const sample = await measureIdle(gateway, clients, placement.load)
    results.idle.push(sample)
    const label = gateway.isTls ? `${gateway.name}, TLS` : gateway.name
    progress(`  ${label} ${sample.errors ? 'ERRORS' : Math.round(sample.bytesPerClient)}`)
    await gateway.stop()
  }
  progress(' bytes\n')
}

/** A row that does not start is a failure in the report, and the others go on. */
async function tryStart(
  { upstreamPort, placement, results }: Bench,
  { row, certificate }: Contender,
): Promise<Gateway | undefined> {
  try {
    return await startGateway(row, upstreamPort, certificate, placement.gateway)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    results.failures.push({ gateway: row.name, isTls: certificate !== undefined, reason })
    return undefined
  }
}

function isBefore(limitMs: number): boolean {
  return Date.now() - startedAt < limitMs
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
