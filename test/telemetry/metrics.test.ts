/**
 * What is counted of each event, and that Prometheus accepts how it is told.
 */
import { describe, expect, test } from 'bun:test'
import { mayTravel } from '../../src/core/close-codes.ts'
import { errorTable, type ErrorCode } from '../../src/core/errors.ts'
import type { GatewayEvent, MoveCause } from '../../src/core/events.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import type { EndpointReading, GatewayReading } from '../../src/telemetry/reading.ts'
import { Compression } from '../../src/wire/compression.ts'
import { sample } from '../support/admin.ts'
import { checkMetrics } from '../support/promtool.ts'

const idle = { messages: 0, bytes: 0, pendingBytes: 0 }
const compression = new Compression(1e6)
const empty: GatewayReading = {
  compression,
  listeners: [],
  routes: [],
  upstreams: [],
  endpoints: [],
}

function openedOn(route: string): GatewayEvent {
  return {
    type: 'session-opened',
    session: 's',
    listener: 'public',
    route,
    upstream: 'chat',
    endpoint: 'ws://10.0.0.1:9000',
    address: '192.0.2.7',
    host: 'chat.example.com',
    path: '/private/room',
    request: 'r-1',
    subprotocol: 'mqtt',
    compression: 'permessage-deflate',
    certificate: 'CN=device-7',
    certificateNames: ['DNS:device-7.example.com'],
    dialMs: 2,
    handshakeMs: 20,
  }
}

function closedOn(route: string, end: Partial<(GatewayEvent & { type: 'session-closed' })['end']>) {
  const event: GatewayEvent = {
    type: 'session-closed',
    session: 's',
    route,
    endpoint: 'ws://10.0.0.1:9000',
    address: '192.0.2.7',
    end: { by: 'client', code: 1000, reason: 'closed', detail: undefined, ...end },
    durationMs: 2_000,
    inbound: { messages: 3, bytes: 300 },
    outbound: { messages: 5, bytes: 500 },
  }
  return event
}

const answered = {
  listener: 'public',
  route: 'chat',
  upstream: 'chat',
  endpoint: 'ws://10.0.0.1:9000',
  address: '192.0.2.7',
  method: 'GET',
  host: 'chat.example.com',
  path: '/private/room',
  request: 'r-1',
  dialMs: undefined,
  durationMs: 3,
}

function refused(code: ErrorCode, isHandshake: boolean, route?: string): GatewayEvent {
  return {
    type: 'request-refused',
    listener: 'public',
    route,
    isHandshake,
    code,
    detail: undefined,
    address: '192.0.2.7',
    method: 'GET',
    host: 'chat.example.com',
    path: '/private/room',
    request: 'r-1',
  }
}

function expositionOf(events: readonly GatewayEvent[], reading = empty): string {
  const metrics = createMetrics()
  for (const event of events) metrics.emit(event)
  return metrics.expose(reading)
}

describe('handshakes', () => {
  test('are counted by what became of them', () => {
    const text = expositionOf([
      openedOn('chat'),
      { type: 'handshake-rejected', ...answered, status: 401 },
      { type: 'handshake-rejected', ...answered, status: 403 },
      refused('ORIGIN_NOT_ALLOWED', true, 'chat'),
      refused('NO_ROUTE', true),
      refused('NO_ROUTE', false),
    ])
    const total = 'sluice_handshakes_total'
    expect(sample(text, `${total}{route="chat",result="opened"}`)).toBe(1)
    expect(sample(text, `${total}{route="chat",result="rejected",reason="4xx"}`)).toBe(2)
    expect(
      sample(text, `${total}{route="chat",result="refused",reason="ORIGIN_NOT_ALLOWED"}`),
    ).toBe(1)
    expect(sample(text, `${total}{result="refused",reason="NO_ROUTE"}`)).toBe(1)
    expect(sample(text, 'sluice_refused_total{listener="public",code="NO_ROUTE"}')).toBe(2)
  })

  test('and dials are timed in seconds', () => {
    const text = expositionOf([openedOn('chat')])
    expect(sample(text, 'sluice_handshake_duration_seconds_sum{route="chat"}')).toBe(0.02)
    const bucket = 'sluice_dial_duration_seconds_bucket{upstream="chat"'
    expect(sample(text, `${bucket},le="0.0025"}`)).toBe(1)
    expect(sample(text, `${bucket},le="0.001"}`)).toBe(0)
  })
})

