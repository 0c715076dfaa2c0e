/** An HAProxy of the test's own: started with a file in a folder of its own, ended by its process. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dialTcp } from './tcp.ts'

/** @param configuration which binds this port of 127.0.0.1. @returns when it accepts there. */
export async function startHaproxy(configuration: string, port: number): Promise<AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  await Bun.write(file, configuration)
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
  const cmd = ['haproxy', '-db', '-f', file]
  const child = Bun.spawn({ cmd, env, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  const complaint = child.stderr.text()

  const hasEnded = child.exited.then(async (exitCode) => {
    throw new Error(`HAProxy has ended with ${exitCode}: ${await complaint}`)
  })
  // It is no mistake once the test ends it.
  hasEnded.catch(() => {})
  await Promise.race([isAccepting(port), hasEnded])

  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await child.exited
      await rm(folder, { recursive: true })
    },
  }
}

async function isAccepting(port: number): Promise<void> {
  for (;;) {
    try {
      using _ = await dialTcp(port)
      return
    } catch {
      await Bun.sleep(5)
    }
  }
}
