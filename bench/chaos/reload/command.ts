// The table of reloads: `npm run chaos -- reload`.
//
// The exit code is 1 where Sluice does not do what is promised of it.
import { parseArgs } from 'node:util'
import { describeMachine, versionsOf } from '../../machine.ts'
import { chooseInstalled, partsIn } from '../choice.ts'
import { nginxProgram, sluiceProgram } from '../gateways.ts'
import { wholeFrom } from '../whole-from.ts'
import { formatExplanations, formatFindings, formatRuns, formatVerdicts, judge } from './report.ts'
import { reloadNginx, reloadSluice, type ReloadRun, type ReloadSize } from './run.ts'

interface Options extends ReloadSize {
  /** Parts of names; empty: all. */
  only: string[]
}

const most = { rounds: 1000, clients: 2000, rate: 10_000, bad: 500 }
/** Of nginx: each leaves a worker behind for ten seconds. */
const mostNginxRounds = 20
const usage = `npm run chaos -- reload [options]

  --only NAMES    gateways whose name contains one of these: sluice, nginx
  --rounds N      reloads (default 200, at most ${most.rounds}); of nginx at most ${mostNginxRounds}
  --bad N         wrong files in between (default 50)
  --clients N     default 1,000, at most ${most.clients}
  --rate N        messages a second in all (default 5,000)
  --quick         100 clients, 500 messages a second, 24 reloads, 12 wrong files
  --help`

/** Undefined: the usage was asked for, and printed. Throws a TypeError for what cannot be read. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      bad: { type: 'string' },
      clients: { type: 'string' },
      rate: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return undefined
  }
  const usual = values.quick
    ? { rounds: 24, bad: 12, clients: 100, rate: 500 }
    : { rounds: 200, bad: 50, clients: 1000, rate: 5000 }
  const number = (name: keyof typeof usual) =>
    wholeFrom(`--${name}`, values[name] ?? String(usual[name]), most[name])
  return {
    only: partsIn(values.only),
    rounds: number('rounds'),
    bad: number('bad'),
    clients: number('clients'),
    perSecond: number('rate'),
  }
}

/** @param args of the command line. @returns the exit code. */
export async function runReload(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) return 0
  const rows = [
    { ...nginxProgram, name: 'nginx', run: nginx },
    { ...sluiceProgram, name: 'sluice', run: reloadSluice },
  ]
  const chosen = chooseInstalled(rows, options.only)
  console.log(describeMachine(versionsOf(chosen)).join('\n'))
  console.log(`${options.clients} clients, ${options.perSecond} messages/s in all\n`)
  const runs: ReloadRun[] = []
  for (const { name, run } of chosen) {
    console.error(`${name} …`)
    const done = await run(options)
    console.log(`${formatFindings(done)}\n`)
    runs.push(done)
  }
  console.log(`${formatRuns(runs)}\n`)
  const own = runs.find(({ name }) => name === 'sluice')
  if (own === undefined) return 0
  const verdicts = judge(own)
  console.log(`${formatExplanations(own.bad)}\n\n${formatVerdicts(verdicts)}`)
  return verdicts.every(({ isMet }) => isMet) ? 0 : 1
}

function nginx(size: ReloadSize): Promise<ReloadRun> {
  return reloadNginx({ ...size, rounds: Math.min(size.rounds, mostNginxRounds) })
}
