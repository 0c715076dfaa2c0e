// The benchmark: `npm run bench`. README.md here has the method and how to read the result.
//
// The exit code tells whether every echo came back right, never how fast it was.
import { createCorpora } from './corpus.ts'
import type { Contender } from './gateways.ts'
import { describeMachine, placeOnCores, versionsOf } from './machine.ts'
import { checkAll, elapsed, measureMemory, measureRounds, type Bench } from './measure.ts'
import { compile, startEcho } from './native.ts'
import { readOptions, type Options } from './options.ts'
import { measurePicking } from './picking.ts'
import { runProgram } from './program.ts'
import { formatReport, hasErrors } from './report.ts'
import type { Row } from './row.ts'
import { controlNames, otherCheckout, rows } from './rows.ts'
import {
  compressionScenarios,
  failoverScenarios,
  plainScenarios,
  tlsScenarios,
  workersScenarios,
} from './scenarios.ts'
import { makeCertificate, missingForTls, type Certificate } from './tls.ts'
import { formatWorkers, measureWorkers } from './workers/measure.ts'

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (!options) return 0
  if (options.isPicking) {
    console.log(measurePicking())
    return 0
  }
  if (process.platform !== 'linux') throw new Error('The benchmark needs Linux (epoll, /proc).')
  const chosen = choose(options)
  const placement = placeOnCores()
  const machine = [...describeMachine(versionsOf(chosen)), placement.note]
  console.log(machine.join('\n'))
  const certificate = options.groups.includes('tls') ? prepareTls(options) : undefined
  compile({ withTls: certificate !== undefined })
  const corpora = options.groups.includes('compression') ? await createCorpora() : undefined
  const echo = await startEcho(placement.load)
  const bench: Bench = {
    options,
    placement,
    corpora,
    upstreamPort: echo.port,
    scenarios: [
      ...plainScenarios,
      ...tlsScenarios,
      ...(corpora ? compressionScenarios(corpora) : []),
      ...failoverScenarios,
      ...workersScenarios,
    ].filter(({ name }) => isWanted(name, options.scenarios)),
    results: { samples: [], idle: [], failures: [] },
  }
  const contenders = await checkAll(bench, contend(options, chosen, certificate))
  await measureRounds(bench, contenders)
  const isWhole = options.scenarios.length === 0
  if (isWhole) await measureMemory(bench, contenders)
  console.log(`\n${formatReport(bench.results, bench.scenarios)}\n\n${elapsed()} in all`)
  if (options.jsonFile !== undefined) {
    await Bun.write(options.jsonFile, JSON.stringify({ machine, ...bench.results }, null, 2))
  }
  const workers = isWhole && options.groups.includes('workers') ? await measureWorkers(bench) : []
  if (workers.length > 0) console.log(`\n${formatWorkers(workers)}`)
  return hasErrors(bench.results) || workers.some(({ isRight }) => !isRight) ? 1 : 0
}

/** The rows asked for and installed; says which are left out. */
function choose({ only, against, groups }: Options): Row[] {
  const all = against === undefined ? rows : [...rows, otherCheckout(against)]
  const controls = groups.map((group) => controlNames[group])
  return all.filter((row) => {
    if (!row.groups.some((group) => groups.includes(group))) return false
    if (!isWanted(row.name, only) && !controls.includes(row.name)) return false
    const isInstalled = Bun.which(row.program) !== null
    if (!isInstalled) console.log(`${row.name} is left out: ${row.program} is not installed`)
    return isInstalled
  })
}

/** @param parts of names; none: all of them. */
function isWanted(name: string, parts: readonly string[]): boolean {
  return parts.length === 0 || parts.some((part) => name.includes(part))
}

/** Each row in each of its groups. */
function contend(
  { groups }: Options,
  chosen: Row[],
  certificate: Certificate | undefined,
): Contender[] {
  return groups
    .filter((group) => group !== 'tls' || certificate !== undefined)
    .flatMap((group) => {
      const own = group === 'tls' ? certificate : undefined
      const fitting = chosen.filter((row) => row.groups.includes(group))
      return fitting.map((row) => ({ row, group, certificate: own }))
    })
}

/** Undefined: something is missing, which is said; that is an error where nothing else was asked for. */
function prepareTls({ groups }: Options): Certificate | undefined {
  const missing = missingForTls()
  if (missing === undefined) return makeCertificate()
  if (groups.length === 1) throw new Error(`TLS cannot be measured: ${missing}`)
  console.log(`everything with TLS is left out: ${missing}`)
  return undefined
}

runProgram(main)
