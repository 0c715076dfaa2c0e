// `npm run scaling -- simulate`: what becomes of a fleet and its clients when machines are lost, when it is
// upgraded, and when servers fail. Prints tables, and charts of what happens when.
import { table, whole } from '../table.ts'
import { chart } from './chart.ts'
import { readFigures, type Figures } from './figures.ts'
import { windowSeconds, type Plan } from './model.ts'
import { planUsage, readPlan } from './plan.ts'
import { reconnects } from './reconnect.ts'
import { settingsOf } from './simulation/assumptions.ts'
import type { Outcome } from './simulation/outcome.ts'
import {
  runLeave,
  runMachineLoss,
  runServerLoss,
  runUpgrade,
  type UpgradeOutcome,
} from './simulation/runs.ts'
import type { Settings } from './simulation/settings.ts'

const usage = `npm run scaling -- simulate [options]

  --only NAME        one of machine, leave, upgrade, server; all if not given
  --seed N           for whatever chance decides (1)
${planUsage}`

const parts = ['machine', 'leave', 'upgrade', 'server'] as const
type Part = (typeof parts)[number]
const windowsSeconds = [0, 10, 30, 60, 120]
/** What a machine may be busy while another one is upgraded. */
const shares = [0.25, 0.5, 0.75]

interface World {
  plan: Plan
  sessions: number
  figures: Figures
  settings: Settings
}

export async function printSimulations(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const figures = await readFigures()
  const { only, seed, rest } = takeOwn(args)
  const { sessions, plan } = readPlan(rest, figures)
  if (plan.machines < 2) throw new TypeError('--machines: a simulation takes two at least')
  const world = {
    plan,
    sessions,
    figures,
    settings: { ...settingsOf(plan, sessions, figures), seed },
  }
  console.log(
    `${whole(sessions)} sessions on ${plan.machines} machines with ${plan.workers} workers each`,
  )
  const printers: Readonly<Record<Part, (world: World) => string>> = {
    machine: formatMachineLoss,
    leave: formatLeave,
    upgrade: formatUpgrades,
    server: formatServerLoss,
  }
  for (const part of parts) {
    if (only === undefined || only === part) console.log(`\n${printers[part](world)}`)
  }
  return 0
}

/** The options that are not the plan's. */
function takeOwn(args: string[]): { only: Part | undefined; seed: number; rest: string[] } {
  let only: Part | undefined
  let seed = 1
  const rest: string[] = []
  for (let index = 0; index < args.length; index++) {
    const [word = '', value = ''] = args.slice(index, index + 2)
    if (word === '--only') {
      only = parts.find((part) => part === value)
      if (only === undefined) throw new TypeError(`--only: expected one of ${parts.join(', ')}`)
      index++
    } else if (word === '--seed') {
      seed = Number(value)
      if (!Number.isInteger(seed)) throw new TypeError('--seed: expected a whole number')
      index++
    } else rest.push(word)
  }
  return { only, seed, rest }
}

/** One machine is gone at once; those of its clients who are not told notice within 30 s. */
function formatMachineLoss({ settings }: World): string {
  const silent = { ...settings.network, noticeMs: 30_000 }
  const kinds: [string, Settings][] = [
    ...reconnects.map((reconnect): [string, Settings] => [
      reconnect.name,
      { ...settings, reconnect },
    ]),
    ['exponential, told by no one', { ...settings, network: silent }],
  ]
  const runs = kinds.map(([name, one]) => ({ name, outcome: runMachineLoss(one) }))
  const lines = runs.map(({ name, outcome }) => [name, ...cellsOf(outcome)])
  return [
    'A machine is lost: its clients come back to the others',
    table(['clients come back', ...headings], lines),
    ...runs.map(({ name, outcome }) => `  ${name}\n${chartOf(outcome)}`),
  ].join('\n\n')
}

