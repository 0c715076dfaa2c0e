// Every mutant against its tests: `npm run mutants`, or with `-- --only <text>` those that have this text in
// their file, code or reason. Ends with 1 where one survives: there a test is missing.

import { parseArgs } from 'node:util'
import type { Mutant } from './mutant.ts'
import { mutants } from './table.ts'
import { placeFault, Trial, type Verdict } from './trial.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
/** Each is a process that keeps a core busy, and tests that hang are told from slow ones by time. */
const mostAtOnce = 2
const controlTimeoutMs = 120_000
/** After this, or what all tests took together without a mutant, one does not end. */
const leastTimeoutMs = 10_000

process.on('SIGINT', () => process.exit(130))

const chosen = mutants.filter(({ file, replace, by, why }) =>
  [file, replace, by, why].some((text) => text.includes(values.only)),
)
if (chosen.length === 0) {
  console.error(`No mutant has "${values.only}" in its file, its code or its reason.`)
  process.exit(2)
}

/** Told of all at once, before the time is spent. */
const moved = chosen.flatMap((mutant) => placeFault(mutant) ?? [])
if (moved.length > 0) {
  console.error(moved.join('\n'))
  process.exit(1)
}

const started = performance.now()
const trials = Array.from({ length: Math.min(mostAtOnce, chosen.length) }, () => new Trial())
const timeoutMs = Math.max(leastTimeoutMs, await control())
const survivors: Mutant[] = []
let next = 0
let told = 0
let hung = 0
await Promise.all(trials.map(work))
summarize()

/** The tests pass without a mutant, or their failing proves nothing. @returns how long they take. */
async function control(): Promise<number> {
  const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))]
  const verdict = await trials[0]?.run(tests, controlTimeoutMs)
  const elapsedMs = Math.ceil(performance.now() - started)
  if (verdict?.kind === 'survived') {
    console.log(`${chosen.length} mutants; without them ${tests.length} files of tests pass`)
    return elapsedMs
  }
  console.error(`The tests must pass before mutants are tried: ${JSON.stringify(verdict)}`)
  process.exit(1)
}

async function work(trial: Trial): Promise<void> {
  for (let mutant = chosen[next++]; mutant !== undefined; mutant = chosen[next++]) {
    const begun = performance.now()
    const verdict = await trial.run(mutant.tests, timeoutMs, mutant)
    if (verdict.kind === 'survived') survivors.push(mutant)
    if (verdict.kind === 'hung') hung++
    tell(mutant, verdict, performance.now() - begun)
  }
}

function tell({ file, why }: Mutant, verdict: Verdict, elapsedMs: number): void {
  const place = `${++told}/${chosen.length}`.padStart(7)
  const time = `${(elapsedMs / 1_000).toFixed(1)} s`.padStart(6)
  console.log(`${place} ${verdict.kind.padEnd(8)} ${time}  ${file}: ${why}`)
  if (verdict.kind === 'caught') console.log(`${' '.repeat(25)}${verdict.test}`)
}

function summarize(): void {
  const seconds = Math.round((performance.now() - started) / 1_000)
  const caught = chosen.length - survivors.length
  console.log(`\n${caught} of ${chosen.length} mutants are caught, in ${seconds} s`)
  if (hung > 0) console.log(`${hung} of these by a test that did not end in ${timeoutMs} ms`)
  for (const { file, replace, by, tests, why } of survivors)
    console.error(
      `\nsurvived: src/${file}\n  - ${oneLine(replace)}\n  + ${oneLine(by)}\n  ${why}; ` +
        `no test of ${tests.join(', ')} notices`,
    )
  process.exitCode = survivors.length === 0 ? 0 : 1
}

function oneLine(code: string): string {
  return code.trim() === '' ? '(nothing)' : code.trim().replace(/\s+/g, ' ')
}
