// The plan of a command line: what there is and what is asked of it. Values are written as in the
// configuration: 0.1/s, 200B, 32GB, 30s, 60%.
import { parseArgs } from 'node:util'
import type { Reading } from '../../src/config/reading.ts'
import { readDuration, readPercent, readSize } from '../../src/config/units.ts'
import type { Figures } from './figures.ts'
import type { Plan } from './model.ts'

export interface PlanOptions {
  sessions: number
  plan: Plan
}

export const planUsage = `  --sessions N       how many there shall be (1e6)
  --messages R/s     of each session, both directions together (0.1/s)
  --size N           bytes of a message (200B)
  --kind K           what becomes of messages: tunnel, framed or compressed (tunnel)
  --plain            without TLS
  --heartbeat T      how often an idle client is pinged, or off (30s)
  --machines N       gateways' machines (10), of which
  --lost N           may be gone at once (1)
  --cores N          of each machine (8)
  --workers N        processes of each machine (one a core)
  --memory N         of each machine (32GB)
  --nofile N         LimitNOFILE of each process (200000)
  --endpoints N      addresses with port of the upstream servers (40)
  --addresses N      addresses that a machine dials from (1)
  --ports N          of net.ipv4.ip_local_port_range (28232)
  --worker-ratio N   CPU of a session with several workers by that with one (1)
  --busy P           how busy cores may be by day (60%)
  --peak P           and while clients return (90%)
  --return T         within which the clients of a lost machine shall be back (60s)`

const texts = {
  sessions: '1e6',
  messages: '0.1/s',
  size: '200B',
  kind: 'tunnel',
  heartbeat: '30s',
  machines: '10',
  lost: undefined,
  cores: '8',
  workers: undefined,
  memory: '32GB',
  nofile: '200000',
  endpoints: '40',
  addresses: '1',
  ports: undefined,
  'worker-ratio': '1',
  busy: '60%',
  peak: '90%',
  return: '60s',
} as const
type Name = keyof typeof texts

/** @throws TypeError for what cannot be read. */
export function readPlan(args: string[], figures: Figures): PlanOptions {
  const named = Object.keys(texts).map((name) => [name, { type: 'string' }] as const)
  const options = { ...Object.fromEntries(named), plain: { type: 'boolean' } as const }
  const values: Record<string, string | boolean | undefined> = parseArgs({ args, options }).values
  const text = (name: Name): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : texts[name]
  }
  const count = (name: Name, orElse = NaN) => {
    const value = text(name)
    if (value === undefined) return orElse
    const number = Number(value)
    if (Number.isInteger(number) && number >= 0) return number
    throw new TypeError(`--${name}: expected a whole number, such as 10 or 1e6; found "${value}"`)
  }
  const positive = (name: Name, orElse?: number) => {
    const number = count(name, orElse)
    if (number > 0) return number
    throw new TypeError(`--${name}: expected at least 1`)
  }
  const quantity = <T>(name: Name, read: (value: unknown) => Reading<T>): T => {
    const reading = read(text(name))
    if (reading.problem !== undefined) throw new TypeError(`--${name}: ${reading.problem}`)
    return reading.value
  }
  const share = (name: Name) => quantity(name, (value) => readPercent(value, { min: 0.01, max: 1 }))
  const cores = positive('cores')
  const machines = positive('machines')
  const plan: Plan = {
    kind: readKind(text('kind')),
    isTls: values['plain'] !== true,
    messagesPerSecond: ratePerSecond(text('messages') ?? ''),
    bytes: quantity('size', readBytes),
    heartbeatSeconds: (quantity('heartbeat', readDuration) ?? 0) / 1000,
    machines,
    lost: count('lost', machines > 1 ? 1 : 0),
    cores,
    workers: positive('workers', cores),
    memoryBytes: quantity('memory', readSize),
    descriptors: positive('nofile'),
    endpoints: positive('endpoints'),
    sourceAddresses: positive('addresses'),
    portsPerDestination: positive('ports', figures.portsPerDestination),
    workerRatio: Number(text('worker-ratio')),
    busyShare: share('busy'),
    peakShare: share('peak'),
    memoryShare: 0.8,
    returnSeconds: (quantity('return', readDuration) ?? Infinity) / 1000,
  }
  if (plan.lost >= machines) throw new TypeError('--lost: somebody must be left of --machines')
  if (!(plan.workerRatio > 0)) throw new TypeError('--worker-ratio: expected a number such as 1.1')
  return { sessions: positive('sessions'), plan }
}

/** A number alone is one of bytes. */
function readBytes(value: unknown): Reading<number> {
  return readSize(/^\d+$/.test(String(value)) ? `${String(value)}B` : value)
}

function readKind(text: string | undefined): Plan['kind'] {
  if (text === 'tunnel' || text === 'framed' || text === 'compressed') return text
  throw new TypeError('--kind: expected tunnel, framed or compressed')
}

/** Less than one a second may be written too: `0.1/s`, `1/60s`. */
function ratePerSecond(text: string): number {
  const [, number, seconds = '1'] = /^(\d+(?:\.\d+)?)\/(\d+)?s$/.exec(text) ?? []
  const rate = Number(number) / Number(seconds)
  if (Number.isFinite(rate)) return rate
  throw new TypeError(`--messages: expected a rate such as 0.1/s or 1/60s; found "${text}"`)
}
