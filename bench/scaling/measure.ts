// `npm run scaling -- measure`: takes the figures that the model needs, on this machine, in under three
// minutes, and writes figures.json. What is under load has a core of its own, as in `npm run bench`.
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { createCorpora } from '../corpus.ts'
import { placeOnCores } from '../machine.ts'
import { compile, startEcho } from '../native.ts'
import { median } from '../statistics.ts'
import { makeCertificate, missingForTls } from '../tls.ts'
import { cpuNs } from '../usage.ts'
import { openCrowd } from './crowd.ts'
import { figuresFile, kinds, type Figures, type Kind, type LeaveFigures } from './figures.ts'
import { settingsOf, startSluice, type Bench } from './gateway.ts'
import { measureIdle, type IdleFigures } from './idle.ts'
import { measureMessages, type MessageFigures } from './messages.ts'

// Two descriptors each: 8,000 sockets of the gateway at most.
const idleSessions = 4000
const crowdSessions = 2000
const passes = 2
const leaveWindowMs = 4000
// Often enough to be more than the noise, seldom enough that no ping meets another.
const heartbeatMs = 500
const heartbeatSeconds = 4

export async function measureFigures(): Promise<number> {
  const missing = missingForTls()
  if (missing !== undefined) throw new Error(`The figures need TLS, and it is ${missing}`)
  compile({ withTls: true })
  const placement = placeOnCores()
  const echo = await startEcho(placement.load)
  const corpora = await createCorpora()
  const certificate = makeCertificate()
  const bench: Bench = { placement, upstreamPort: echo.port, corpora, certificate }
  const messages = {} as Record<Kind, MessageFigures>
  for (const kind of kinds) {
    tell(`messages, ${kind}`)
    messages[kind] = await measureMessages(bench, kind)
  }
  const idle = {} as Record<Kind, IdleFigures>
  for (const kind of kinds) {
    tell(`idle sessions, ${kind}`)
    idle[kind] = await measureIdleKind(bench, kind)
  }
  tell('heartbeats')
  const heartbeatUs = await measureHeartbeats(bench)
  tell('leaving')
  const { closeUs, leave } = await measureLeaving(bench)
  const figures = compose({ messages, idle, heartbeatUs, closeUs, leave })
  await Bun.write(figuresFile, `${JSON.stringify(figures, null, 2)}\n`)
  console.log(JSON.stringify(figures, null, 2))
  return 0
}

async function measureIdleKind(bench: Bench, kind: Kind): Promise<IdleFigures> {
  const isCompressed = kind === 'compressed'
  const load = {
    clients: idleSessions,
    tls: kind === 'tls' ? 'full' : 'off',
    deflate: isCompressed ? 'single' : 'off',
    payload: isCompressed ? bench.corpora.common.file : 64,
    opening: 1,
  } as const
  const all: IdleFigures[] = []
  for (let pass = 0; pass < passes; pass++) {
    const gateway = await startSluice(settingsOf(bench, kind))
    all.push(await measureIdle(gateway, load, bench.placement.load))
    await gateway.stop()
  }
  const middle = (of: (one: IdleFigures) => number) => median(all.map(of))
  return {
    openedUs: middle((one) => one.openedUs),
    opensPerSecond: middle((one) => one.opensPerSecond),
    idleUsPerSecond: middle((one) => one.idleUsPerSecond),
    processBytes: middle((one) => one.processBytes),
    sessionBytes: middle((one) => one.sessionBytes),
    kernelBytes: middle((one) => one.kernelBytes),
    descriptors: middle((one) => one.descriptors),
  }
}

/** Silent clients that are pinged, less the same without. */
async function measureHeartbeats(bench: Bench): Promise<number> {
  const route = { heartbeat: { client: `${heartbeatMs}ms`, upstream: 'off', timeout: '1m' } }
  const gateway = await startSluice({ ...settingsOf(bench, 'tunnel'), route })
  const crowd = await openCrowd(bench.placement.load, gateway.port, crowdSessions)
  await Bun.sleep(2 * heartbeatMs)
  const beforeNs = cpuNs(gateway.pid)
  const beganMs = performance.now()
  await Bun.sleep(heartbeatSeconds * 1000)
  const usedUs = (cpuNs(gateway.pid) - beforeNs) / 1000
  const beats = ((performance.now() - beganMs) / heartbeatMs) * crowdSessions
  await crowd.stop()
  await gateway.stop()
  return usedUs / beats
}

