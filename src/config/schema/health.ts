/**
 * `health`: how endpoints are asked whether they are well, and what follows from the answers.
 */
import { z } from 'zod'
import type { Configured } from '../../core/extension.ts'
import type { HealthCheck, HealthCheckExtension } from '../../core/health-check.ts'
import type { HealthConfig } from '../config.ts'
import { count, duration, flag } from './keys.ts'
import { extensionKeys } from './extension.ts'
import { chosen, orOff, section } from './shapes.ts'

const common = {
  interval: duration({
    doc: 'How often an endpoint is asked, give or take a tenth so that not all are asked at once.',
    min: '100ms',
    max: '1h',
  }).prefault('5s'),
  timeout: duration({
    doc: 'How long it may take to answer.',
    min: '10ms',
    max: '10m',
  }).prefault('2s'),
  healthy: count({
    doc: 'How many checks in a row bring an endpoint back.',
    min: 1,
    max: 100,
  }).prefault(2),
  unhealthy: count({
    doc: 'How many failed checks in a row take an endpoint out; of one just started the first alone.',
    min: 1,
    max: 100,
  }).prefault(3),
  move: flag({
    doc: 'Whether live sessions are moved off an endpoint that is called unhealthy, to one that is well.',
  }).prefault(false),
}

export function healthSchemaFor(checks: readonly HealthCheckExtension[]) {
  const types = checks.map((each) => each.type)
  return orOff(
    section(
      { ...extensionKeys(checks), ...common },
      { error: 'must be off or a mapping such as { path: /healthz }' },
    )
      .meta({ oneOf: types.map((type) => ({ required: [type] })) })
      .transform((all, context): HealthConfig => {
        const { interval, timeout, healthy, unhealthy, move, ...rest } = all
        // What the keys above leave, of which the types know only that their names are not known here.
        const kinds = rest as Readonly<Record<string, Configured<HealthCheck> | undefined>>
        const type = chosen(kinds, types, context)
        const check = type === undefined ? undefined : kinds[type]
        if (check === undefined) return z.NEVER
        return {
          check,
          intervalMs: interval,
          timeoutMs: timeout,
          healthy,
          unhealthy,
          movesSessions: move,
        }
      }),
  )
}