test('plain requests are counted by the class of their status, those that reused a connection without a dial', () => {
  const text = expositionOf([
    { type: 'request-answered', ...answered, status: 200 },
    { type: 'request-answered', ...answered, status: 204 },
    { type: 'request-answered', ...answered, status: 502, dialMs: 1 },
  ])
  expect(sample(text, 'sluice_requests_total{route="chat",status="2xx"}')).toBe(2)
  expect(sample(text, 'sluice_requests_total{route="chat",status="5xx"}')).toBe(1)
  expect(sample(text, 'sluice_dial_duration_seconds_count{upstream="chat"}')).toBe(1)
})

describe('closed sessions', () => {
  const total = 'sluice_session_closes_total'

  test.each([
    [
      'a registered code by its number',
      { by: 'upstream', code: 1011 },
      'by="upstream",code="1011",reason="closed"',
    ],
    ['no Close by 1006', { code: 1006, reason: 'reset' }, 'by="client",code="1006",reason="reset"'],
    [
      "an application's code by its range",
      { code: 4242 },
      'by="client",code="4xxx",reason="closed"',
    ],
    [
      "a library's code by its range",
      { by: 'upstream', code: 3001 },
      'by="upstream",code="3xxx",reason="closed"',
    ],
    [
      "an administrator's own code by its range",
      { by: 'gateway', code: 4001, reason: 'CLOSED_BY_ADMIN' },
      'by="gateway",code="4xxx",reason="CLOSED_BY_ADMIN"',
    ],
    [
      "the gateway's reason",
      { by: 'gateway', code: 1001, reason: 'IDLE' },
      'by="gateway",code="1001",reason="IDLE"',
    ],
  ] as const)('are counted with %s', (_, end, labels) => {
    const text = expositionOf([closedOn('chat', end)])
    expect(sample(text, `${total}{route="chat",${labels}}`)).toBe(1)
  })

  test('make a bounded number of series, whatever codes they were closed with', () => {
    const codes = Array.from({ length: 5000 }, (_, code) => code).filter(mayTravel)
    const text = expositionOf(codes.map((code) => closedOn('chat', { code })))
    const lines = text.split('\n').filter((line) => line.startsWith(total))
    expect([codes.length, lines.length]).toEqual([2_012, 14])
  })
})

test('messages and bytes are those of closed sessions and of open ones together', () => {
  const flow = (messages: number, bytes: number) => ({ messages, bytes, pendingBytes: 0 })
  const text = expositionOf([closedOn('chat', {}), closedOn('chat', {}), closedOn('gone', {})], {
    ...empty,
    routes: [
      {
        route: 'chat',
        sessions: 1,
        handshakes: 0,
        inbound: flow(10, 1000),
        outbound: flow(20, 2000),
      },
    ],
  })
  expect(sample(text, 'sluice_messages_total{route="chat",direction="inbound"}')).toBe(16)
  expect(sample(text, 'sluice_messages_total{route="chat",direction="outbound"}')).toBe(30)
  expect(sample(text, 'sluice_bytes_total{route="chat",direction="inbound"}')).toBe(1600)
  // A route that is not configured any more keeps what it has counted.
  expect(sample(text, 'sluice_messages_total{route="gone",direction="outbound"}')).toBe(5)
})

test('a route on which nothing happened yet is there with zeros', () => {
  const routes = [{ route: 'new', sessions: 0, handshakes: 0, inbound: idle, outbound: idle }]
  const text = expositionOf([], { ...empty, routes })
  for (const name of ['sluice_sessions', 'sluice_sessions_total', 'sluice_handshakes_pending'])
    expect(sample(text, `${name}{route="new"}`), name).toBe(0)
  expect(sample(text, 'sluice_messages_total{route="new",direction="inbound"}')).toBe(0)
  expect(sample(text, 'sluice_handshakes_total{route="new",result="opened"}')).toBe(0)
})

