// What becomes of clients when servers fail, behind Sluice and behind others: `npm run chaos`. README.md
// has the method and how to read the result.
//
// The exit code is 1 where Sluice is worse than the better control row.
import { parseArgs } from 'node:util'
import { describeMachine, versionsOf } from '../machine.ts'
import { runProgram } from '../program.ts'
import { failures } from './failures.ts'
import { gateways, type Gateway } from './gateways.ts'
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
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
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
  if (positionals.join(' ') !== 'handshakes') {
    throw new TypeError(`There is one table so far, of handshakes:\n\n${usage}`)
  }
  const parts = (list: string) => list.split(',').filter((part) => part !== '')
  return {
    only: parts(values.only),
    failures: parts(values.failures),
    handshakes: values.quick ? 100 : 1000,
    isQuick: values.quick,
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (!options) return 0
  if (process.platform !== 'linux') throw new Error('The table needs Linux (/proc).')
  const chosen = chooseGateways(options)
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

/** Those asked for and installed; says which are left out. */
function chooseGateways({ only }: Options): Gateway[] {
  return gateways.filter((gateway) => {
    if (!isChosen(gateway.name, only)) return false
    const isInstalled = Bun.which(gateway.program) !== null
    if (!isInstalled)
      console.log(`${gateway.name} is left out: ${gateway.program} is not installed`)
    return isInstalled
  })
}

function isChosen(name: string, parts: string[]): boolean {
  return parts.length === 0 || parts.some((part) => name.includes(part))
}

runProgram(main)
