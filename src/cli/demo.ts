/**
 * `sluice demo`: the whiteboard example, as its files are, behind the gateway. They are imported, so that
 * a compiled file has them inside; its servers are processes of that same file.
 */
import { startWhiteboard, type Whiteboard } from '../../examples/whiteboard/whiteboard.ts'
import file from '../../examples/whiteboard/sluice.yaml' with { type: 'file' }
import { readConfig } from './read-config.ts'
import { startGateway, untilTold } from './run.ts'

export interface DemoOptions {
  readonly port: number
  readonly address: string
}

/** @returns the exit code. */
export async function demo({ port, address }: DemoOptions): Promise<number> {
  const whiteboard = await startServers()
  if (whiteboard === undefined) return 1
  const config = readConfig(file, { ...process.env, ...environmentOf(whiteboard, address, port) })
  const running = config === undefined ? undefined : await startGateway(config)
  if (running === undefined) {
    await whiteboard.stop()
    if (config !== undefined) console.error('  sluice demo --port 8081 takes another port')
    return config === undefined ? 2 : 1
  }
  const url = `http://localhost:${running.gateway.listeners[0]?.port ?? port}/`
  console.info(`
  A whiteboard behind Sluice: open ${url} in two windows and draw.

  Behind are three servers, on ports ${whiteboard.ports.join(', ')}. Each window shows which one serves it, and
  has a button that kills one: the drawing goes on. Ctrl-C ends all.
`)
  await untilTold(running)
  await whiteboard.stop()
  return 0
}

/** What the file of the example leaves open. */
function environmentOf({ ports, boardPort }: Whiteboard, address: string, port: number) {
  const servers = ports.map((each, index) => [`SERVER_${index + 1}`, `${each}`])
  const host = address.includes(':') ? `[${address}]` : address
  return { ...Object.fromEntries(servers), BOARD: `${boardPort}`, LISTEN: `${host}:${port}` }
}

/** @returns undefined when one does not start, which has been said. */
async function startServers(): Promise<Whiteboard | undefined> {
  // In a compiled file the program is inside; else it is named to Bun.
  const isCompiled = Bun.main.startsWith('/$bunfs/')
  const command = [process.execPath, ...(isCompiled ? [] : [Bun.main]), 'demo-server']
  try {
    return await startWhiteboard({ boardPort: 0, firstPort: 0, command })
  } catch (error) {
    console.error(`✖ ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
