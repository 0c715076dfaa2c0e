/**
 * One of the `endpoints` of an upstream: its URL, or a mapping with what is said of it.
 */
import { z } from 'zod'
import type { EndpointConfig } from '../config.ts'
import { readEndpoint } from './endpoint.ts'
import { count, countOrOff, flag, value } from './keys.ts'
import { section } from './shapes.ts'

const url = value(
  {
    doc: 'The URL of an endpoint; its path is put before the request path.',
    json: { type: 'string' },
  },
  readEndpoint,
)

export const weightBounds = { min: 0, max: 1_000 }
export const sessionBounds = { min: 1, max: 1_000_000 }

export const endpointSchema = z.union([
  url,
  section(
    {
      url,
      weight: count({
        doc: 'Its share, beside those of the others; with 0 it gets only what sticks to it.',
        ...weightBounds,
      }).prefault(1),
      backup: flag({
        doc: 'Whether it is used only while no other endpoint has room.',
      }).prefault(false),
      sessions: countOrOff({
        doc: 'How many sessions it may have at once; off: any number.',
        ...sessionBounds,
      }),
    },
    { error: 'must be a URL or a mapping' },
  ).transform(({ url: address, weight, backup, sessions }): EndpointConfig => ({
    ...address,
    weight,
    isBackup: backup,
    sessions,
  })),
])
