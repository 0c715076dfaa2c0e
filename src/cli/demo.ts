/**
 * `sluice demo`: the whiteboard example, as its files are, behind the gateway. They are imported, so that
 * a compiled file has them inside; its servers are processes of that same file.
 */
import { startWhiteboard, type Whiteboard } from '../../examples/whiteboard/whiteboard.ts'
import file from '../../examples/whiteboard/sluice.yaml' with { type: 'file' }
import type { Config } from '../config/config.ts'
import type { ConfigSource } from '../process/config/config-source.ts'
import { startProcess } from '../process/operate.ts'
import { ownProgram } from '../process/own-program.ts'
import { createSingle } from '../process/single.ts'
import { readConfig } from './read-config.ts'

export interface DemoOptions {
  readonly port: number
  readonly address: string
}

/** @returns the exit code. */
export async function demo({ port, address }: DemoOptions): Promise<number> {
  const whiteboard = await startServers()
  if (whiteboard === undefined) return 1
  const config = readConfig(file, { ...process.env, ...environmentOf(whiteboard, address, port) })
  const running = config === undefined ? 2 : await startDemo(config)
  if (typeof running === 'number') {
    await whiteboard.stop()
    if (config !== undefined) console.error('  sluice demo --port 8081 takes another port')
    return running
  }
  const url = `http://localhost:${running.ports[0] ?? port}/`
  console.info(`
  A whiteboard behind Sluice: open ${url} in two windows and draw.

  Behind are three servers, on ports ${whiteboard.ports.join(', ')}. Each window shows which one serves it, and
  has a button that kills one: the drawing goes on. Ctrl-C ends all.
`)
  const exitCode = await running.ended
  await whiteboard.stop()
  return exitCode
}

function startDemo(config: Config) {
  const source: ConfigSource = {
    file: undefined,
    read: () => ({ config, written: undefined }),
  }
  // Its servers are processes of this one: another could not take them over.
  return startProcess({
    source,
    createInstance: createSingle,
    command: undefined,
    isWatching: false,
  })
}

/** What the file of the example leaves open. */
function environmentOf({ ports, boardPort }: Whiteboard, address: string, port: number) {
  const servers = ports.map((each, index) => [`SERVER_${index + 1}`, `${each}`])
  const host = address.includes(':') ? `[${address}]` : address
  return { ...Object.fromEntries(servers), BOARD: `${boardPort}`, LISTEN: `${host}:${port}` }
}

/** @returns undefined when one does not start, which has been said. */
async function startServers(): Promise<Whiteboard | undefined> {
  try {
    const command = [...ownProgram, 'demo-server']
    return await startWhiteboard({ boardPort: 0, firstPort: 0, command })
  } catch (error) {
    console.error(`✖ ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
