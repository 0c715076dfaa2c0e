/**
 * Run as a program: starts a gateway for each line on standard input, which is a configuration as a
 * JSON string, and prints `{"port":N}` or `{"error":"…"}`. Ends when standard input closes.
 */
import { loadConfig } from '../../src/config/load.ts'
import { createGateway } from '../../src/gateway.ts'

if (import.meta.main) {
  // As in `sluice run`: the connection on which a mistake happened is over, the others go on.
  process.on('uncaughtException', (error) => console.error(error))
  process.on('unhandledRejection', (error) => console.error(error))
  for await (const line of console) {
    try {
      console.info(JSON.stringify({ port: start(JSON.parse(line)) }))
    } catch (error) {
      console.info(JSON.stringify({ error: String(error) }))
    }
  }
  process.exit()
}

function start(yaml: string): number | undefined {
  const loaded = loadConfig(yaml, { file: 'attack.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const gateway = createGateway(loaded.config, (event) => {
    if (event.type === 'mistake') console.error(event.error)
  })
  gateway.start()
  return gateway.listeners[0]?.port
}
