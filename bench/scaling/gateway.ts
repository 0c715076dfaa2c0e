// A gateway of this checkout as a process of its own, with the settings a figure is about.
import type { Corpora } from '../corpus.ts'
import { freePort, startAccepting } from '../gateways.ts'
import type { Placement } from '../machine.ts'
import { stop, temporaryDirectory } from '../processes.ts'
import { sluice } from '../sluice.ts'
import type { Certificate } from '../tls.ts'
import type { Kind } from './figures.ts'

/** What all of it is measured with. */
export interface Bench {
  placement: Placement
  upstreamPort: number
  corpora: Corpora
  certificate: Certificate
}

export interface GatewaySettings {
  upstreamPort: number
  /** Puts it on its core. */
  prefix: string[]
  /** One that is free if not given. */
  port?: number
  certificate?: Certificate | undefined
  route?: Record<string, unknown>
  top?: Record<string, unknown>
}

export interface RunningGateway {
  port: number
  pid: number
  process: Bun.Subprocess
  stop(): Promise<void>
}

export async function startSluice(settings: GatewaySettings): Promise<RunningGateway> {
  const { upstreamPort, prefix, port = freePort(), certificate, route, top } = settings
  const directory = temporaryDirectory()
  const row = sluice({
    name: 'sluice',
    groups: [],
    ...(route && { route }),
    ...(top && { top }),
  })
  const command = row.command({ port, upstreamPort, directory, certificate })
  const process = await startAccepting([...prefix, ...command], port, directory)
  return { port, pid: process.pid, process, stop: () => stop(process) }
}

/** As messages of that kind are relayed. */
export function settingsOf(bench: Bench, kind: Kind): GatewaySettings {
  const { upstreamPort, placement, certificate } = bench
  const base = { upstreamPort, prefix: placement.gateway }
  if (kind === 'tls') return { ...base, certificate }
  if (kind === 'framed') return { ...base, route: { framed: true, compression: 'off' } }
  const compression = { threshold: '0B', level: 2 }
  return kind === 'compressed' ? { ...base, route: { compression } } : base
}
