/**
 * `sluice demo`: the whiteboard example, as its files are, behind the gateway. They are imported, so that
 * a compiled file has them inside.
 */
import { startWhiteboard } from '../../examples/whiteboard/server.ts'
import file from '../../examples/whiteboard/sluice.yaml' with { type: 'file' }
import { readConfig } from './read-config.ts'
import { startGateway, untilTold } from './run.ts'

/** @returns the exit code. */
export async function demo(port: number): Promise<number> {
  const whiteboard = startWhiteboard({ port: 0 })
  const env = { ...process.env, PORT: String(port), WHITEBOARD_PORT: String(whiteboard.port) }
  const config = readConfig(file, env)
  const running = config === undefined ? undefined : await startGateway(config)
  if (running === undefined) {
    await whiteboard.stop()
    if (config !== undefined) console.error('  sluice demo --port 8081 takes another port')
    return config === undefined ? 2 : 1
  }
  const url = `http://localhost:${running.gateway.listeners[0]?.port ?? port}/`
  console.info(`
  A whiteboard behind Sluice: open ${url} in two windows and draw.

  The page and its WebSocket come through this one port; the server behind, on
  port ${whiteboard.port}, knows nothing of a gateway. Ctrl-C ends both.
`)
  await untilTold(running)
  await whiteboard.stop()
  return 0
}
