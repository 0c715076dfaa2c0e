/**
 * Starts a whole gateway from YAML, on free ports, and hears its events: in the test's own process, or,
 * with `SLUICE_BINARY`, as a process of that compiled file.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from './load-config.ts'
import { formatProblems } from '../../src/config/report.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { startCompiledGateway } from './compiled-gateway.ts'
import { withFraming } from './framing.ts'
import { Journal } from './journal.ts'

type EventOf<Type extends GatewayEvent['type']> = Extract<GatewayEvent, { type: Type }>

/** What can be told to a gateway and asked of it, wherever it runs. */
export interface ControlledGateway extends Pick<Gateway, 'sessions' | 'leave' | 'destroy'> {
  readonly listeners: readonly Pick<
    Gateway['listeners'][number],
    'name' | 'address' | 'port' | 'unix'
  >[]
}

export interface RunningGateway extends AsyncDisposable {
  readonly gateway: ControlledGateway
  /** The port of the first listener. */
  readonly port: number
  /** `127.0.0.1:port`, to put behind `http://` or `ws://`. */
  readonly host: string
  readonly events: readonly GatewayEvent[]
  /** The first event of this type that satisfies the condition, past or to come. */
  event<Type extends GatewayEvent['type']>(
    type: Type,
    condition?: (event: EventOf<Type>) => boolean,
  ): Promise<EventOf<Type>>
}

/** One that can be looked into. */
export interface OpenGateway extends RunningGateway {
  readonly gateway: Gateway
  /** Counts what the gateway tells. */
  readonly metrics: Metrics
}

/**
 * Its routes are framed where `SLUICE_FRAMING` says so.
 *
 * @param yaml a configuration; listeners should be `127.0.0.1:0`. @param env what `${env:…}` stands for.
 */
export function startGateway(yaml: string, env: Record<string, string> = {}): RunningGateway {
  return start(yaml, env, withFraming)
}

/** Its sessions are tunnels whatever `SLUICE_FRAMING` says: for what only a tunnel does, such as passing the very frames. */
export function startTunnel(yaml: string): RunningGateway {
  return start(yaml, {}, (config) => config)
}

function start(
  yaml: string,
  env: Record<string, string>,
  change: (config: Config) => Config,
): RunningGateway {
  const binary = process.env['SLUICE_BINARY']
  if (binary === undefined) return startHere(yaml, env, change)
  const journal = new Journal<GatewayEvent>()
  const gateway = startCompiledGateway(resolve(binary), yaml, env, journal)
  return Object.assign(running(gateway, journal, gateway), { gateway })
}

/**
 * Always in the test's own process: for tests that look inside, or want what no file can say.
 *
 * @param change what is done to the configuration before it is used.
 */
export function startGatewayHere(
  yaml: string,
  env: Record<string, string> = {},
  change: (config: Config) => Config = (config) => config,
): OpenGateway {
  return startHere(yaml, env, (config) => change(withFraming(config)))
}

function startHere(
  yaml: string,
  env: Record<string, string>,
  change: (config: Config) => Config,
): OpenGateway {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const loaded = loadConfig(yaml, { file: 'test.yaml', env, readFile })
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems, { colours: false }))
  const journal = new Journal<GatewayEvent>()
  const metrics = createMetrics()
  const gateway = createGateway(change(loaded.config), (event) => {
    metrics.emit(event)
    journal.add(event)
  })
  gateway.start()
  const host = { hear() {}, [Symbol.asyncDispose]: async () => gateway.destroy() }
  return Object.assign(running(gateway, journal, host), { gateway, metrics })
}

function running(
  { listeners }: ControlledGateway,
  journal: Journal<GatewayEvent>,
  host: AsyncDisposable & { hear(): void },
): Omit<RunningGateway, 'gateway'> {
  const port = listeners[0]?.port ?? 0
  return {
    port,
    host: `127.0.0.1:${port}`,
    get events() {
      host.hear()
      return journal.items
    },
    event<Type extends GatewayEvent['type']>(
      type: Type,
      condition: (event: EventOf<Type>) => boolean = () => true,
    ) {
      const isOfType = (event: GatewayEvent): event is EventOf<Type> => event.type === type
      return journal.find((event): event is EventOf<Type> => isOfType(event) && condition(event))
    },
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]()
      const mistake = journal.items.find((event) => event.type === 'mistake')
      if (mistake !== undefined) throw mistake.error
    },
  }
}

/** One listener on a free port, and everything on it to this upstream. @param more keys of the route, as YAML flow. */
export function relayTo(url: string, more = ''): string {
  return `
listeners: ["127.0.0.1:0"]
routes:
  - upstream: ${url}
    ${more}
`
}
