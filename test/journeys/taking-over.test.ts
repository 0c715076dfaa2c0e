/** A program that is started anew takes over from the process that serves, and nobody outside notices. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../support/command.ts'
import { startEcho, type EchoServer } from '../support/echo-server.ts'
import { serveFile } from '../support/served-file.ts'
import { dialTcp } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

let echo: EchoServer
beforeAll(() => {
  echo = startEcho('echo')
})
afterAll(() => echo.stop())

const token = 'a-token-of-a-certain-length'
const authorization = { Authorization: `Bearer ${token}` }

function yamlWith(word: string, more = '', listener = '"127.0.0.1:0"'): string {
  return `
listeners: [${listener}]
routes:
  - { name: chat, path: /chat, upstream: "${echo.url}" }
  - { path: /word, respond: { body: ${word} } }
leave: { delay: 10m, window: 200ms }
${more}
`
}

/** By a connection of its own. */
async function wordFrom(target: number | string): Promise<string> {
  using client = await dialTcp(target)
  client.send('GET /word HTTP/1.1\nHost: a\nConnection: close\n\n')
  return (await client.message()).body
}

/** Clients that come one after the other, some at a time. @returns what ends them, and tells what they met. */
function startClients(port: number): () => Promise<{ words: string[]; faults: unknown[] }> {
  let isOver = false
  const words: string[] = []
  const faults: unknown[] = []
  const clients = Array.from({ length: 4 }, async () => {
    while (!isOver)
      await wordFrom(port).then(
        (word) => words.push(word),
        (fault: unknown) => faults.push(fault),
      )
  })
  return async () => {
    isOver = true
    await Promise.all(clients)
    return { words, faults }
  }
}

