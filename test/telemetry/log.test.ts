/**
 * The log: its levels, its two formats, and a reader that is too slow.
 */
import { describe, expect, test } from 'bun:test'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createLineWriter } from '../../src/telemetry/line-writer.ts'
import { createLog, type LogLevel } from '../../src/telemetry/log.ts'

const closed: GatewayEvent = {
  type: 'session-closed',
  session: 's1',
  route: 'chat',
  endpoint: 'ws://a:9000',
  address: '192.0.2.1',
  end: { by: 'upstream', code: 4001, reason: 'closed', detail: undefined },
  durationMs: 12.3456,
  inbound: { messages: 1, bytes: 20 },
  outbound: { messages: 2, bytes: 40 },
}
const answered: GatewayEvent = {
  type: 'request-answered',
  listener: 'public',
  route: 'a route',
  upstream: undefined,
  endpoint: undefined,
  address: '::1',
  method: 'GET',
  host: 'h',
  path: '/',
  request: 'r-1',
  status: 200,
  dialMs: undefined,
  durationMs: 1,
}

function linesOf(level: LogLevel, format: 'json' | 'pretty', ...events: GatewayEvent[]): string[] {
  const lines: string[] = []
  const log = createLog({ level, format, write: (line) => lines.push(line) })
  for (const event of events) log(event)
  return lines
}

describe('createLog', () => {
  test('writes an event as one line of JSON with flat fields', () => {
    const [line = ''] = linesOf('info', 'json', closed)
    expect(line.endsWith('\n')).toBe(true)
    const { time, ...fields } = JSON.parse(line)
    expect(Number.isNaN(Date.parse(time))).toBe(false)
    expect(fields).toEqual({
      level: 'info',
      event: 'session-closed',
      session: 's1',
      route: 'chat',
      endpoint: 'ws://a:9000',
      address: '192.0.2.1',
      durationMs: 12.3,
      closedBy: 'upstream',
      code: 4001,
      reason: 'closed',
      inboundMessages: 1,
      inboundBytes: 20,
      outboundMessages: 2,
      outboundBytes: 40,
    })
  })

  test('writes aligned text for people, and quotes what has spaces', () => {
    const [line] = linesOf('debug', 'pretty', answered)
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} {2}DEBUG request-answered listener=public route="a route" address=::1 method=GET /,
    )
  })

  test('leaves out what is below its level', () => {
    expect(linesOf('info', 'json', answered, closed)).toHaveLength(1)
    expect(linesOf('debug', 'json', answered, closed)).toHaveLength(2)
    expect(linesOf('off', 'json', closed, { type: 'mistake', error: new Error('x') })).toEqual([])
  })

  test.each([
    ['healthy', 'unhealthy', 'warn'],
    ['healthy', 'ejected', 'warn'],
    ['draining', 'unhealthy', 'warn'],
    ['ejected', 'healthy', 'info'],
    ['healthy', 'draining', 'info'],
  ] as const)('tells of an endpoint that was %s and is %s as %s', (was, state, level) => {
    const [line = ''] = linesOf('debug', 'json', {
      type: 'endpoint-changed',
      upstream: 'chat',
      endpoint: 'ws://a:9000',
      state,
      was,
      reason: '3 checks in a row failed, the last: answered 503',
    })
    expect(JSON.parse(line)).toMatchObject({ level, state, was })
  })

  test('rounds how long a session was without a server, as it does every time', () => {
    const [line = ''] = linesOf('info', 'json', {
      type: 'session-moved',
      session: 's1',
      route: 'chat',
      upstream: 'chat',
      from: 'ws://a:9000',
      to: 'ws://b:9000',
      cause: 'lost',
      detail: undefined,
      moves: 1,
      gapMs: 12.3456,
      resentMessages: 0,
      unansweredMessages: 0,
      droppedBytes: 0,
    })
    expect(JSON.parse(line)).toMatchObject({ event: 'session-moved', cause: 'lost', gapMs: 12.3 })
    expect(line).not.toContain('detail')
  })

  test('writes the shares of a split as they are typed', () => {
    const shares = { chat: 95, 'chat-next': 5 }
    const [line = ''] = linesOf('info', 'pretty', { type: 'split-changed', route: 'all', shares })
    expect(line).toEndWith('split-changed    route=all shares="chat=95 chat-next=5"\n')
  })

  test('a mistake comes with its stack', () => {
    const [line = ''] = linesOf('error', 'json', { type: 'mistake', error: new TypeError('oh') })
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      error: expect.stringContaining('log.test.ts'),
    })
  })
})

describe('createLineWriter', () => {
  const full = Object.assign(new Error('no room'), { code: 'EAGAIN' })

  test('writes the lines of one turn together', async () => {
    const writes: string[] = []
    const writer = createLineWriter((bytes) => {
      writes.push(bytes.toString())
      return bytes.length
    })
    writer.write('one\n')
    writer.write('two\n')
    expect(writes).toEqual([])
    await new Promise(setImmediate)
    expect(writes).toEqual(['one\ntwo\n'])
  })

  test('a reader that stalls loses whole lines past the bound, and is told how many', () => {
    let room = 0
    let text = ''
    const writer = createLineWriter((bytes) => {
      if (room === 0) throw full
      const taken = Math.min(room, bytes.length)
      room -= taken
      text += bytes.toString('latin1', 0, taken)
      return taken
    })
    const line = `${'x'.repeat(1023)}\n`
    for (let count = 0; count < 2000; count++) writer.write(line)
    writer.flush()
    room = 100
    writer.flush()
    room = Infinity
    writer.flush()
    writer.write('after\n')
    writer.flush()
    const lines = text.trimEnd().split('\n')
    const kept = lines.filter((each) => each === line.trimEnd()).length
    expect(kept).toBeGreaterThanOrEqual(1024)
    expect(lines.slice(kept)).toEqual([
      JSON.stringify({ level: 'warn', event: 'log-dropped', lines: 2000 - kept }),
      'after',
    ])
  })

  test('a reader that is gone ends nothing', () => {
    const writer = createLineWriter(() => {
      throw Object.assign(new Error('broken pipe'), { code: 'EPIPE' })
    })
    writer.write('lost\n')
    expect(() => writer.flush()).not.toThrow()
  })
})