/** A gateway that is told to leave: what each session takes, and how evenly the window is used. */
async function measureLeaving(bench: Bench): Promise<{ closeUs: number; leave: LeaveFigures }> {
  const top = { leave: { window: `${leaveWindowMs}ms` } }
  const gateway = await startSluice({ ...settingsOf(bench, 'tunnel'), top })
  const crowd = await openCrowd(bench.placement.load, gateway.port, crowdSessions)
  const beforeUs = cpuNs(gateway.pid) / 1000
  await crowd.begin()
  gateway.process.kill('SIGTERM')
  const { closedMs } = await crowd.result()
  await gateway.process.exited
  const usedUs = Number(gateway.process.resourceUsage()?.cpuTime.total ?? NaN) - beforeUs
  await crowd.stop()
  const tenths = Array.from({ length: 10 }, () => 0)
  for (const ms of closedMs) {
    const tenth = Math.min(9, Math.floor((10 * ms) / leaveWindowMs))
    tenths[tenth] = (tenths[tenth] ?? 0) + 1 / crowdSessions
  }
  const leave = {
    sessions: crowdSessions,
    windowMs: leaveWindowMs,
    lastMs: Math.round(Math.max(...closedMs)),
    leastTenth: rounded(Math.min(...tenths)),
    mostTenth: rounded(Math.max(...tenths)),
  }
  return { closeUs: usedUs / crowdSessions, leave }
}

interface Measured {
  messages: Record<Kind, MessageFigures>
  idle: Record<Kind, IdleFigures>
  heartbeatUs: number
  closeUs: number
  leave: LeaveFigures
}

function compose({ messages, idle, heartbeatUs, closeUs, leave }: Measured): Figures {
  const ofKinds = <T>(of: (kind: Kind) => T) =>
    Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as Record<Kind, T>
  /** The first message is no part of opening: a round trip is two of them. */
  const openUs = (kind: Kind) =>
    rounded(idle[kind].openedUs - 2 * (messages[kind].costs[0]?.us ?? 0))
  const middle = (of: (one: IdleFigures) => number) => median(Object.values(idle).map(of))
  return {
    measured: new Date().toISOString().slice(0, 10),
    machine: describe(),
    messageUs: ofKinds((kind) =>
      messages[kind].costs.map(({ bytes, us }) => ({ bytes, us: rounded(us) })),
    ),
    openUs: { plain: openUs('tunnel'), tls: openUs('tls') },
    closeUs: rounded(closeUs),
    heartbeatUs: rounded(heartbeatUs),
    idleUsPerSecond: rounded(idle.tunnel.idleUsPerSecond),
    processBytes: Math.round(middle((one) => one.processBytes)),
    sessionBytes: ofKinds((kind) => Math.round(idle[kind].sessionBytes)),
    kernelBytes: Math.round(middle((one) => one.kernelBytes)),
    descriptorsPerSession: rounded(middle((one) => one.descriptors)),
    portsPerDestination: portsPerDestination(),
    opensPerSecond: {
      plain: Math.round(idle.tunnel.opensPerSecond),
      tls: Math.round(idle.tls.opensPerSecond),
    },
    leave,
  }
}

/** The kind of machine, not which one. */
function describe(): string[] {
  const all = cpus()
  const { version } = JSON.parse(readFileSync(`${import.meta.dir}/../../package.json`, 'utf8')) as {
    version: string
  }
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  return [
    `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} cores, ${memory} GB`,
    `sluice ${version}, bun ${Bun.version}`,
  ]
}

function portsPerDestination(): number {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  const [first = NaN, last = NaN] = range.trim().split(/\s+/).map(Number)
  return last - first + 1
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

/** Not part of the result, so it goes to standard error. */
function tell(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0)} s  ${what}\n`)
}
