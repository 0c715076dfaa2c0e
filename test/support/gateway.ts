/**
 * Starts a whole gateway in the test's own process, from YAML, on free ports, and hears its events.
 */
import { readFileSync } from 'node:fs'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblems } from '../../src/config/report.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { Journal } from './journal.ts'

type EventOf<Type extends GatewayEvent['type']> = Extract<GatewayEvent, { type: Type }>

export interface RunningGateway extends AsyncDisposable {
  readonly gateway: Gateway
  /** Counts what the gateway tells. */
  readonly metrics: Metrics
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

/**
 * @param yaml a configuration; listeners should be `127.0.0.1:0`.
 * @param env what `${env:…}` stands for.
 * @param change what is done to the configuration before it is used.
 */
export function startGateway(
  yaml: string,
  env: Record<string, string> = {},
  change: (config: Config) => Config = (config) => config,
): RunningGateway {
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
  const port = gateway.listeners[0]?.port ?? 0

  return {
    gateway,
    metrics,
    port,
    host: `127.0.0.1:${port}`,
    events: journal.items,
    event<Type extends GatewayEvent['type']>(
      type: Type,
      condition: (event: EventOf<Type>) => boolean = () => true,
    ) {
      const isOfType = (event: GatewayEvent): event is EventOf<Type> => event.type === type
      return journal.find((event): event is EventOf<Type> => isOfType(event) && condition(event))
    },
    async [Symbol.asyncDispose]() {
      gateway.destroy()
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