test('the end of a certificate is that of the one loaded last from its file', () => {
  const loaded = (file: string, expiresAt: string): GatewayEvent => ({
    type: 'certificate-loaded',
    file,
    names: ['chat.example.com'],
    expiresAt,
  })
  const text = expositionOf([
    loaded('/a.pem', '2030-01-01T00:00:00.000Z'),
    loaded('/b.pem', '2031-01-01T00:00:00.000Z'),
    loaded('/a.pem', '2030-04-01T00:00:00.000Z'),
  ])
  const name = 'sluice_certificate_expiry_timestamp_seconds'
  expect(sample(text, `${name}{file="/a.pem"}`)).toBe(Date.UTC(2030, 3) / 1000)
  expect(sample(text, `${name}{file="/b.pem"}`)).toBe(Date.UTC(2031, 0) / 1000)
})

test('no label tells of a user', () => {
  const text = expositionOf([openedOn('chat'), closedOn('chat', {}), refused('NO_ROUTE', true)])
  expect(text).not.toMatch(/192\.0\.2\.7|device-7|private|chat\.example\.com/)
})

/** The labels of an endpoint on this host. */
function at(host: string) {
  return { upstream: 'chat', endpoint: `ws://${host}:9000` }
}

function labelsAt(host: string): string {
  return `upstream="chat",endpoint="ws://${host}:9000"`
}

function standing(host: string, state: EndpointReading['state'], sessions = 0): EndpointReading {
  return { ...at(host), state, weight: 2, latencyMs: 1.5, sessions }
}

function failedAt(host: string, code: ErrorCode | `${number}`): GatewayEvent {
  return { type: 'attempt-failed', ...at(host), code, detail: undefined, isRetried: true }
}

describe('upstreams', () => {
  const upstreams = [{ upstream: 'chat', waiting: 3, retries: 4, sessionsBetween: 5 }]

  test('are told of with how many endpoints are in which state, who waits and what was tried again', () => {
    const endpoints = [
      standing('a', 'healthy'),
      standing('b', 'ejected'),
      standing('c', 'ejected'),
      standing('d', 'removed', 1),
    ]
    const text = expositionOf([], { ...empty, upstreams, endpoints })
    const count = (state: string) =>
      sample(text, `sluice_upstream_endpoints{upstream="chat",state="${state}"}`)
    expect(['healthy', 'unhealthy', 'ejected', 'draining', 'removed'].map(count)).toEqual([
      1,
      0,
      2,
      0,
      undefined,
    ])
    expect(sample(text, 'sluice_queue_sessions{upstream="chat"}')).toBe(3)
    expect(sample(text, 'sluice_retries_total{upstream="chat"}')).toBe(4)
  })

  test('whose discovery fails are told of until it works again', () => {
    const failed = {
      type: 'discovery-failed',
      upstream: 'chat',
      source: 'dns',
      detail: 'd',
    } as const
    const again = {
      type: 'discovery-recovered',
      upstream: 'chat',
      source: 'dns',
      endpoints: 1,
    } as const
    const name = 'sluice_discovery_failing{upstream="chat"}'
    expect(sample(expositionOf([]), name)).toBeUndefined()
    expect(sample(expositionOf([failed]), name)).toBe(1)
    expect(sample(expositionOf([failed, again]), name)).toBe(0)
  })
})

function moved(cause: MoveCause, more: Partial<GatewayEvent & { type: 'session-moved' }> = {}) {
  const event: GatewayEvent = {
    type: 'session-moved',
    session: 's',
    route: 'all',
    upstream: 'chat',
    from: 'ws://a:9000',
    to: 'ws://b:9000',
    cause,
    detail: 'reset',
    moves: 1,
    gapMs: 40,
    resentMessages: 0,
    unansweredMessages: 0,
    droppedBytes: 0,
    ...more,
  }
  return event
}

