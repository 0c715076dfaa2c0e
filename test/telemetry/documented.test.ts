/**
 * docs/running.md: every event with its level and fields, every metric with its type and labels, and
 * expressions for alerts that Prometheus understands.
 */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { readSupervisor } from '../../src/process/workers/supervisor-metrics.ts'
import { formatFamilies } from '../../src/telemetry/exposition-merge.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { Compression } from '../../src/wire/compression.ts'
import { temporaryFile } from '../support/temporary.ts'

const page = readFileSync(join(import.meta.dir, '../../docs/running.md'), 'utf8')
/** Rows of all tables whose first cell is a word in code. */
const rows = [...page.matchAll(/^\| `([\w-]+)` *\|(.*)\|$/gm)].map(([, name = '', rest = '']) => ({
  name,
  cells: rest.split('|').map((cell) => cell.trim()),
}))

function wordsIn(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`(\w+)`/g)].map(([, word = '']) => word)
}

const facts = {
  listener: 'public',
  upstream: 'chat',
  endpoint: 'ws://10.0.0.1:9000',
  address: '192.0.2.7',
  host: 'chat.example.com',
  path: '/',
  request: 'r',
}
const ofEndpoint = { upstream: facts.upstream, endpoint: facts.endpoint }
const traffic = { messages: 1, bytes: 1 }
const answered = { ...facts, route: 'chat', method: 'GET', status: 200, dialMs: 1, durationMs: 1 }

/** Each with everything it may have. */
const samples: Readonly<{ [Type in GatewayEvent['type']]: Extract<GatewayEvent, { type: Type }> }> =
  {
    listening: {
      type: 'listening',
      listener: 'public',
      address: '::',
      port: 80,
      unix: '/run/x.sock',
    },
    'certificate-loaded': {
      type: 'certificate-loaded',
      file: 'a.pem',
      names: ['a'],
      expiresAt: '2030-01-01T00:00:00.000Z',
    },
    'certificate-expiring': {
      type: 'certificate-expiring',
      file: 'a.pem',
      names: ['a'],
      expiresAt: '2030-01-01T00:00:00.000Z',
    },
    'certificate-rejected': { type: 'certificate-rejected', file: 'a.pem', detail: 'x' },
    'admin-listening': { type: 'admin-listening', address: '::1', port: 9090, unix: '/run/x.sock' },
    capacity: { type: 'capacity', descriptors: 1, sessions: 1 },
    'session-opened': {
      type: 'session-opened',
      session: 's',
      route: 'chat',
      ...facts,
      subprotocol: 'mqtt',
      compression: 'permessage-deflate',
      certificate: 'CN=x',
      certificateNames: ['DNS:x'],
      dialMs: 1,
      handshakeMs: 1,
    },
    'session-closed': {
      type: 'session-closed',
      session: 's',
      route: 'chat',
      endpoint: facts.endpoint,
      address: facts.address,
      end: { by: 'client', code: 1000, reason: 'closed', detail: 'd' },
      durationMs: 1,
      inbound: traffic,
      outbound: traffic,
    },
    'session-moved': {
      type: 'session-moved',
      session: 's',
      route: 'chat',
      upstream: 'chat',
      from: facts.endpoint,
      to: 'ws://10.0.0.2:9000',
      cause: 'lost',
      detail: 'reset',
      moves: 1,
      gapMs: 1,
      resentMessages: 1,
      unansweredMessages: 1,
      droppedBytes: 1,
    },
    'move-failed': {
      type: 'move-failed',
      session: 's',
      route: 'chat',
      ...ofEndpoint,
      cause: 'draining',
      detail: 'd',
    },
    'handshake-rejected': { type: 'handshake-rejected', ...answered },
    'request-answered': { type: 'request-answered', ...answered },
    'request-refused': {
      type: 'request-refused',
      listener: 'public',
      route: 'chat',
      request: 'r',
      isHandshake: true,
      code: 'NO_ROUTE',
      detail: 'd',
      address: facts.address,
      method: 'GET',
      host: facts.host,
      path: '/',
    },
    'endpoint-added': { type: 'endpoint-added', ...ofEndpoint, source: 'dns' },
    'endpoint-removed': { type: 'endpoint-removed', ...ofEndpoint, source: 'dns' },
    'endpoint-changed': {
      type: 'endpoint-changed',
      ...ofEndpoint,
      state: 'ejected',
      was: 'healthy',
      reason: 'r',
    },
    'endpoint-weighted': { type: 'endpoint-weighted', ...ofEndpoint, weight: 2 },
    'endpoint-leaving': {
      type: 'endpoint-leaving',
      ...ofEndpoint,
      cause: 'draining',
      moved: 1,
      left: 2,
      unmovable: 1,
    },
    'sessions-stranded': { type: 'sessions-stranded', upstream: 'chat', sessions: 1 },
    'sessions-rescued': { type: 'sessions-rescued', upstream: 'chat', afterMs: 1 },
    'attempt-failed': {
      type: 'attempt-failed',
      ...ofEndpoint,
      code: 'UPSTREAM_RESET',
      detail: 'd',
      isRetried: true,
    },
    'discovery-failed': { type: 'discovery-failed', upstream: 'chat', source: 'srv', detail: 'd' },
    'discovery-recovered': {
      type: 'discovery-recovered',
      upstream: 'chat',
      source: 'srv',
      endpoints: 2,
    },
    'split-changed': { type: 'split-changed', route: 'chat', shares: { chat: 95, 'chat-next': 5 } },
    'signal-ignored': { type: 'signal-ignored', signal: 'SIGUSR1' },
    reloaded: { type: 'reloaded', changes: ['route chat: added'] },
    'reload-refused': { type: 'reload-refused', problem: 'p' },
    'upgrade-started': { type: 'upgrade-started', pid: 1 },
    'upgrade-ready': { type: 'upgrade-ready', pid: 1, version: '1.2.3', sessions: 1 },
    'upgrade-failed': { type: 'upgrade-failed', problem: 'p' },
    'took-over': { type: 'took-over', pid: 1 },
    'worker-ready': { type: 'worker-ready', worker: 1, pid: 1 },
    'worker-lost': { type: 'worker-lost', worker: 1, pid: 1, detail: 'd', restartsInMs: 1 },
    'notify-failed': { type: 'notify-failed', problem: 'p' },
    mistake: { type: 'mistake', error: new Error('x') },
    leaving: { type: 'leaving', sessions: 1 },
    left: { type: 'left' },
  }

