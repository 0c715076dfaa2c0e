/**
 * Run as a program: starts a gateway for each line on standard input, which is a configuration as a
 * JSON string, and prints `{"port":N,"adminPort":N}` or `{"error":"…"}`. Ends when standard input closes.
 */
import { readFileSync } from 'node:fs'
import { startAdmin } from '../../src/admin/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createGateway } from '../../src/gateway.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

if (import.meta.main) {
  // As in `sluice run`: the connection on which a mistake happened is over, the others go on.
  process.on('uncaughtException', (error) => console.error(error))
  process.on('unhandledRejection', (error) => console.error(error))
  for await (const line of console) {
    try {
      console.info(JSON.stringify(start(JSON.parse(line))))
    } catch (error) {
      console.info(JSON.stringify({ error: String(error) }))
    }
  }
  process.exit()
}

function start(yaml: string) {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const loaded = loadConfig(yaml, { file: 'attack.yaml', env: {}, readFile })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const emit = (event: GatewayEvent) => {
    if (event.type === 'mistake') console.error(event.error)
  }
  const gateway = createGateway(loaded.config, emit)
  gateway.start()
  const { admin } = loaded.config
  const running = admin && startAdmin(admin, { gateway, metrics: createMetrics() }, emit)
  return { port: gateway.listeners[0]?.port, adminPort: running?.port }
}
