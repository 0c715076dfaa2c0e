// `npm run scaling -- validate`: 2,000 real clients whose gateway is killed and started again, and the same in
// the simulation, side by side. Clients and server share one core here, the gateway has the other.
import { closeSync, openSync, readSync } from 'node:fs'
import { table, whole } from '../table.ts'
import { placeOnCores } from '../machine.ts'
import { compile, startEcho } from '../native.ts'
import { median } from '../statistics.ts'
import { cpuNs } from '../usage.ts'
import { openCrowd } from './crowd.ts'
import { readFigures, type Figures } from './figures.ts'
import { startSluice } from './gateway.ts'
import { readPlan } from './plan.ts'
import { reconnects, type Reconnect } from './reconnect.ts'
import { settingsOf } from './simulation/assumptions.ts'
import { restartProcess } from './simulation/happenings.ts'
import { outcomeOf } from './simulation/outcome.ts'
import { World } from './simulation/world.ts'

const clients = 2000
const simulatedMs = 5 * 60_000
const listenTimeoutMs = 10_000

interface Run {
  medianMs: number
  p99Ms: number
  allBackMs: number
  failures: number
  /** CPU time of the new gateway for each session, from its start on. */
  openUs: number
}

interface Really {
  run: Run
  downMs: number
  /** CPU time of a gateway to start, which is no session's. */
  startUs: number
  /** CPU time of the clients' process to connect all of them once. */
  openingMs: number
}

export async function validate(): Promise<number> {
  compile({ withTls: false })
  const figures = await readFigures()
  const placement = placeOnCores()
  const echo = await startEcho(placement.load)
  const lines: string[][] = []
  for (const reconnect of reconnects) {
    process.stderr.write(`${reconnect.name}\n`)
    const setting = { upstreamPort: echo.port, prefix: placement.gateway }
    const really = await restartReally(setting, placement.load, reconnect)
    const { run, downMs, startUs } = really
    const simulated = simulate(figures, reconnect, really)
    const own = { ...run, openUs: run.openUs - startUs / clients }
    const name = `${reconnect.name}, ${whole(downMs)} ms down`
    lines.push([name, 'real', ...cellsOf(own)], ['', 'simulated', ...cellsOf(simulated)])
    lines.push(['', 'simulated by real', ...ratios(simulated, own)], [])
  }
  const columns = ['', '', 'median', 'p99', 'all back', 'failed tries', 'CPU a session']
  console.log(`${whole(clients)} clients, one process, killed and started again\n`)
  console.log(table(columns, lines))
  return 0
}

async function restartReally(
  setting: { upstreamPort: number; prefix: string[] },
  prefix: string[],
  reconnect: Reconnect,
): Promise<Really> {
  const gateway = await startSluice(setting)
  const crowd = await openCrowd(prefix, gateway.port, clients, reconnect.name)
  const openingMs = cpuNs(crowd.pid) / 1e6
  await crowd.begin()
  const killedAtMs = performance.now()
  gateway.process.kill('SIGKILL')
  await gateway.process.exited
  const [next, listeningAtMs] = await Promise.all([
    startSluice({ ...setting, port: gateway.port }),
    untilListening(gateway.port),
  ])
  const downMs = listeningAtMs - killedAtMs
  const { backMs, failures } = await crowd.result()
  const usedUs = cpuNs(next.pid) / 1000
  await crowd.stop()
  await next.stop()
  const idle = await startSluice(setting)
  const startUs = cpuNs(idle.pid) / 1000
  await idle.stop()
  const sorted = backMs.toSorted((a, b) => a - b)
  const run = {
    medianMs: median(sorted),
    p99Ms: sorted[Math.floor(0.99 * sorted.length)] ?? NaN,
    allBackMs: sorted.at(-1) ?? NaN,
    failures,
    openUs: usedUs / clients,
  }
  return { run, downMs, startUs, openingMs }
}

/** Without a connection, which would wait in the same backlog as the clients. @returns when it was. */
async function untilListening(port: number): Promise<number> {
  const place = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A `
  const deadlineMs = performance.now() + listenTimeoutMs
  while (!listeners().includes(place)) {
    if (performance.now() > deadlineMs) throw new Error('The gateway does not listen again.')
    await Bun.sleep(5)
  }
  return performance.now()
}

/** They come first, and the whole file takes long where there are thousands of connections. */
function listeners(): string {
  const file = openSync('/proc/net/tcp', 'r')
  const part = Buffer.alloc(16_384)
  const bytes = readSync(file, part)
  closeSync(file)
  return part.toString('latin1', 0, bytes)
}

/** @param openingMs how long the process of the clients takes to begin as many connections. */
function simulate(
  figures: Figures,
  reconnect: Reconnect,
  { downMs, openingMs }: Pick<Really, 'downMs' | 'openingMs'>,
): Run {
  const words = ['--machines', '1', '--cores', '1', '--messages', '0/s', '--heartbeat', 'off']
  const { plan } = readPlan([...words, '--plain', '--endpoints', '1', '--lost', '0'], figures)
  const settings = settingsOf(plan, clients, figures)
  const world = new World({
    ...settings,
    reconnect,
    // Loopback; the echo server takes a handshake in some 20 µs.
    network: {
      leastRoundTripMs: 0.1,
      mostRoundTripMs: openingMs,
      serverRoundTripMs: 0.1,
      unreachableMs: 0.1,
      noticeMs: 0,
    },
    servers: { count: 1, handshakeUs: 20 },
  })
  restartProcess(world, 0, downMs)
  world.engine.run(simulatedMs, () => world.population.waiting === 0)
  const { medianMs, p99Ms, allBackMs, failures } = outcomeOf(world)
  const failed = [...failures.values()].reduce((sum, one) => sum + one, 0)
  const { acceptUs, readUs, answerUs } = settings.costs
  const openUs = acceptUs + readUs + answerUs
  return { medianMs, p99Ms, allBackMs, failures: failed, openUs }
}

function cellsOf({ medianMs, p99Ms, allBackMs, failures, openUs }: Run): string[] {
  const times = [medianMs, p99Ms, allBackMs].map((ms) => `${whole(ms)} ms`)
  return [...times, whole(failures), `${whole(openUs)} µs`]
}

function ratios(one: Run, other: Run): string[] {
  const fields = ['medianMs', 'p99Ms', 'allBackMs', 'failures', 'openUs'] as const
  return fields.map((field) => (other[field] > 0 ? (one[field] / other[field]).toFixed(2) : '–'))
}
