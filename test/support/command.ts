/**
 * The command line as people use it, each command a process: of the launcher, or, with `SLUICE_BINARY`,
 * of that compiled file.
 */
import { join, resolve } from 'node:path'

const binary = process.env['SLUICE_BINARY']
export const sluice =
  binary === undefined ? join(import.meta.dir, '../../bin/sluice') : resolve(binary)

export interface CommandOptions {
  /** The folder it is run in. */
  readonly cwd: string
  /** The file that is run instead. */
  readonly command?: string
  /** All it has of an environment; that of the test unless given. */
  readonly env?: Record<string, string | undefined>
  /** What it reads. */
  readonly input?: string
}

/** @returns what it printed, once it has ended. */
export async function runCommand(args: readonly string[], options: CommandOptions) {
  const child = Bun.spawn([options.command ?? sluice, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdin: new Blob([options.input ?? '']),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { exitCode: await child.exited, stdout, stderr }
}

/** A gateway as a process, once it listens. It is killed if the test does not end it. */
export async function startCommand(args: readonly string[], options: CommandOptions) {
  const child = Bun.spawn([options.command ?? sluice, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  // What it says once all its ports are open.
  while (!text.includes('"event":"capacity"')) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`The command ended: ${text}`)
    text += decoder.decode(value, { stream: true })
  }
  const rest = (async () => {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read())
      text += decoder.decode(chunk.value)
    return text
  })()
  const ports = [...text.matchAll(/"event":"listening".*"port":(\d+)/g)].map(([, port]) =>
    Number(port),
  )
  return {
    /** Of its listeners, in their order. */
    ports,
    port: ports[0] ?? 0,
    async end(signal: 'SIGTERM' | 'SIGINT') {
      child.kill(signal)
      return { exitCode: await child.exited, output: await rest }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}