describe('sessions that go on at another server', () => {
  const failed: GatewayEvent = {
    type: 'move-failed',
    session: 's',
    route: 'all',
    ...at('a'),
    cause: 'draining',
    detail: 'no other endpoint has room',
  }

  test('are counted by why they were moved, and those that stayed by why they were to be', () => {
    const text = expositionOf([moved('lost'), moved('lost'), moved('draining'), failed])
    const count = (name: string, cause: string) =>
      sample(text, `${name}{upstream="chat",cause="${cause}"}`)
    expect(count('sluice_session_moves_total', 'lost')).toBe(2)
    expect(count('sluice_session_moves_total', 'draining')).toBe(1)
    expect(count('sluice_move_failures_total', 'draining')).toBe(1)
    expect(count('sluice_move_failures_total', 'lost')).toBeUndefined()
  })

  test('are timed while they are without one, in seconds', () => {
    const text = expositionOf([moved('lost'), moved('silent', { gapMs: 61_000 })])
    const bucket = (cause: string, bound: string) =>
      sample(text, `sluice_move_gap_seconds_bucket{upstream="chat",cause="${cause}",le="${bound}"}`)
    expect([bucket('lost', '0.025'), bucket('lost', '0.05')]).toEqual([0, 1])
    expect([bucket('silent', '60'), bucket('silent', '+Inf')]).toEqual([0, 1])
    expect(sample(text, 'sluice_move_gap_seconds_sum{upstream="chat",cause="lost"}')).toBe(0.04)
  })

  test('tell how many messages were sent again, and how many may be lost, from the start', () => {
    const upstreams = [{ upstream: 'chat', waiting: 0, retries: 0, sessionsBetween: 0 }]
    const [resent, unanswered] = [
      'sluice_move_resent_messages_total{upstream="chat"}',
      'sluice_move_unanswered_messages_total{upstream="chat"}',
    ]
    const before = expositionOf([], { ...empty, upstreams })
    expect([sample(before, resent), sample(before, unanswered)]).toEqual([0, 0])
    const after = expositionOf([
      moved('lost', { resentMessages: 2, unansweredMessages: 5 }),
      moved('closed', { resentMessages: 1, unansweredMessages: 0 }),
    ])
    expect([sample(after, resent), sample(after, unanswered)]).toEqual([3, 5])
  })

  test('are told of by their upstream while they are on their way, and not by their servers', async () => {
    const upstreams = [{ upstream: 'chat', waiting: 0, retries: 0, sessionsBetween: 7 }]
    const text = expositionOf([moved('lost'), failed], { ...empty, upstreams })
    expect(sample(text, 'sluice_sessions_between{upstream="chat"}')).toBe(7)
    expect(text).not.toMatch(/ws:\/\/[ab]:9000/)
    expect(await checkMetrics(text)).toEqual({ exitCode: 0, complaints: '' })
  })
})

describe('an endpoint', () => {
  test.each([
    ['healthy', 1, 2, 0.0015],
    ['unhealthy', 0, 2, 0.0015],
    ['ejected', 0, 2, 0.0015],
    ['draining', 0, 2, 0.0015],
    ['removed', undefined, undefined, undefined],
  ] as const)('that is %s has %p for being up, a weight of %p, a latency of %p', (...row) => {
    const [state, up, weight, latency] = row
    const text = expositionOf([], { ...empty, endpoints: [standing('a', state, 5)] })
    expect(sample(text, `sluice_endpoint_up{${labelsAt('a')}}`)).toBe(up)
    expect(sample(text, `sluice_endpoint_weight{${labelsAt('a')}}`)).toBe(weight)
    expect(sample(text, `sluice_endpoint_latency_seconds{${labelsAt('a')}}`)).toBe(latency)
    expect(sample(text, `sluice_endpoint_sessions{${labelsAt('a')}}`)).toBe(5)
  })

  test('is told of with the states it came into, and how attempts at it failed', () => {
    const text = expositionOf([
      { type: 'endpoint-changed', ...at('a'), state: 'ejected', was: 'healthy', reason: 'r' },
      { type: 'endpoint-changed', ...at('a'), state: 'healthy', was: 'ejected', reason: 'r' },
      { type: 'endpoint-changed', ...at('a'), state: 'ejected', was: 'healthy', reason: 'r' },
      failedAt('a', 'UPSTREAM_UNREACHABLE'),
      failedAt('a', 'UPSTREAM_UNREACHABLE'),
      failedAt('a', '503'),
    ])
    const changes = `sluice_endpoint_changes_total{${labelsAt('a')}`
    expect(sample(text, `${changes},state="ejected"}`)).toBe(2)
    expect(sample(text, `${changes},state="healthy"}`)).toBe(1)
    const failures = `sluice_attempt_failures_total{${labelsAt('a')}`
    expect(sample(text, `${failures},code="UPSTREAM_UNREACHABLE"}`)).toBe(2)
    expect(sample(text, `${failures},code="503"}`)).toBe(1)
  })

  const happenings = (host: string): GatewayEvent[] => [
    { type: 'endpoint-changed', ...at(host), state: 'ejected', was: 'healthy', reason: 'r' },
    failedAt(host, '503'),
  ]

  test('that is gone is told of once more, so that its last counts are seen, and then no more', () => {
    const metrics = createMetrics()
    for (const event of [...happenings('old'), ...happenings('kept')]) metrics.emit(event)
    const both = {
      ...empty,
      endpoints: [standing('old', 'removed', 1), standing('kept', 'healthy')],
    }
    const left = { ...empty, endpoints: [standing('kept', 'healthy')] }
    const linesAbout = (host: string, reading: GatewayReading) =>
      metrics
        .expose(reading)
        .split('\n')
        .filter((line) => line.includes(labelsAt(host)))
    // Its sessions, a change and a failure.
    expect(linesAbout('old', both)).toHaveLength(3)
    expect(linesAbout('old', left)).toHaveLength(2)
    expect(linesAbout('old', left)).toEqual([])
    expect(linesAbout('kept', left)).toHaveLength(6)
  })

  test('is seen however many have come and gone before it', () => {
    const metrics = createMetrics()
    for (let round = 0; round < 12; round++) {
      for (let each = 0; each < 1_000; each++)
        for (const event of happenings(`host-${round}-${each}`)) metrics.emit(event)
      metrics.expose(empty)
    }
    for (const event of happenings('last')) metrics.emit(event)
    const text = metrics.expose({ ...empty, endpoints: [standing('last', 'healthy')] })
    expect(text).not.toContain('overflow')
    expect(text).not.toContain('host-')
    const name = `sluice_attempt_failures_total{${labelsAt('last')},code="503"}`
    expect(sample(text, name)).toBe(1)
  })
})