describe('the documentation of the log', () => {
  test.each(Object.values(samples))('has $type with its level and every field', (event) => {
    let line = '{}'
    createLog({ level: 'debug', format: 'json', write: (text) => (line = text) })(event)
    const { time: _, level, event: type, ...fields } = JSON.parse(line) as Record<string, unknown>
    const row = rows.find(({ name }) => name === type)
    // One of those it may have.
    expect(row?.cells[0]?.split(', ')).toContain(String(level))
    expect(wordsIn(row?.cells[2]).toSorted()).toEqual(Object.keys(fields).toSorted())
  })
})

describe('the documentation of metrics', () => {
  const metrics = createMetrics()
  for (const event of Object.values(samples)) metrics.emit(event)
  const flow = { ...traffic, pendingBytes: 0 }
  const exposed = metrics.expose({
    compression: new Compression(1e6),
    listeners: [{ listener: 'public', connections: 1 }],
    routes: [{ route: 'chat', sessions: 1, handshakes: 0, inbound: flow, outbound: flow }],
    upstreams: [{ upstream: 'chat', waiting: 1, retries: 1, sessionsBetween: 1 }],
    endpoints: [{ ...ofEndpoint, state: 'healthy', weight: 1, latencyMs: 1, sessions: 1 }],
  })
  const supervised = formatFamilies(readSupervisor(createMetrics(), 0))
  const types = new Map(
    [...(exposed + supervised).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [
      name,
      type,
    ]),
  )

  test('has each of them with its type, and no other', () => {
    const documented = rows.filter(({ name }) => /^(sluice|process)_/.test(name))
    expect(documented.map(({ name, cells }) => `${name} ${cells[0]}`).toSorted()).toEqual(
      [...types].map(([name, type]) => `${name} ${type}`).toSorted(),
    )
  })

  test('has the labels of each', () => {
    for (const name of types.keys()) {
      const sampled = new RegExp(`^${name}(?:_bucket|_sum|_count)?{(.*)} `, 'gm')
      const labels = [...exposed.matchAll(sampled)].flatMap(([, text = '']) => [
        ...text.matchAll(/(\w+)="/g),
      ])
      const wanted = new Set(
        labels.map(([, label = '']) => label).filter((label) => label !== 'le'),
      )
      const row = rows.find((each) => each.name === name)
      expect([name, wordsIn(row?.cells[1]).toSorted()]).toEqual([name, [...wanted].toSorted()])
    }
  })

  test('has expressions for alerts that Prometheus understands, of metrics that are there', async () => {
    const expressions = [...page.matchAll(/```promql\n(.*?)```/gs)].map(([, text = '']) =>
      text.trim(),
    )
    expect(expressions.length).toBeGreaterThanOrEqual(5)
    for (const expression of expressions) {
      for (const [name] of expression.matchAll(/\b(sluice|process)_\w+/g))
        expect(types.has(name.replace(/_bucket$/, '')), name).toBe(true)
    }
    const rules = expressions.map((expr, index) => ({ alert: `Alert${index}`, expr }))
    // JSON is YAML.
    const groups = [{ name: 'sluice', rules }]
    const file = temporaryFile('rules.yaml', JSON.stringify({ groups }))
    const child = Bun.spawn(['promtool', 'check', 'rules', file], {
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const output = await child.stdout.text()
    expect([await child.exited, output]).toEqual([
      0,
      expect.stringContaining(`${rules.length} rules found`),
    ])
  })
})
