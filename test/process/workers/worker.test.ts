/** One worker, a real process, asked by nobody but the test. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { systemClock } from '../../../src/core/clock.ts'
import { WorkerChannel } from '../../../src/process/workers/channel.ts'
import type { Revision } from '../../../src/process/workers/messages.ts'
import { spawnWorker } from '../../../src/process/workers/worker-process.ts'
import { freePort } from '../../support/free-port.ts'
import { dialTcp } from '../../support/tcp.ts'

const command = [process.execPath, join(import.meta.dir, '../../../src/cli/main.ts')]

function startWorker() {
  const ended = Promise.withResolvers<string>()
  const child = spawnWorker(command, [], {
    onReply: (reply) => channel.hear(reply),
    onExit: (detail) => ended.resolve(detail),
  })
  const channel = new WorkerChannel({
    clock: systemClock,
    send: (question) => child.send(question),
    onSilence() {},
  })
  return { channel, ended: ended.promise }
}

async function isRefused(port: number): Promise<boolean> {
  try {
    using _ = await dialTcp(port)
    return false
  } catch {
    return true
  }
}

async function bodyFrom(port: number): Promise<string> {
  using client = await dialTcp(port)
  client.send('GET / HTTP/1.1\nHost: a\nConnection: close\n\n')
  return (await client.message()).body
}

test('a worker takes the configuration that is named, and no other, of which it keeps nothing', async () => {
  const ports = [await freePort(), await freePort(), await freePort()] as const
  const revision = (number: number, ...more: number[]): Revision => ({
    number,
    file: 'test.yaml',
    text: `
listeners: [${[ports[0], ...more].map((port) => `"127.0.0.1:${port}"`).join()}]
routes: [{ respond: { body: body ${number} } }]
log: { level: off }
leave: { window: 0s }
`,
    ports: {},
  })
  const { channel, ended } = startWorker()
  const deadline = { deadlineMs: 10_000 }
  const start = { ...revision(1), worker: 1, secret: 's', sockets: [], changes: [] }
  expect(await channel.ask('start', start, deadline)).toMatchObject({ kind: 'answered' })
  expect(await channel.ask('commit', 1)).toMatchObject({ kind: 'refused' })

  // The one that was ready before makes room.
  await channel.ask('prepare', revision(2, ports[1]), deadline)
  expect(await isRefused(ports[1])).toBe(false)
  await channel.ask('prepare', revision(3, ports[2]), deadline)
  expect([await isRefused(ports[1]), await isRefused(ports[2])]).toEqual([true, false])
  expect(await channel.ask('commit', 2)).toEqual({
    kind: 'refused',
    problem: 'Revision 2 is not prepared',
  })
  await channel.ask('abandon', 2)
  expect(await bodyFrom(ports[0])).toBe('body 1')
  expect(await channel.ask('commit', 3)).toMatchObject({ kind: 'answered' })
  expect(await bodyFrom(ports[2])).toBe('body 3')

  await channel.ask('prepare', revision(4, ports[1], ports[2]), deadline)
  await channel.ask('abandon', 4)
  expect(await isRefused(ports[1])).toBe(true)
  expect(await channel.ask('commit', 4)).toMatchObject({ kind: 'refused' })
  void channel.ask('destroy', undefined)
  expect(await ended).toBe('exit code 0')
}, 10_000)