const isRunning = (pid: number) => {
  try {
    // One that nobody has waited for yet is over, too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function untilEnded(pid: number): Promise<void> {
  while (isRunning(pid)) await Bun.sleep(5)
}

describe('a process that takes over', () => {
  test('serves whoever comes, while the sessions of the other one leave', async () => {
    await using served = await serveFile(yamlWith('old'))
    const { pid: old, port } = served
    using client = await openWebSocket(`ws://127.0.0.1:${port}/chat`)
    served.write(yamlWith('new'))
    const endClients = startClients(port)
    const pid = await served.upgrade()
    expect(pid).not.toBe(old)
    expect(await client.closed).toMatchObject({ code: 1012 })
    using next = await openWebSocket(`ws://127.0.0.1:${port}/chat`)
    await untilEnded(old)
    next.socket.send('still here')
    expect(await next.message((text) => text === 'still here')).toBe('still here')
    const { words, faults } = await endClients()
    expect(faults).toEqual([])
    expect(new Set(words)).toEqual(new Set(['old', 'new']))
    const events = served.command.lines.map(({ event }) => event)
    expect(events).toContain('upgrade-started')
    expect(events).toContain('upgrade-ready')
    expect(await served.command.line('leaving')).toMatchObject({ sessions: 1 })
    expect(await served.command.line('took-over')).toMatchObject({ pid: old })
  }, 20_000)

  test('can be taken over from, again and again, and nothing piles up', async () => {
    const admin = `admin: { unix: ${temporaryPath('admin.sock')} }`
    await using served = await serveFile(yamlWith('word', admin))
    const descriptors = () => readdirSync(`/proc/${served.pid}/fd`).length
    const counts: number[] = []
    for (let generation = 0; generation < 5; generation++) {
      const before = served.pid
      await served.upgrade()
      await untilEnded(before)
      counts.push(descriptors())
    }
    expect(new Set(counts.slice(1)).size).toBe(1)
    const variables = readFileSync(`/proc/${served.pid}/environ`, 'utf8').split('\0')
    expect(variables.filter((each) => each.startsWith('SLUICE_SUCCESSOR='))).toHaveLength(1)
    expect(await wordFrom(served.port)).toBe('word')
  }, 30_000)

  test('listens on the same Unix sockets', async () => {
    const [gate, admin] = [temporaryPath('gate.sock'), temporaryPath('admin.sock')]
    const yaml = (word: string) =>
      yamlWith(word, `admin: { unix: ${admin} }`, `{ name: gate, unix: ${gate} }`)
    await using served = await serveFile(yaml('old'))
    served.write(yaml('new'))
    const old = served.pid
    await served.upgrade()
    await untilEnded(old)
    expect(await wordFrom(gate)).toBe('new')
    const status = await runCommand(['status', '--admin', admin, '--json'])
    expect(JSON.parse(status.stdout)).toMatchObject({ pid: served.pid })
  }, 20_000)

  test('goes on with the secret that cookies were signed with', async () => {
    const sticky = `
listeners: ["127.0.0.1:0"]
upstreams:
  two: { endpoints: ["${echo.url}", "${echo.url}/other"], sticky: { cookie: sluice } }
routes: [{ upstream: two }]
leave: { window: 0ms }
`
    await using served = await serveFile(sticky)
    const cookieFrom = async (headers: Record<string, string>) => {
      const url = `http://127.0.0.1:${served.port}/`
      return (await fetch(url, { headers })).headers.get('set-cookie')
    }
    const cookie = (await cookieFrom({}))?.split(';')[0] ?? ''
    expect(cookie).toStartWith('sluice=')
    await served.upgrade()
    // It is not given another one: this one is known.
    for (let time = 0; time < 4; time++) expect(await cookieFrom({ cookie })).toBeNull()
  }, 20_000)

  test('is called off when the other one is told to leave meanwhile', async () => {
    await using served = await serveFile(yamlWith('word').replace('delay: 10m', 'delay: 0s'))
    process.kill(served.pid, 'SIGUSR2')
    const { pid } = await served.command.line('upgrade-started')
    process.kill(served.pid, 'SIGTERM')
    expect(await served.command.exitCode).toBe(0)
    await untilEnded(Number(pid))
    const failed = served.command.lines.find(({ event }) => event === 'upgrade-failed')
    expect(failed?.['problem']).toContain('told to leave')
  }, 20_000)
})

describe('a process that cannot take over', () => {
  test('because the one that started it is gone does not stay behind', async () => {
    await using served = await serveFile(yamlWith('word'))
    const { pid } = await served.signal('SIGUSR2', 'upgrade-started')
    served.command.kill('SIGKILL')
    // Both had its standard output.
    await served.command.exitCode
    await untilEnded(Number(pid))
    expect(wordFrom(served.port)).rejects.toThrow()
  }, 20_000)

  test('because its file is wrong leaves all as it was, and its problem is told', async () => {
    await using served = await serveFile(yamlWith('old'))
    using client = await openWebSocket(`ws://127.0.0.1:${served.port}/chat`)
    const endClients = startClients(served.port)
    served.write('listners: [8080]\n')
    for (let time = 0; time < 2; time++) {
      const { problem } = await served.signal('SIGUSR2', 'upgrade-failed')
      expect(problem).toContain('did you mean "listeners"?')
    }
    client.socket.send('still here')
    expect(await client.message((text) => text === 'still here')).toBe('still here')
    expect((await endClients()).faults).toEqual([])
    expect(served.command.lines.filter(({ event }) => event === 'leaving')).toEqual([])
    served.write(yamlWith('new'))
    await served.upgrade()
    expect(await wordFrom(served.port)).toBe('new')
  }, 20_000)

  test('because a port of it is taken tells so', async () => {
    await using served = await serveFile(yamlWith('old'))
    served.write(yamlWith('new', '', `"127.0.0.1:0", "127.0.0.1:${echo.port}"`))
    const { problem } = await served.signal('SIGUSR2', 'upgrade-failed')
    expect(problem).toContain(`cannot listen on 127.0.0.1:${echo.port}`)
    expect(await wordFrom(served.port)).toBe('old')
  }, 20_000)

  // The successor took the path of the admin port at once, and removed it when it failed.
  test('leaves the Unix sockets, that of the admin port too, to the one that serves', async () => {
    const [gate, admin] = [temporaryPath('gate.sock'), temporaryPath('admin.sock')]
    const listeners = `{ name: gate, unix: ${gate} }`
    await using served = await serveFile(yamlWith('old', `admin: { unix: ${admin} }`, listeners))
    const more = `${listeners}, "127.0.0.1:${echo.port}"`
    served.write(yamlWith('new', `admin: { unix: ${admin} }`, more))
    const { problem } = await served.signal('SIGUSR2', 'upgrade-failed')
    expect(problem).toContain(`cannot listen on 127.0.0.1:${echo.port}`)
    const status = await runCommand(['status', '--admin', admin, '--json'])
    expect(JSON.parse(status.stdout)).toMatchObject({ pid: served.pid })
    expect(await wordFrom(gate)).toBe('old')
  }, 20_000)

  test('because its admin port is taken leaves them, too', async () => {
    const gate = temporaryPath('gate.sock')
    const listeners = `{ name: gate, unix: ${gate} }`
    await using served = await serveFile(yamlWith('old', '', listeners))
    served.write(yamlWith('new', `admin: ${echo.port}`, listeners))
    const { problem } = await served.signal('SIGUSR2', 'upgrade-failed')
    expect(problem).toContain(`the admin port cannot listen on 127.0.0.1:${echo.port}`)
    expect(await wordFrom(gate)).toBe('old')
  }, 20_000)
})

test('a second process that was not asked to take over fails, and says why', async () => {
  await using served = await serveFile(yamlWith('word'))
  const plain = yamlWith('other').replace('127.0.0.1:0', `127.0.0.1:${served.port}`)
  served.write(plain)
  const { exitCode, stderr } = await runCommand(['run', served.file])
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringContaining('something listens there already'),
  ])
}, 10_000)

test('how it gets on is told to whoever asked for it by the admin port', async () => {
  const yaml = yamlWith('word', `admin: { address: 127.0.0.1, port: 0, token: ${token} }`)
  await using served = await serveFile(yaml)
  const { port } = await served.command.line('admin-listening')
  using client = await openWebSocket(`ws://127.0.0.1:${served.port}/chat`)
  const url = `http://127.0.0.1:${String(port)}/upgrade`
  const upgrade = await fetch(url, { method: 'POST', headers: authorization })
  const second = await fetch(url, { method: 'POST', headers: authorization })
  expect([second.status, await second.text()]).toEqual([
    409,
    expect.stringContaining('an upgrade is under way'),
  ])
  const steps = (await upgrade.text()).trim().split('\n')
  const told = steps.map((step) => JSON.parse(step) as Record<string, unknown>)
  expect(told.map(({ step }) => step).filter((step) => step !== 'leaving')).toEqual([
    'started',
    'ready',
    'left',
  ])
  expect(told[1]).toMatchObject({ sessions: 1 })
  expect(await client.closed).toMatchObject({ code: 1012 })
}, 20_000)

test('sockets of systemd are handed on', async () => {
  const activate = fileURLToPath(new URL('../peers/activate.py', import.meta.url))
  await using served = await serveFile(yamlWith('word', '', '{ name: public, port: 1 }'), {
    by: ['/usr/bin/python3', activate, 'public=127.0.0.1:0', '--'],
  })
  const old = served.pid
  await served.upgrade()
  await untilEnded(old)
  expect(await wordFrom(served.port)).toBe('word')
}, 20_000)
