/**
 * Gateways without one of their defences, in a process of their own: the sources are copied, a place
 * in them is replaced, and the copy is run.
 *
 * The place must be found exactly once. A defence that moved is noticed, never silently left in.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'

/** How a defence is taken out: a text of one file and what stands there instead. */
export interface Mutation {
  /** Below `src/`. */
  readonly file: string
  readonly replace: string
  readonly by: string
}

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

const root = join(import.meta.dir, '../..')
const program = 'test/support/gateway-host.ts'

export function startUndefended(mutations: readonly Mutation[]): UndefendedGateways {
  const folder = copyWithout(mutations)
  const child = Bun.spawn([process.execPath, join(folder, program)], {
    cwd: folder,
    stdin: 'pipe',
    stdout: 'pipe',
    // What it makes of the attack may well end in a mistake, told there.
    stderr: 'ignore',
  })
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
      rmSync(folder, { recursive: true })
    },
  }
}

function copyWithout(mutations: readonly Mutation[]): string {
  const mutated = new Map<string, string>()
  for (const mutation of mutations) {
    const { file } = mutation
    const text = mutated.get(file) ?? readFileSync(join(root, 'src', file), 'utf8')
    mutated.set(file, mutate(text, mutation))
  }
  const folder = mkdtempSync(join(tmpdir(), 'sluice-undefended-'))
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true })
  mkdirSync(join(folder, 'test/support'), { recursive: true })
  cpSync(join(root, program), join(folder, program))
  for (const name of ['node_modules', 'package.json'])
    symlinkSync(join(root, name), join(folder, name))
  for (const [file, text] of mutated) writeFileSync(join(folder, 'src', file), text)
  return folder
}

function mutate(text: string, { file, replace, by }: Mutation): string {
  const parts = text.split(replace)
  if (parts.length === 2) return parts.join(by)
  const times = parts.length - 1
  throw new Error(`The defence has moved: src/${file} has ${times} times, not once:\n${replace}`)
}
