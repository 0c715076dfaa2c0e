// The table of handshakes: `npm run chaos -- handshakes`.
//
// The exit code is 1 where Sluice is worse than the better control row.
import { parseArgs } from 'node:util'
import { describeMachine, versionsOf } from '../machine.ts'
import { failures } from './failures.ts'
import { chooseInstalled, isChosen, partsIn } from './choice.ts'
import { gateways } from './gateways.ts'
import { places, runFailure, type Run } from './handshakes.ts'
import { formatRuns, formatVerdicts, judge } from './table.ts'

interface Options {
  /** Parts of names; empty: all. */
  only: string[]
  failures: string[]
  handshakes: number
  isQuick: boolean
}

const usage = `npm run chaos -- handshakes [options]

  --only NAMES        gateways whose name contains one of these, e.g. sluice,nginx
  --failures NAMES    failures whose name contains one of these, e.g. refuse,500
  --quick             100 handshakes instead of 1,000, and not the failures that take long
  --help`

/** Undefined: the usage was asked for, and printed. Throws a TypeError for what cannot be read. */
function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      failures: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return undefined
  }
  return {
    only: partsIn(values.only),
    failures: partsIn(values.failures),
    handshakes: values.quick ? 100 : 1000,
    isQuick: values.quick,
  }
}

/** @param args of the command line. @returns the exit code. */
export async function runHandshakes(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) return 0
  const chosen = chooseInstalled(gateways, options.only)
  const machine = describeMachine(versionsOf(chosen)).join('\n')
  console.log(`${machine}\n${options.handshakes} handshakes, at most ${places} at once\n`)
  const runs: Run[] = []
  for (const failure of failures) {
    const isLeftOut = options.isQuick && failure.isLong === true && options.failures.length === 0
    if (isLeftOut || !isChosen(failure.name, options.failures)) continue
    const own = await runFailure(failure, chosen, options.handshakes)
    console.log(`${formatRuns(own)}\n`)
    runs.push(...own)
  }
  const verdicts = judge(runs)
  if (verdicts.length > 0) console.log(formatVerdicts(verdicts))
  return verdicts.some(({ isWorse }) => isWorse) ? 1 : 0
}
