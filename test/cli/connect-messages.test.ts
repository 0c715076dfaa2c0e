/**
 * What `sluice connect` sends, prints and says, with servers of npm's `ws` and with raw ones.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runCommand, sluice } from '../support/command.ts'
import { frame } from '../support/frames.ts'
import { startPeer, type Line, type Peer } from '../support/peer.ts'
import { Opcode } from '../support/websocket.ts'
import { listenRaw } from './raw-server.ts'

let server: Peer
let deflating: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
  deflating = await startPeer('deflate-server.mjs')
})
afterAll(() => Promise.all([server.stop(), deflating.stop()]))

/** @param input what is piped in. */
function connect(input: string, path: string, ...args: readonly string[]) {
  return runCommand(['connect', `ws://${server.host}${path}`, ...args], { input })
}

/** What the server was closed with. */
function closeOf(url: string): Promise<Line> {
  return server.line((line) => line['event'] === 'close' && line['url'] === url)
}

describe('sluice connect --compress', () => {
  const words = 'to be or not to be, that is the question '.repeat(20)

  test('says what was agreed on, and compresses both ways', async () => {
    const url = `ws://${deflating.host}/?serverNoContextTakeover=true`
    const { exitCode, stdout, stderr } = await runCommand(['connect', url, '--compress', '-v'], {
      input: `${words}\n`,
    })
    expect([exitCode, stdout]).toEqual([0, `${words}\n`])
    const [, sent = 0, came = 0] =
      /^> text, 820 bytes, (\d+) compressed\n> close 1000\n< text, 820 bytes, (\d+) compressed$/m
        .exec(stderr)
        ?.map(Number) ?? []
    expect(stderr).toStartWith('connected, permessage-deflate; server_no_context_takeover\n')
    expect([sent > 0 && sent < 100, came > 0 && came < 100]).toEqual([true, true])
  })

  test('says that a server does not compress, and goes on', async () => {
    expect(await connect('hello\n', '/', '--compress', '-s', 'chat', '-s', 'v2')).toEqual({
      exitCode: 0,
      stdout: 'hello\n',
      stderr: 'connected chat, without compression\nclosed 1000\n',
    })
  })
})

describe('bytes', () => {
  test('are printed as they would be typed, so that no text is taken for them', async () => {
    const { stdout } = await connect('/hex 00 0aff\n//hex 00\n00ff\n', '/', '--commands')
    expect(stdout).toBe('/hex 000aff\n/hex 00\n00ff\n')
  })

  test('are lines of hexadecimal, both ways, with --hex', async () => {
    expect(await connect('00ff\n\nCAFE', '/', '--hex')).toMatchObject({
      exitCode: 0,
      stdout: '00ff\n\ncafe\n',
    })
  })

  test('that are none are told with their line, all others sent, and the exit code is 1', async () => {
    expect(await connect('00\n0\nff\n', '/', '--hex')).toEqual({
      exitCode: 1,
      stdout: '00\nff\n',
      stderr:
        'connected\n✖ line 2 was not sent: bytes are written as two hexadecimal digits each, such as 00ff\nclosed 1000\n',
    })
  })
})

describe('lines that begin with a slash', () => {
  test('are messages where they are piped in', async () => {
    const input = '/close 4001\n/ping\n//\n/nonsense\n'
    expect(await connect(input, '/')).toEqual({
      exitCode: 0,
      stdout: input,
      stderr: 'connected\nclosed 1000\n',
    })
  })

  test('are commands with --commands; one that is none is told and not sent', async () => {
    const url = '/?commands'
    const input = 'hello\n/nonsense\n/close 4001 see you\nnot sent any more\n'
    const { exitCode, stdout, stderr } = await connect(input, url, '--commands')
    expect([exitCode, stdout]).toEqual([1, 'hello\n'])
    expect(stderr).toContain('✖ line 2 was not sent: /nonsense is no command: there are /ping')
    expect(stderr).toEndWith('\nclosed 4001 see you\n')
    expect(await closeOf(url)).toMatchObject({ code: 4001, reason: 'see you' })
  })

  test('ping, and the answer is timed', async () => {
    const { exitCode, stderr } = await connect('/ping hello\n', '/', '--commands')
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(/^connected\npong after [\d.]+ ms\nclosed 1000\n$/),
    ])
  })
})