describe('promtool check metrics', () => {
  test('accepts everything there is, with names as awkward as they may be', async () => {
    const route = 'a "quoted" \\route\\,\nwith {everything}, é and 名'
    const flow = { messages: 2 ** 53, bytes: 1.5e21, pendingBytes: 7 }
    const text = expositionOf(
      [
        openedOn(route),
        closedOn(route, {}),
        { type: 'handshake-rejected', ...answered, status: 401 },
        { type: 'request-answered', ...answered, status: 200 },
        ...(Object.keys(errorTable) as ErrorCode[]).map((code) => refused(code, true, route)),
        {
          type: 'certificate-loaded',
          file: '/a "b".pem',
          names: [],
          expiresAt: '2030-01-01T00:00:00.000Z',
        },
        { type: 'mistake', error: new Error('x') },
        { type: 'endpoint-changed', ...at('[::1]'), state: 'ejected', was: 'healthy', reason: 'r' },
        failedAt('[::1]', 'UPSTREAM_RESET'),
        failedAt('[::1]', '503'),
        { type: 'discovery-failed', upstream: 'chat', source: 'dns', detail: 'd' },
      ],
      {
        compression,
        listeners: [{ listener: 'public', connections: 3 }],
        routes: [{ route, sessions: 1, handshakes: 2, inbound: flow, outbound: flow }],
        upstreams: [{ upstream: 'chat', waiting: 1, retries: 2, sessionsBetween: 3 }],
        endpoints: [standing('[::1]', 'ejected', 1), standing('10.0.0.1', 'removed', 1)],
      },
    )
    expect(await checkMetrics(text)).toEqual({ exitCode: 0, complaints: '' })
  })

  test('accepts what there is before anything has happened', async () => {
    expect(await checkMetrics(expositionOf([]))).toEqual({ exitCode: 0, complaints: '' })
  })

  test('does find faults', async () => {
    const { exitCode, complaints } = await checkMetrics('# TYPE a_total gauge\na_total 1\n')
    expect([exitCode, complaints]).toEqual([3, expect.stringContaining('a_total')])
  })
})

test('the process is told of under the names that every dashboard knows', () => {
  const text = expositionOf([])
  const names = [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_max_fds',
  ]
  for (const name of names) expect(sample(text, name) ?? 0, name).toBeGreaterThan(0)
  const startedAtMs = (sample(text, 'process_start_time_seconds') ?? 0) * 1000
  expect(Math.abs(startedAtMs - performance.timeOrigin)).toBeLessThan(10)
})
