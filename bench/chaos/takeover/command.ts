// The table of taking over: `npm run chaos -- takeover`.
//
// The exit code is 1 where Sluice does not do what is promised of it.
import { parseArgs } from 'node:util'
import { describeMachine, versionsOf } from '../../machine.ts'
import { chooseInstalled, partsIn } from '../choice.ts'
import { wholeFrom } from '../whole-from.ts'
import { takeoverRows } from './gateways.ts'
import {
  formatFindings,
  formatRuns,
  formatSpreads,
  formatVerdicts,
  judge,
  type Verdict,
} from './report.ts'
import { runTakeover, type TakeoverRun, type TakeoverSize } from './run.ts'

interface Options extends TakeoverSize {
  /** Parts of names; empty: all. */
  only: string[]
}

const most = { connects: 200_000, sessions: 4000, upgrades: 20, window: 60 }
const usage = `npm run chaos -- takeover [options]

  --only NAMES    rows whose name contains one of these, e.g. sluice, LISTEN_FDS, nginx
  --connects N    handshakes in all, a part of them around each upgrade (default 20,000)
  --sessions N    sessions that stay until they are closed (default 1,000, at most ${most.sessions})
  --upgrades N    default 3, at most ${most.upgrades}
  --window 10s    over which the sessions of the old process leave: whole seconds, at most ${most.window}
  --quick         3,000 handshakes, 200 sessions, 2 upgrades, a window of 3 s
  --help`

/** Undefined: the usage was asked for, and printed. Throws a TypeError for what cannot be read. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      connects: { type: 'string' },
      sessions: { type: 'string' },
      upgrades: { type: 'string' },
      window: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return undefined
  }
  const usual = values.quick
    ? { connects: 3000, sessions: 200, upgrades: 2, window: '3s' }
    : { connects: 20_000, sessions: 1000, upgrades: 3, window: '10s' }
  const number = (name: 'connects' | 'sessions' | 'upgrades') =>
    wholeFrom(`--${name}`, values[name] ?? String(usual[name]), most[name])
  const window = (values.window ?? usual.window).replace(/(?<=\d)s$/, '')
  return {
    only: partsIn(values.only),
    connects: number('connects'),
    sessions: number('sessions'),
    upgrades: number('upgrades'),
    windowSeconds: wholeFrom('--window', window, most.window),
  }
}

/** @param args of the command line. @returns the exit code. */
export async function runTakeovers(args: string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) return 0
  const chosen = chooseInstalled(takeoverRows, options.only)
  console.log(describeMachine(versionsOf(chosen)).join('\n'))
  const { connects, sessions, upgrades, windowSeconds } = options
  console.log(
    `${connects} handshakes and ${sessions} sessions that stay, over ${upgrades} upgrades; a window of ${windowSeconds} s\n`,
  )
  const runs: TakeoverRun[] = []
  const failures: Verdict[] = []
  for (const row of chosen) {
    try {
      const run = await runTakeover(row, options)
      console.log(`${formatFindings(run)}\n`)
      runs.push(run)
    } catch (error) {
      const text = `${row.name}: ${error instanceof Error ? error.message : String(error)}`
      failures.push({ isMet: false, text })
    }
  }
  console.log(`${formatRuns(runs)}\n\n${formatSpreads(runs, options)}\n`)
  const judged = runs.filter(({ row }) => row.isJudged)
  const verdicts = [...failures, ...judged.flatMap((run) => judge(run, options))]
  if (verdicts.length > 0) console.log(formatVerdicts(verdicts))
  return verdicts.every(({ isMet }) => isMet) ? 0 : 1
}