describe('a Close', () => {
  test('says what it is told to at the end of the input, and is a success', async () => {
    const url = '/?told'
    const { exitCode, stderr } = await connect('', url, '--close', '4001', '--reason', 'see you')
    expect([exitCode, stderr]).toEqual([0, 'connected\nclosed 4001 see you\n'])
    expect(await closeOf(url)).toMatchObject({ code: 4001, reason: 'see you' })
  })

  test.each([
    ['1000', 0, '1000'],
    ['1000&reason=done', 0, '1000 done'],
    ['', 0, '1005'],
    ['1001', 1, '1001'],
    ['4003&reason=no%20more', 1, '4003 no more'],
    ['1011&reason=%1b[31m', 1, '1011 \\x1b[31m'],
  ])('of the server with %s is told, and exits with %d', async (close, exitCode, text) => {
    const result = await connect('', `/?close=${close}`, '--wait', 'off')
    expect(result).toEqual({ exitCode, stdout: '', stderr: `connected\nclosed ${text}\n` })
  })

  test('is answered once, with its code, also where both say it at once', async () => {
    const frames: number[] = []
    using crossing = await listenRaw(async (connection) => {
      connection.send(frame({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) }))
      for (;;) {
        const heard = await connection.frame()
        frames.push(heard.opcode, heard.payload.readUInt16BE(0))
        connection.end()
      }
    })
    const { exitCode } = await runCommand(['connect', `ws://${crossing.host}`])
    expect([exitCode, frames]).toEqual([0, [Opcode.close, 1000]])
  })

  test('that does not come back is waited for no longer than --timeout', async () => {
    using silent = await listenRaw(() => {})
    expect(await runCommand(['connect', `ws://${silent.host}`, '--timeout', '200ms'])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'connected\n✖ no Close came back for 0.2 seconds\n',
    })
  })
})

describe('--count', () => {
  test('ends after so many messages, however long they take, and prints no more', async () => {
    using late = await listenRaw(async (connection) => {
      await connection.frame()
      const message = frame({ opcode: 1, payload: 'answer' })
      connection.send(Buffer.concat([message, message, message]))
      const { payload } = await connection.frame()
      connection.send(frame({ opcode: 8, payload }))
      connection.end()
    })
    const args = ['connect', `ws://${late.host}`, '--count', '2']
    expect(await runCommand(args, { input: 'question\n' })).toEqual({
      exitCode: 0,
      stdout: 'answer\nanswer\n',
      stderr: 'connected\nclosed 1000\n',
    })
  })

  test('fails where the server closes before', async () => {
    expect(await connect('', '/?close=1000', '--count', '1')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'connected\nclosed 1000\n✖ 0 of 1 messages came\n',
    })
  })

  test('fails where fewer came within --wait', async () => {
    const { exitCode, stdout, stderr } = await connect('a\n', '/', '--count', '2', '--wait', '50ms')
    expect([exitCode, stdout]).toEqual([1, 'a\n'])
    expect(stderr).toEndWith('✖ 1 of 2 messages came\n')
  })
})

describe('--wait', () => {
  test('goes on after the end of the input for what a server still has to say', async () => {
    using late = await listenRaw(async (connection) => {
      await connection.frame()
      connection.send(frame({ opcode: 1, payload: 'late' }))
      connection.send(frame({ opcode: 8, payload: Buffer.from([0x03, 0xe8]) }))
      expect((await connection.frame()).opcode).toBe(Opcode.close)
      connection.end()
    })
    const args = ['connect', `ws://${late.host}`, '--wait', 'off']
    expect(await runCommand(args, { input: 'question' })).toMatchObject({
      exitCode: 0,
      stdout: 'late\n',
    })
  })
})

describe('pings', () => {
  test('go out at the interval of --ping, and the answers are timed', async () => {
    const { exitCode, stderr } = await connect('', '/', '--ping', '10ms', '--wait', '300ms')
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(/^connected\n(pong after [\d.]+ ms\n)+closed 1000\n$/),
    ])
  })

  test('that are not answered end it with 1', async () => {
    using deaf = await listenRaw(() => {})
    const args = ['--ping', '10ms', '--timeout', '200ms', '--wait', 'off']
    expect(await runCommand(['connect', `ws://${deaf.host}`, ...args])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'connected\n✖ nothing came for 0.2 seconds after a ping\n',
    })
  })

  test('of the server are answered, and told with --verbose', async () => {
    using curious = await listenRaw(async (connection) => {
      connection.send(frame({ opcode: 9, payload: 'are you there' }))
      const { opcode, payload } = await connection.frame()
      expect([opcode, payload.toString()]).toEqual([Opcode.pong, 'are you there'])
      connection.send(frame({ opcode: 8 }))
      await connection.frame()
      connection.end()
    })
    const args = ['connect', `ws://${curious.host}`, '--wait', 'off', '-v']
    expect(await runCommand(args)).toEqual({
      exitCode: 0,
      stdout: '',
      stderr:
        'connected\n< ping are you there\n> pong are you there\n< close\nclosed 1005\n> close\n',
    })
  })
})

