/**
 * What metrics tell of reloads, upgrades and workers.
 */
import { describe, expect, test } from 'bun:test'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { Compression } from '../../src/wire/compression.ts'
import { sample } from '../support/admin.ts'
import { checkMetrics } from '../support/promtool.ts'

const reloaded: GatewayEvent = { type: 'reloaded', changes: ['route chat: added'] }
const refused: GatewayEvent = { type: 'reload-refused', problem: '✖ listeners: is missing' }
const ready = (worker: number): GatewayEvent => ({
  type: 'worker-ready',
  worker,
  pid: 100 + worker,
})
const lost = (worker: number, restartsInMs: number | undefined): GatewayEvent => ({
  type: 'worker-lost',
  worker,
  pid: 100 + worker,
  detail: 'killed by SIGKILL',
  restartsInMs,
})

function exposed(events: readonly GatewayEvent[], options = {}): string {
  const metrics = createMetrics(options)
  for (const event of events) metrics.emit(event)
  const compression = new Compression(1e6)
  return metrics.expose({ compression, listeners: [], routes: [], upstreams: [], endpoints: [] })
}

const whenTaken = 'sluice_config_last_reload_success_timestamp_seconds'

describe('reloads', () => {
  test('are counted by how they came out, from zero on', () => {
    const counts = (text: string) =>
      ['applied', 'refused'].map((result) =>
        sample(text, `sluice_reloads_total{result="${result}"}`),
      )
    expect(counts(exposed([]))).toEqual([0, 0])
    expect(counts(exposed([reloaded, refused, reloaded]))).toEqual([2, 1])
  })

  test.each([
    ['nothing', [], 1],
    ['one that was taken', [reloaded], 1],
    ['one that was refused', [reloaded, refused], 0],
    ['one that was taken after that', [refused, reloaded], 1],
  ])('the last was a success after %s', (_, events, value) => {
    expect(sample(exposed(events), 'sluice_config_last_reload_successful')).toBe(value)
  })

  test('are told with the time of the last that was taken, the start included', () => {
    const metrics = createMetrics()
    const reading = { listeners: [], routes: [], upstreams: [], endpoints: [] }
    const takenAt = () =>
      sample(metrics.expose({ ...reading, compression: new Compression(1e6) }), whenTaken) ?? 0
    const first = takenAt()
    expect(first).toBeGreaterThan(0)
    metrics.emit(refused)
    expect(takenAt()).toBe(first)
    while (Date.now() / 1000 <= first) continue
    metrics.emit(reloaded)
    expect(takenAt()).toBeGreaterThan(first)
  })
})

test('upgrades that came to nothing are counted', () => {
  const failed: GatewayEvent = { type: 'upgrade-failed', problem: 'it takes more than 30 seconds' }
  expect(sample(exposed([failed]), 'sluice_upgrade_failures_total')).toBe(1)
})

describe('workers', () => {
  const states = (text: string) =>
    ['ready', 'restarting', 'given-up'].map((state) =>
      sample(text, `sluice_workers{state="${state}"}`),
    )

  test('are counted by how each is now', () => {
    expect(states(exposed([ready(1), ready(2)]))).toEqual([2, 0, 0])
    expect(states(exposed([ready(1), ready(2), lost(2, 0)]))).toEqual([1, 1, 0])
    expect(states(exposed([ready(1), ready(2), lost(2, 0), ready(2)]))).toEqual([2, 0, 0])
    expect(states(exposed([ready(1), lost(1, undefined)]))).toEqual([0, 0, 1])
  })

  test('that are lost are counted, from zero on', () => {
    expect(sample(exposed([ready(1)]), 'sluice_worker_losses_total')).toBe(0)
    const events = [ready(1), ready(2), lost(1, 0), ready(1), lost(1, 1_000)]
    expect(sample(exposed(events), 'sluice_worker_losses_total')).toBe(2)
  })

  test('are not told of where there are none', () => {
    expect(exposed([reloaded])).not.toMatch(/^sluice_worker/m)
  })

  test('leave what is of all of them to their supervisor', () => {
    const text = exposed([reloaded], { isWorker: true })
    expect(text).not.toMatch(/^sluice_(reload|config|upgrade|worker)/m)
    expect(text).toContain('sluice_build_info')
  })
})

test('Prometheus has no complaints', async () => {
  const events = [reloaded, refused, ready(1), lost(1, undefined)]
  expect(await checkMetrics(exposed(events))).toEqual({ exitCode: 0, complaints: '' })
})
