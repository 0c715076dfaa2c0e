/** A gateway whose sockets were opened before it was started, as systemd does. */
import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sluice } from '../support/command.ts'
import { Journal } from '../support/journal.ts'
import { readLines, type Line } from '../support/peer.ts'
import { dialTcp } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'

const activate = fileURLToPath(new URL('../peers/activate.py', import.meta.url))

interface ActivatedGateway extends AsyncDisposable {
  /** Of each socket, 0 for paths. */
  readonly ports: readonly number[]
  /** The lines of its log. */
  readonly log: Journal<Line>
  readonly errors: Promise<string>
  readonly exited: Promise<number>
}

/** @param yaml what is given the ports of the sockets. @param sockets as `name=place`. */
async function startActivated(
  yaml: (ports: readonly number[]) => string,
  ...sockets: string[]
): Promise<ActivatedGateway> {
  const file = temporaryPath('sluice.yaml')
  const cmd = ['/usr/bin/python3', activate, ...sockets, '--', sluice, 'run', file]
  const child = Bun.spawn({ cmd, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
  const log = new Journal<Line>()
  void readLines(child.stdout, (line) => log.add(line))
  const ports = (await log.find(() => true))['ports'] as number[]
  writeFileSync(file, yaml(ports))
  void child.stdin.write('\n')
  await child.stdin.end()
  return {
    ports,
    log,
    errors: child.stderr.text(),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill()
      await child.exited
    },
  }
}

async function bodyFrom(target: number | string, host?: string): Promise<string> {
  using client = await dialTcp(target, host)
  client.send('GET / HTTP/1.1\nHost: a\n\n')
  return (await client.message()).body
}

const answers = (...names: string[]) =>
  `routes: [${names.map((name) => `{ listeners: [${name}], respond: { body: ${name} } }`).join(', ')}]\n`

describe('sockets that were opened before the gateway', () => {
  test('serve the listeners of their ports and names', async () => {
    const path = temporaryPath('activated.sock')
    await using gateway = await startActivated(
      ([port]) => `
listeners: [{ name: public, port: ${port} }, { name: local, port: 1 }]
${answers('public', 'local')}`,
      'sluice.socket=127.0.0.1:0',
      `local=${path}`,
    )
    const listening = (name: string) => gateway.log.find(({ listener }) => listener === name)
    expect(await listening('public')).toMatchObject({
      address: '127.0.0.1',
      port: gateway.ports[0],
    })
    expect(await listening('local')).toMatchObject({ unix: path })
    expect(await bodyFrom(gateway.ports[0] ?? 0)).toBe('public')
    expect(await bodyFrom(path)).toBe('local')
  }, 10_000)

  test('may be of IPv6', async () => {
    await using gateway = await startActivated(
      ([port]) => `listeners: [{ name: public, port: ${port} }]\n${answers('public')}`,
      'x=::1:0',
    )
    await gateway.log.find(({ event }) => event === 'listening')
    expect(await bodyFrom(gateway.ports[0] ?? 0, '::1')).toBe('public')
  }, 10_000)

  test('stop the start where no listener is for one of them', async () => {
    await using gateway = await startActivated(
      ([port]) => `listeners: [{ name: public, port: ${port} }]\n${answers('public')}`,
      'x=127.0.0.1:0',
      'forgotten=127.0.0.1:0',
    )
    expect(await gateway.errors).toBe(
      `✖ LISTEN_FDS: descriptor 4 (forgotten, 127.0.0.1:${gateway.ports[1]}) belongs to no listener: give a listener its name, port or path\n`,
    )
    expect(await gateway.exited).toBe(1)
  }, 10_000)
})