describe('the input', () => {
  test('goes out line by line as it comes; Ctrl-C closes as its end does', async () => {
    const client = Bun.spawn([sluice, 'connect', `ws://${server.host}/?typed`], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const output = client.stdout.getReader()
    const said: string[] = []
    for (const line of ['one\n', 'two\n']) {
      await client.stdin.write(line)
      const { value } = await output.read()
      said.push(Buffer.from(value ?? []).toString())
    }
    client.kill('SIGINT')
    expect(await client.stderr.text()).toBe('connected\nclosed 1000\n')
    expect([await client.exited, said]).toEqual([0, ['one\n', 'two\n']])
    expect(await closeOf('/?typed')).toMatchObject({ code: 1000 })
  })

  test('that is not UTF-8 is not sent as text', async () => {
    const input = Buffer.from('Grüße\nGr\xfc\xdfe\n', 'latin1')
    const bytes = Buffer.concat([Buffer.from('Grüße\n'), input.subarray(input.indexOf('\n') + 1)])
    const client = Bun.spawn([sluice, 'connect', `ws://${server.host}/`], {
      stdin: bytes,
      stdout: 'pipe',
      stderr: 'pipe',
    })
    expect(await client.stdout.text()).toBe('Grüße\n')
    expect(await client.stderr.text()).toContain(
      '✖ line 2 was not sent: it is not UTF-8; --hex sends',
    )
    expect(await client.exited).toBe(1)
  })
})

describe('on a terminal', () => {
  test('lines may be commands, and what came cannot command the terminal', async () => {
    using rude = await listenRaw(async (connection) => {
      expect((await connection.frame()).opcode).toBe(Opcode.ping)
      connection.send(frame({ opcode: 1, payload: '\x1b[2J\rhello' }))
      const { payload } = await connection.frame()
      connection.send(frame({ opcode: 8, payload }))
      connection.end()
    })
    let shown = ''
    const typing = ['/ping\n', '/nonsense\n', '/close 4001\n']
    await using terminal = new Bun.Terminal({
      data(_, bytes) {
        shown += Buffer.from(bytes).toString()
        // One after the other, as what is said asks for it.
        const cues = [/connected/, /hello\r\n/, /\/nonsense is no command/]
        if (cues[3 - typing.length]?.test(shown) === true) terminal.write(typing.shift() ?? '')
      },
    })
    const client = Bun.spawn([sluice, 'connect', `ws://${rude.host}`], { terminal })
    expect(await client.exited).toBe(0)
    expect(shown).toContain('\n\\x1b[2J\\x0dhello\r\n')
    expect(shown).toContain('✖ not sent: /nonsense is no command')
    // Dim, and not red as what went wrong is.
    expect(shown).toContain('\x1b[0;2mclosed 4001')
  })
})

test.each([
  [['--ping', '10'], '--ping: a duration needs a unit'],
  [['--ping', 'off'], '--ping is a duration from 1ms to 1d, not off'],
  [['--timeout', '2d'], '--timeout is a duration from 1ms to 1d, not 2d'],
  [['--wait', 'long'], '--wait: must be a duration'],
  [['--count', '0'], '--count is a number of messages from 1 on, not 0'],
  [['--close', 'now'], '--close is a code such as 1000 or 4001, not now'],
  [['--close', '1006'], '1006 is no code to close with'],
  [['--reason', 'x'.repeat(124)], 'at most 123 bytes'],
  [['-s', 'a b'], '"a b" is not a subprotocol'],
  [['--cert', 'a.pem'], '--cert and --key are given together'],
  [['--cert', 'a.pem', '--key', 'b.pem'], '--cert is for wss://'],
])('sluice connect refuses %p with 2', async (args, sentence) => {
  const { exitCode, stderr } = await connect('', '/', ...args)
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`✖ `)])
  expect(stderr).toContain(sentence)
})
