// The table of failover: `npm run chaos -- failover`.
//
// The exit code is 1 where Sluice does not do what is promised of it.
import { parseArgs } from 'node:util'
import { describeMachine, versionsOf } from '../../machine.ts'
import { chooseInstalled, isChosen, partsIn } from '../choice.ts'
import { wholeFrom } from '../whole-from.ts'
import { runChange, type Change, type ChangeRun } from './changes.ts'
import { gateways, type FailoverGateway } from './gateways.ts'
import { formatChanges, formatFindings, formatLost, formatRounds } from './report.ts'
import { runRounds, type RoundsRun } from './rounds.ts'
import type { Size } from './stage.ts'
import { judgeChange, judgeRounds, type Verdict } from './verdicts.ts'

interface Options extends Size {
  /** Parts of names; empty: all. */
  only: string[]
  scenarios: string[]
}

const changes: readonly Change[] = ['rolling', 'sigterm', 'scale-out']
const mostRounds = 40
const perClientAndSecond = 5
const usage = `npm run chaos -- failover [options]

  --only NAMES        gateways whose name contains one of these, e.g. sluice,nginx
  --scenarios NAMES   of kills, rolling, sigterm, scale-out
  --rounds N          rounds of kills (default 20, at most ${mostRounds})
  --clients N         each sends five messages a second (default 1,000, at most 2,000)
  --quick             100 clients and 4 rounds
  --help`

/** Undefined: the usage was asked for, and printed. Throws a TypeError for what cannot be read. */
function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      scenarios: { type: 'string', default: '' },
      rounds: { type: 'string' },
      clients: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return undefined
  }
  const rounds = wholeFrom('--rounds', values.rounds ?? (values.quick ? '4' : '20'), mostRounds)
  const clients = wholeFrom('--clients', values.clients ?? (values.quick ? '100' : '1000'), 2000)
  const named = { only: partsIn(values.only), scenarios: partsIn(values.scenarios) }
  return { ...named, clients, perSecond: clients * perClientAndSecond, rounds }
}

/** @param args of the command line. @returns the exit code. */
export async function runFailover(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) return 0
  const chosen = chooseInstalled(gateways, options.only)
  console.log(describeMachine(versionsOf(chosen)).join('\n'))
  const { clients, perSecond } = options
  console.log(
    `${clients} clients, ${perSecond} messages/s in all; gateway, servers and clients share the cores\n`,
  )
  const verdicts = [...(await fail(chosen, options)), ...(await change(chosen, options))]
  const own = verdicts.filter(({ gateway }) => gateway.startsWith('sluice'))
  if (own.length > 0)
    console.log(['Expected of Sluice', ...own.map(({ text }) => `  ${text}`)].join('\n'))
  return own.every(({ isMet }) => isMet) ? 0 : 1
}

async function fail(chosen: readonly FailoverGateway[], options: Options): Promise<Verdict[]> {
  if (!isChosen('kills', options.scenarios)) return []
  const runs: RoundsRun[] = []
  for (const gateway of chosen) {
    console.error(`${gateway.name}: ${options.rounds} rounds …`)
    const run = await runRounds(gateway, options)
    runs.push(run)
    console.log(`${formatFindings(gateway.name, run)}\n`)
  }
  console.log(`${formatRounds(runs)}\n\n${formatLost(runs)}\n`)
  return runs.flatMap(judgeRounds)
}

async function change(chosen: readonly FailoverGateway[], options: Options): Promise<Verdict[]> {
  const runs: ChangeRun[] = []
  for (const each of changes) {
    if (!isChosen(each, options.scenarios)) continue
    for (const gateway of chosen) {
      const run = await runChange(each, gateway, options)
      if (run === undefined) continue
      runs.push(run)
      console.log(`${formatFindings(`${each}, ${gateway.name}`, run)}\n`)
    }
  }
  if (runs.length > 0) console.log(`${formatChanges(runs)}\n`)
  return runs.flatMap(judgeChange)
}
