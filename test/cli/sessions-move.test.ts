/**
 * `sluice sessions` and `sluice sessions move` where sessions go on at other servers: typed at an admin port
 * that tells what a test wants it to.
 */
import { describe, expect, test } from 'bun:test'
import type { SessionInfo } from '../../src/proxy/session-info.ts'
import { runCommand } from '../support/command.ts'

/** An admin port with one answer. */
function startAnswering(answer: object, status = 200) {
  const asked: string[] = []
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      asked.push(`${request.method} ${request.url.replace(/^http:\/\/[^/]*/, '')}`)
      return Response.json(answer, { status })
    },
  })
  return {
    asked,
    type: (...args: readonly string[]) =>
      runCommand(['sessions', ...args, '--admin', `127.0.0.1:${server.port}`]),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

const flow = { messages: 0, bytes: 0, pendingBytes: 0 }
const session: SessionInfo = {
  sequence: 1,
  id: 's1',
  listener: 'public',
  route: 'chat',
  upstream: 'chat',
  endpoint: 'ws://10.0.0.1:9000',
  address: '192.0.2.7',
  host: 'chat.example.com',
  path: '/',
  subprotocol: undefined,
  compression: undefined,
  certificate: undefined,
  certificateNames: undefined,
  request: undefined,
  moves: 2,
  isBetween: false,
  openedAt: '2030-01-01T00:00:00.000Z',
  ageMs: 1_000,
  inbound: flow,
  outbound: flow,
}

test('sluice sessions shows how often each was moved, and which has no server', async () => {
  const sessions = [session, { ...session, isBetween: true }]
  await using admin = startAnswering({ sessions })
  const { stdout } = await admin.type()
  const [head = '', ...rows] = stdout.trimEnd().split('\n')
  expect(head).toMatch(/ENDPOINT +MOVES +AGE/)
  expect(rows).toEqual([
    expect.stringMatching(/ ws:\/\/10\.0\.0\.1:9000 +2 +1s /),
    expect.stringMatching(/ none, was ws:\/\/10\.0\.0\.1:9000 +2 +1s /),
  ])
})

describe('sluice sessions move', () => {
  const [from, to] = ['ws://10.0.0.1:9000', 'ws://10.0.0.2:9000']

  test('says where the session goes on', async () => {
    await using admin = startAnswering({ session: 's1', from, to })
    expect(await admin.type('move', 's1', '--to', to)).toEqual({
      exitCode: 0,
      stdout: `✔ s1 goes on at ${to}, and no more at ${from}\n`,
      stderr: '',
    })
    expect(admin.asked).toEqual([`POST /sessions/s1/move?to=${encodeURIComponent(to)}`])
    const { stdout } = await admin.type('move', 's1', '--json')
    expect(JSON.parse(stdout)).toEqual({ session: 's1', from, to })
    expect(admin.asked[1]).toBe('POST /sessions/s1/move?')
  })

  test('says where to look when it takes its time', async () => {
    await using admin = startAnswering({ session: 's1' }, 202)
    expect(await admin.type('move', 's1')).toMatchObject({
      exitCode: 0,
      stdout: '✔ s1 is on its way; sluice sessions shows where it is\n',
    })
  })

  test('says why it was not moved, and exits with 1', async () => {
    const title = `The session is at ${from} already`
    await using admin = startAnswering({ title }, 409)
    expect(await admin.type('move', 's1', '--to', from)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `✖ ${title}\n`,
    })
  })

  test('is not a file, and neither is what was meant for it', async () => {
    const { exitCode, stderr } = await runCommand(['sessions', 'mvoe', 's1'])
    expect(exitCode).toBe(2)
    expect(stderr).toStartWith(`error: unknown command 'mvoe' of sessions; did you mean "move"?\n`)
    expect((await runCommand(['sessions', 'help', 'move'])).stdout).toContain(
      'sluice sessions move [options] <id> [file]',
    )
  })
})
