/**
 * Gateways without one of their defences, in a process of their own, which gets a place in the sources
 * replaced as it loads them.
 *
 * The place must be found exactly once. A defence that moved is noticed, never silently left in.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { mutate, type Mutation } from './source-mutation.ts'

export interface GatewayPorts {
  /** Of its first listener. */
  readonly port: number
  /** 0 where there is none. */
  readonly adminPort: number
}

export interface UndefendedGateways extends AsyncDisposable {
  /** Starts one more. */
  start(yaml: string): Promise<GatewayPorts>
}

const sources = join(import.meta.dir, '../../src')
const program = join(import.meta.dir, 'gateway-host.ts')

export function startUndefended(mutations: readonly Mutation[]): UndefendedGateways {
  const texts = mutated(mutations)
  const child = Bun.spawn([process.execPath, program], {
    stdin: 'pipe',
    stdout: 'pipe',
    // What it makes of the attack may well end in a mistake, told there.
    stderr: 'ignore',
  })
  void child.stdin.write(`${JSON.stringify(texts)}\n`)
  const input = Readable.fromWeb(child.stdout)
  const lines = createInterface({ input })[Symbol.asyncIterator]()
  /** Answers come in the order of the questions. */
  let last: Promise<unknown> = Promise.resolve()

  async function ask(yaml: string, before: Promise<unknown>): Promise<GatewayPorts> {
    void child.stdin.write(`${JSON.stringify(yaml)}\n`)
    await child.stdin.flush()
    await before
    const { value, done } = await lines.next()
    const { port, adminPort = 0, error } = done === true ? { error: 'it ended' } : JSON.parse(value)
    if (typeof port !== 'number') throw new Error(`The undefended gateway did not start: ${error}`)
    return { port, adminPort }
  }

  return {
    start(yaml) {
      const ports = ask(yaml, last)
      last = ports.catch(() => {})
      return ports
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.end()
      await child.exited
    },
  }
}

/** @returns the new texts by their paths. */
function mutated(mutations: readonly Mutation[]): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const mutation of mutations) {
    const path = join(sources, mutation.file)
    texts[path] = mutate(texts[path] ?? readFileSync(path, 'utf8'), mutation, 'defence')
  }
  return texts
}
