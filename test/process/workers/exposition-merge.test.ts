/** Metrics of several processes as those of one. */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Exposition } from '../../../src/telemetry/exposition.ts'
import {
  endpointsIn,
  formatFamilies,
  mergeFamilies,
  parseExposition,
  retire,
} from '../../../src/telemetry/exposition-merge.ts'
import { Histogram, Series, type Labels } from '../../../src/telemetry/series.ts'
import { sample } from '../../support/admin.ts'

/** What one process counts. */
interface Counted {
  readonly opened: readonly (readonly [Labels, number])[]
  readonly open: readonly (readonly [Labels, number])[]
  /** In the halves of seconds, which binary numbers add up exactly. */
  readonly waits: readonly (readonly [Labels, number])[]
}

const label = fc.constantFrom('chat', 'a b', 'say "x"', 'back\\slash', 'line\nbreak', '')
const cell = fc.tuple(fc.record({ route: label, code: label }), fc.nat(1_000))
const counted: fc.Arbitrary<Counted> = fc.record({
  opened: fc.array(cell),
  open: fc.array(cell),
  waits: fc.array(cell.map(([labels, value]) => [labels, value / 2] as const)),
})

function expose(all: readonly Counted[]): string {
  const [opened, open, waits] = [new Series(), new Series(), new Histogram([1, 10, 100])]
  for (const each of all) {
    for (const [labels, value] of each.opened) opened.add(labels, value)
    for (const [labels, value] of each.open) open.add(labels, value)
    for (const [labels, value] of each.waits) waits.observe(labels, value)
  }
  const exposition = new Exposition()
  exposition.counter('sluice_sessions_total', 'Sessions opened.', opened)
  exposition.gauge('sluice_sessions', 'Open sessions.', open)
  exposition.histogram('sluice_wait_seconds', 'How long.', waits)
  return exposition.toString()
}

const merged = (...texts: string[]) => formatFamilies(mergeFamilies(texts.map(parseExposition)))
const linesOf = (text: string) => text.split('\n').toSorted()

describe('expositions', () => {
  test('of several processes come to that of one which has counted everything', () => {
    fc.assert(
      fc.property(fc.array(counted, { minLength: 1, maxLength: 4 }), (all) => {
        const sum = merged(...all.map((each) => expose([each])))
        expect(linesOf(sum)).toEqual(linesOf(expose(all)))
      }),
    )
  })

  test('that are read and written are what they were', () => {
    fc.assert(
      fc.property(counted, (each) => {
        const text = expose([each])
        expect(formatFamilies(parseExposition(text))).toBe(text)
      }),
    )
  })

  const gauge = (name: string, labels: string, value: number) =>
    `# HELP ${name} x\n# TYPE ${name} gauge\n${name}${labels} ${value}\n`
  test.each([
    ['sluice_build_info', '{version="1"}', 1, 1, 1],
    ['sluice_certificate_expiry_timestamp_seconds', '{file="a"}', 300, 200, 200],
    ['sluice_endpoint_up', '{upstream="a",endpoint="b"}', 1, 0, 0],
    ['sluice_endpoint_weight', '{upstream="a",endpoint="b"}', 2, 2, 2],
    ['sluice_endpoint_latency_seconds', '{upstream="a",endpoint="b"}', 0.5, 0.25, 0.5],
    ['sluice_upstream_endpoints', '{upstream="a",state="healthy"}', 3, 2, 2],
    ['sluice_upstream_endpoints', '{upstream="a",state="unhealthy"}', 0, 1, 1],
    ['sluice_discovery_failing', '{upstream="a"}', 0, 1, 1],
    ['process_start_time_seconds', '', 200, 100, 100],
    ['sluice_endpoint_sessions', '{upstream="a",endpoint="b"}', 5, 6, 11],
    ['process_resident_memory_bytes', '', 100, 200, 300],
  ])('join %s%s: %d and %d are %d', (name, labels, left, right, joined) => {
    for (const values of [
      [left, right],
      [right, left],
    ]) {
      const text = merged(...values.map((value) => gauge(name, labels, value)))
      expect(sample(text, `${name}${labels}`)).toBe(joined)
    }
  })
})

describe('a process that has ended', () => {
  const names = { upstream: 'chat', endpoint: 'ws://10.0.0.1:9000' }
  const at = 'upstream="chat",endpoint="ws://10.0.0.1:9000"'
  function exposeEnded(): string {
    const [messages, sessions, failures] = [new Series(), new Series(), new Series()]
    messages.add({ route: 'chat' }, 7)
    sessions.add(names, 3)
    failures.add({ ...names, code: 'DIAL_FAILED' }, 2)
    const exposition = new Exposition()
    exposition.counter('sluice_messages_total', 'Messages.', messages)
    exposition.gauge('sluice_endpoint_sessions', 'Sessions.', sessions)
    exposition.counter('sluice_attempt_failures_total', 'Failures.', failures)
    return exposition.toString()
  }

  test('leaves its counters behind, and none of its gauges', () => {
    const text = formatFamilies(retire(parseExposition(exposeEnded()), () => true))
    expect(sample(text, 'sluice_messages_total{route="chat"}')).toBe(7)
    expect(sample(text, `sluice_attempt_failures_total{${at},code="DIAL_FAILED"}`)).toBe(2)
    expect(text).not.toContain('sluice_endpoint_sessions')
  })

  test('is forgotten where it counted endpoints that no process tells of', () => {
    const ended = parseExposition(exposeEnded())
    expect(endpointsIn(ended)).toEqual(new Set([at]))
    const text = formatFamilies(retire(ended, (endpoint) => endpoint !== at))
    expect(sample(text, 'sluice_messages_total{route="chat"}')).toBe(7)
    expect(text).not.toContain('10.0.0.1')
  })
})
