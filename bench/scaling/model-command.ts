// `npm run scaling -- model`: what one process, one machine and a fleet hold, as tables and sentences.
import { formatKilobytes, table, whole } from '../table.ts'
import { readFigures, type Figures } from './figures.ts'
import {
  busyShareOf,
  capacityOf,
  limitNames,
  machineOf,
  openUs,
  processOf,
  sessionBytes,
  sessionUsPerSecond,
  type Capacity,
  type LimitName,
  type Plan,
} from './model.ts'
import { planUsage, readPlan } from './plan.ts'
import { profiles } from './profiles.ts'

const usage = `npm run scaling -- model [options]

  --profiles         what typical sessions come to on this fleet
${planUsage}`

/** What to do about it. */
const remedies: Readonly<Record<LimitName, string>> = {
  descriptors: 'raise LimitNOFILE',
  'ephemeral ports': 'widen net.ipv4.ip_local_port_range, or add endpoints',
  memory: 'add memory or machines',
  'CPU for messages': 'add cores or machines',
  'CPU for handshakes at a return':
    'add cores or machines, or let clients spread their return over longer',
}

export async function printModel(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const figures = await readFigures()
  const isProfiles = args.includes('--profiles')
  const { sessions, plan } = readPlan(
    args.filter((word) => word !== '--profiles'),
    figures,
  )
  console.log(isProfiles ? formatProfiles(plan, figures) : formatPlan(plan, sessions, figures))
  return 0
}

/** One plan: every limit, and whether the sessions asked for fit. */
export function formatPlan(plan: Plan, sessions: number, figures: Figures): string {
  const columns = scalesOf(plan).map(([, one]) => capacityOf(one, figures))
  const headings = ['sessions that it allows', ...scalesOf(plan).map(([name]) => name)]
  const lines = limitNames.map((name) => [
    name,
    ...columns.map(({ limits, binding }) => {
      const amount = whole(limits.find((limit) => limit.name === name)?.sessions ?? NaN)
      return binding === name ? `> ${amount}` : amount
    }),
  ])
  const fleet = columns.at(-1)
  return [
    describe(plan, figures),
    table(headings, lines),
    '  > ends first',
    ...(fleet ? [judge(plan, sessions, fleet, figures)] : []),
  ].join('\n\n')
}

/** Every profile, and a sentence each. */
export function formatProfiles(plan: Plan, figures: Figures): string {
  const rows = profiles.map(({ name, use }) => {
    const own = { ...plan, ...use }
    return { name, own, capacities: scalesOf(own).map(([, one]) => capacityOf(one, figures)) }
  })
  const headings = ['', 'CPU a session', 'memory', ...scalesOf(plan).map(([name]) => name)]
  const lines = rows.map(({ name, own, capacities }) => [
    name,
    `${sessionUsPerSecond(own, figures).toFixed(1)} µs/s`,
    formatKilobytes(sessionBytes(own, figures)),
    ...capacities.map((one) => whole(one.sessions)),
  ])
  const sentences = rows.map(({ name, own, capacities }) => {
    const fleet = capacities.at(-1)
    return fleet ? `  ${name}: ${describeUse(own)}. ${endOf(fleet)}` : ''
  })
  return [table(headings, lines), sentences.join('\n')].join('\n\n')
}

function scalesOf(plan: Plan): [string, Plan][] {
  const fleet = plan.lost > 0 ? `${plan.machines} machines, ${plan.lost} lost` : 'all machines'
  return [
    ['one process', processOf(plan)],
    ['one machine', machineOf(plan)],
    ...(plan.machines > 1 ? [[fleet, plan] as [string, Plan]] : []),
  ]
}

function describe(plan: Plan, figures: Figures): string {
  const { machines, cores, workers, memoryBytes, descriptors, endpoints } = plan
  return [
    `${machines} × ${cores} cores, ${workers} workers, ${(memoryBytes / 2 ** 30).toFixed(0)} GB; ` +
      `${whole(descriptors)} descriptors a process; ${endpoints} endpoints`,
    `${describeUse(plan)}: ${sessionUsPerSecond(plan, figures).toFixed(1)} µs of CPU a second and ` +
      `${formatKilobytes(sessionBytes(plan, figures))} a session, ` +
      `${openUs(plan, figures).toFixed(0)} µs to open one`,
  ].join('\n')
}

function describeUse({ kind, isTls, messagesPerSecond, bytes, heartbeatSeconds }: Plan): string {
  const rate =
    messagesPerSecond >= 0.1 || messagesPerSecond === 0
      ? `${messagesPerSecond} messages a second`
      : `a message every ${(1 / messagesPerSecond).toFixed(0)} s`
  const beat = heartbeatSeconds > 0 ? `a ping every ${heartbeatSeconds} s` : 'no pings'
  return `${kind}${isTls ? ', TLS' : ''}, ${rate} of ${bytes} B, ${beat}`
}

function endOf({ binding }: Capacity): string {
  const [first = '', ...rest] = binding
  return `${first.toUpperCase()}${rest.join('')} end first: ${remedies[binding]}.`.replace(
    /(CPU .*|Memory) end first/,
    '$1 ends first',
  )
}

function judge(plan: Plan, sessions: number, fleet: Capacity, figures: Figures): string {
  const left = plan.machines - plan.lost
  const byDay = sessions / plan.machines
  const share = (own: number) => `${(100 * busyShareOf(plan, own, figures)).toFixed(0)} %`
  const verdict =
    sessions <= fleet.sessions
      ? `${whole(sessions)} sessions fit: there is room for ${whole(fleet.sessions)}.`
      : `${whole(sessions)} sessions do not fit: there is room for ${whole(fleet.sessions)}.`
  const memory = (byDay * sessionBytes(plan, figures)) / 2 ** 30
  return [
    `${verdict} ${endOf(fleet)}`,
    `By day a machine has ${whole(byDay)}: ${share(byDay)} of its cores, ${memory.toFixed(1)} GB, ` +
      `${whole(byDay / plan.endpoints)} ports to each endpoint, ` +
      `${whole((byDay / plan.workers) * figures.descriptorsPerSession)} descriptors a process.`,
    `With ${left} machines left it has ${whole(sessions / left)}: ${share(sessions / left)}, ` +
      `and handshakes on top until everybody is back.`,
  ].join('\n')
}
