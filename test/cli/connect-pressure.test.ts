/**
 * `sluice connect` between a server and pipes that are slow, full or gone: nothing is lost, and nothing
 * is kept without bound.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { runCommand, sluice } from '../support/command.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { temporaryPath } from '../support/temporary.ts'

const megabyte = 1024 * 1024

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

/** Looks again and again. @returns what it saw when that stood still for half a second. */
async function standstill(look: () => number): Promise<number> {
  let [seen, times] = [look(), 0]
  while (times < 5) {
    await Bun.sleep(100)
    const now = look()
    times = now === seen ? times + 1 : 0
    seen = now
  }
  return seen
}

test('a reader that is slow stops the server, and gets everything', async () => {
  const bytes = 32 * megabyte
  const url = `/?flood=${bytes}`
  // Bun reads ahead of who reads a child's output: a pipe between two others shows the truth.
  const script = `exec 3<&0; ${sluice} connect 'ws://${server.host}${url}' --count 512 </dev/null | { read -r _ <&3; wc -c; }`
  const reader = Bun.spawn(['sh', '-c', script], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const reports = () =>
    server.lines().filter((line) => line['event'] === 'flood' && line['url'] === url)
  await server.line((line) => line['event'] === 'flood' && line['url'] === url)
  const sentBytes = await standstill(() => Number(reports().at(-1)?.['sentBytes']))
  expect(sentBytes).toBeGreaterThan(0)
  expect(sentBytes).toBeLessThan(bytes)
  await reader.stdin.write('go\n')
  await reader.stdin.end()
  const outputBytes = Number(await reader.stdout.text())
  expect(outputBytes).toBe(2 * bytes + 512 * '/hex \n'.length)
}, 30_000)

test('a reader that is gone ends it, as behind head', async () => {
  const script = `${sluice} connect 'ws://${server.host}/?flood=${1024 * megabyte}' --wait off | head -c 5`
  const { exitCode, stdout, stderr } = await runCommand(['-c', script], { command: 'sh' })
  expect([exitCode, stdout, stderr]).toEqual([0, '/hex ', 'connected\nclosed 1000\n'])
}, 30_000)

test('a server that takes nothing stops the input', async () => {
  const file = temporaryPath('long.txt')
  const fileBytes = 128 * megabyte
  writeFileSync(file, Buffer.alloc(fileBytes, `${'x'.repeat(1023)}\n`))
  const client = Bun.spawn([sluice, 'connect', `ws://${server.host}/?deaf=1`], {
    stdin: Bun.file(file),
    stdout: 'pipe',
    stderr: 'ignore',
  })
  await server.line((line) => line['event'] === 'open' && line['url'] === '/?deaf=1')
  const readBytes = await standstill(() =>
    Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${client.pid}/io`, 'utf8'))?.[1]),
  )
  client.kill('SIGKILL')
  await client.exited
  expect(readBytes).toBeGreaterThan(megabyte)
  expect(readBytes).toBeLessThan(fileBytes / 2)
}, 30_000)

test('a line that is longer than 16 MB is not sent, nor what follows it', async () => {
  const input = `hello\n${'x'.repeat(16 * megabyte + 1)}\nhello\n`
  const { exitCode, stdout, stderr } = await runCommand(['connect', `ws://${server.host}/`], {
    input,
  })
  expect([exitCode, stdout]).toEqual([1, 'hello\n'])
  expect(stderr).toContain('✖ line 2 was not sent: it is longer than 16777216 bytes\n')
}, 30_000)

test('a line as long as may be is sent and comes back', async () => {
  const line = 'x'.repeat(16 * megabyte)
  const { exitCode, stdout } = await runCommand(['connect', `ws://${server.host}/`], {
    input: `${line}\n`,
  })
  expect([exitCode, stdout.length]).toEqual([0, line.length + 1])
}, 30_000)
