/**
 * Run as a program: reads which sources are replaced, `{ path: text }` as JSON on one line of standard input,
 * then starts a gateway for each further line, which is a configuration as a JSON string, and prints
 * `{"port":N,"adminPort":N}` or `{"error":"…"}`. Ends when standard input closes.
 */
import { readFileSync } from 'node:fs'
import type { GatewayEvent } from '../../src/core/events.ts'

if (import.meta.main) await serve()

async function serve(): Promise<void> {
  // As in `sluice run`: the connection on which a mistake happened is over, the others go on.
  process.on('uncaughtException', (error) => console.error(error))
  process.on('unhandledRejection', (error) => console.error(error))
  let start: ((yaml: string) => Ports) | undefined
  for await (const line of console) {
    if (start === undefined) {
      replaceSources(JSON.parse(line))
      start = await loadStart()
      continue
    }
    try {
      console.info(JSON.stringify(start(JSON.parse(line))))
    } catch (error) {
      console.info(JSON.stringify({ error: String(error) }))
    }
  }
  process.exit()
}

/** What is imported from here on has these texts instead. */
function replaceSources(texts: Readonly<Record<string, string>>): void {
  Bun.plugin({
    name: 'replaced sources',
    setup(build) {
      build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
        contents: texts[path] ?? readFileSync(path, 'utf8'),
        loader: 'ts',
      }))
    },
  })
}

interface Ports {
  readonly port: number | undefined
  readonly adminPort: number | undefined
}

/** @returns what starts a gateway from its configuration. */
async function loadStart(): Promise<(yaml: string) => Ports> {
  const { startAdmin } = await import('../../src/admin/admin.ts')
  const { createResources } = await import('../../src/admin/resources.ts')
  const { loadConfig } = await import('./load-config.ts')
  const { createGateway } = await import('../../src/gateway.ts')
  const { createMetrics } = await import('../../src/telemetry/metrics.ts')
  const emit = (event: GatewayEvent) => {
    if (event.type === 'mistake') console.error(event.error)
  }

  return (yaml: string) => {
    const readFile = (path: string) => readFileSync(path, 'utf8')
    const loaded = loadConfig(yaml, { file: 'attack.yaml', env: {}, readFile })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    const gateway = createGateway(loaded.config, emit)
    gateway.start()
    const { admin } = loaded.config
    const subject = { gateway, metrics: createMetrics() }
    const running =
      admin &&
      startAdmin(
        admin,
        createResources(subject, () => admin),
        emit,
      )
    return { port: gateway.listeners[0]?.port, adminPort: running?.port }
  }
}