/** One machine is left in order, and started again. */
function formatLeave({ plan, sessions, figures, settings }: World): string {
  const kinds = [false, true].flatMap((isTakenOver) =>
    windowsSeconds.map((seconds) => ({ isTakenOver, seconds })),
  )
  const lines = kinds.map(({ isTakenOver, seconds }) => {
    const outcome = runLeave(settings, { windowMs: seconds * 1000, isTakenOver })
    const name = isTakenOver ? 'upgrade on the spot' : 'restart'
    return [`${name}, window ${seconds} s`, ...cellsOf(outcome)]
  })
  const needed = shares.map((share) => {
    const window = (isTakenOver: boolean) =>
      formatSeconds(1000 * windowSeconds(plan, { sessions, share, isTakenOver }, figures))
    return [`${100 * share} %`, window(false), window(true)]
  })
  return [
    'A machine leaves in order (exponential clients)',
    table(['', ...headings], lines),
    'leave.window at least, so that no machine is busier (by the formula)',
    table(['', 'restart', 'upgrade on the spot'], needed),
  ].join('\n\n')
}

/** All machines, one after the other. */
function formatUpgrades({ settings }: World): string {
  const least: Settings = { ...settings, balancer: { ...settings.balancer, choice: 'least' } }
  const leave = { windowMs: 60_000, isTakenOver: false }
  const kinds: [string, UpgradeOutcome][] = [
    ['restarts, balanced at random', runUpgrade(settings, leave)],
    ['restarts, fewest connections', runUpgrade(least, leave)],
    ['on the spot, one by one, at random', runUpgrade(settings, { ...leave, isTakenOver: true })],
    [
      'on the spot, all at once, at random',
      runUpgrade(settings, { ...leave, isTakenOver: true, isAtOnce: true }),
    ],
  ]
  const lines = kinds.map(([name, outcome]) => [
    name,
    formatSeconds(outcome.allBackMs),
    (outcome.returned / settings.sessions).toFixed(2),
    percent(outcome.peakBusy),
    whole(outcome.fewestSessions),
    whole(outcome.mostSessions),
  ])
  const columns = ['', 'in all', 'returns a client', 'peak CPU', 'emptiest machine', 'fullest']
  const [first] = kinds
  return [
    'Every machine is upgraded, leave.window 60 s',
    table(columns, lines),
    ...(first ? [`  ${first[0]}\n${chartOf(first[1])}`] : []),
  ].join('\n\n')
}

/** Sessions of one server go on at the others, by failover. */
function formatServerLoss({ settings }: World): string {
  const { count } = settings.servers
  const costs = [200, 1000, 5000].map((handshakeUs) => {
    const outcome = runServerLoss({ ...settings, servers: { count, handshakeUs } })
    const { moved, medianMs, allMs, peakBusy } = outcome
    return [
      `${handshakeUs} µs a handshake`,
      whole(moved),
      formatSeconds(medianMs),
      formatSeconds(allMs),
      percent(peakBusy),
    ]
  })
  const columns = ['servers take', 'sessions moved', 'median gap', 'all have one', 'peak CPU']
  return [`One of ${count} servers is lost, failover: transparent`, table(columns, costs)].join(
    '\n\n',
  )
}

const headings = [
  'came back',
  'median',
  'p99',
  'all back',
  'peak CPU',
  'SYNs again',
  'failed tries',
]

function cellsOf(outcome: Outcome): string[] {
  const failed = [...outcome.failures.values()].reduce((sum, one) => sum + one, 0)
  return [
    whole(outcome.returned),
    formatSeconds(outcome.medianMs),
    formatSeconds(outcome.p99Ms),
    formatSeconds(outcome.allBackMs),
    percent(outcome.peakBusy),
    whole(outcome.droppedSyns),
    whole(failed),
  ]
}

function chartOf({ samples }: Outcome): string {
  const busiest = samples.map(({ busy }) => Math.max(...busy))
  return chart(
    [
      { name: 'waiting', values: samples.map(({ waiting }) => waiting), format: whole },
      { name: 'busiest machine', values: busiest, most: 1, format: percent },
    ],
    samples.length,
  )
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`
}

function formatSeconds(ms: number): string {
  if (Number.isNaN(ms)) return 'not all'
  if (ms === Infinity) return 'never'
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${whole(ms / 1000)} s`
}
