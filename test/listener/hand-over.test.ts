/** A listening socket that goes on in another process: whoever connects meanwhile is answered by one of the two. */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ListenerOptions } from '../../src/listener/listener-options.ts'
import { makeCertificate } from '../support/certificates.ts'
import { Journal } from '../support/journal.ts'
import { served, startListener, type TestListener } from '../support/listener.ts'
import type { InheritedSocket } from '../../src/net/inherited-sockets.ts'
import { readLines, type Line } from '../support/peer.ts'
import { dialTcp, dialTls, failureOf, type TcpConnection } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import type { Heritage } from '../support/heir.ts'

const program = fileURLToPath(new URL('../support/heir.ts', import.meta.url))
const certificate = makeCertificate()
const get = 'GET / HTTP/1.1\nHost: localhost\n\n'
/** The first that a process has free. */
const firstFd = 3

interface Heir extends AsyncDisposable {
  readonly lines: Journal<Line>
  tell(line: string): void
  kill(): Promise<void>
}

/** Another process that listens on the same socket, under the name `heir`. @param more that it is told of the socket. */
async function startHeir(
  { listener }: TestListener,
  options: Partial<ListenerOptions>,
  more: Partial<InheritedSocket> = {},
): Promise<Heir> {
  const { inheritance } = listener
  if (inheritance === undefined) throw new Error('it listens no more')
  const child = Bun.spawn({
    cmd: [process.execPath, program],
    stdio: ['pipe', 'pipe', 'inherit', inheritance.fd],
  })
  const lines = new Journal<Line>()
  void readLines(child.stdout, (line) => lines.add(line))
  const tell = (line: string) => void child.stdin.write(`${line}\n`)
  const heritage: Heritage = {
    options: { ...options, name: 'heir' },
    inherited: { ...inheritance, fd: firstFd, ...more },
  }
  tell(JSON.stringify(heritage))
  await lines.find(({ port }) => port === listener.port)
  const end = async () => {
    await child.stdin.end()
    await child.exited
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  return { lines, tell, kill, [Symbol.asyncDispose]: end }
}

const tls = [served(certificate)]
const kinds: Record<string, { options: () => Partial<ListenerOptions>; isSecure?: true }> = {
  'a port': { options: () => ({}) },
  'a port with TLS': { options: () => ({ tls }), isSecure: true },
  'a port with PROXY headers': { options: () => ({ proxyProtocol: true }) },
  'a Unix socket': { options: () => ({ unix: temporaryPath('handed.sock') }) },
}

/** Who answers a new connection. */
async function askNew({ port, unix, isSecure, proxyProtocol }: Target): Promise<string> {
  using client = await (isSecure
    ? dialTls(port, { ca: certificate.certPem, servername: 'localhost' })
    : dialTcp(unix ?? port))
  client.send(proxyProtocol ? `PROXY UNKNOWN\n${get}` : get)
  return (await client.message()).headers['x-listener'] ?? 'nobody'
}

interface Target extends Partial<ListenerOptions> {
  readonly port: number
  readonly isSecure?: true | undefined
}

describe.each(Object.entries(kinds))('%s that is handed over', (_, { options, isSecure }) => {
  test('refuses nobody, and goes on at the other process when the first has left', async () => {
    const own = options()
    using first = startListener({ ...own, name: 'first' })
    const target = { ...own, port: first.port, isSecure }
    /** Of the connections one after the other. */
    const met: string[] = []
    let wanted = Infinity
    const crowd = Promise.all(
      Array.from({ length: 3 }, async () => {
        while (met.length < wanted) met.push(await askNew(target))
      }),
    )
    await using heir = await startHeir(first, own)
    await first.listener.leave({ isTakenOver: true })
    expect(first.listener.inheritance).toBeUndefined()
    wanted = met.length + 120
    await crowd
    expect(new Set(met)).toEqual(new Set(['first', 'heir']))
    // Three were on their way when the first has left.
    expect(new Set(met.slice(-110))).toEqual(new Set(['heir']))
    first.listener.destroy()
    expect(await askNew(target)).toBe('heir')
    expect(heir.lines.items).toHaveLength(1)
  }, 15_000)
})

test('whoever was accepted and has not asked yet is answered before the listener has left', async () => {
  const line = 'PROXY UNKNOWN\n'
  using first = startListener({ proxyProtocol: true })
  const clients: TcpConnection[] = []
  for (const begun of ['', 'PROXY', line, `${line}GET /`]) {
    const client = await dialTcp(first.port)
    client.send(begun)
    clients.push(client)
  }
  using idle = await dialTcp(first.port)
  idle.send(line + get)
  await idle.message()
  let hasLeft = false
  const left = first.listener.leave({ isTakenOver: true }).then(() => (hasLeft = true))
  // It has nothing to lose: what it asks next it asks the other process.
  expect(await idle.farewell).toBe('ended')
  idle.end()
  const rest = [line + get, line.slice(5) + get, get, get.slice(5)]
  for (const [index, client] of clients.entries()) {
    expect(hasLeft).toBe(false)
    client.send(rest[index] ?? '')
    expect(await client.message()).toMatchObject({ status: 200 })
    expect(await client.farewell).toBe('ended')
    client[Symbol.dispose]()
  }
  await left
})

describe('the path of a Unix socket', () => {
  test('that was handed over is removed by the one who has it in the end', async () => {
    const unix = temporaryPath('removed.sock')
    using first = startListener({ unix })
    await using heir = await startHeir(first, { unix })
    await first.listener.leave({ isTakenOver: true })
    expect(existsSync(unix)).toBe(true)
    heir.tell('leave')
    await heir[Symbol.asyncDispose]()
    expect(existsSync(unix)).toBe(false)
    await failureOf(dialTcp(unix))
  }, 10_000)

  test('stays where the other process ends before it has taken over', async () => {
    const unix = temporaryPath('kept.sock')
    using first = startListener({ unix, name: 'first' })
    const heir = await startHeir(first, { unix })
    await heir[Symbol.asyncDispose]()
    expect(await askNew({ unix, port: 0 })).toBe('first')
    const killed = await startHeir(first, { unix })
    await killed.kill()
    expect(await askNew({ unix, port: 0 })).toBe('first')
  }, 10_000)
})

test('a socket that was handed over is not open in the children of who has it', async () => {
  using first = startListener()
  await using heir = await startHeir(first, {})
  heir.tell('children')
  expect(await heir.lines.find((line) => 'children' in line)).toEqual({ children: [] })
}, 10_000)

test('what is handed on is the socket with its place; that of systemd stays as systemd has named it', async () => {
  const unix = temporaryPath('systemd.sock')
  using first = startListener({ unix })
  const handed = (await startAndEnd(first, {})).inheritance
  expect(handed).toEqual({
    fd: firstFd,
    name: 'heir',
    address: '',
    port: 0,
    unix,
    isTakenOver: true,
  })
  const systemd = { name: 'web.socket', isTakenOver: false }
  const passed = (await startAndEnd(first, systemd)).inheritance
  expect(passed).toEqual({ fd: firstFd, address: '', port: 0, unix, ...systemd })
  // Nobody has removed what is not theirs.
  expect(existsSync(unix)).toBe(true)
}, 10_000)

/** @returns its first line. */
async function startAndEnd(first: TestListener, more: Partial<InheritedSocket>): Promise<Line> {
  await using heir = await startHeir(first, {}, more)
  if (more.isTakenOver === false) heir.tell('leave')
  return heir.lines.find(() => true)
}
