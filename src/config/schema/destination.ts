/**
 * `upstream` of a route: a name, a URL, or a split over several of them.
 * Invariant: of a split at least one share is more than nothing.
 */
import { z } from 'zod'
import type { EndpointConfig } from '../config.ts'
import { show, type Reading } from '../reading.ts'
import { isUrl, readEndpoint } from './endpoint.ts'
import { count, value } from './keys.ts'

/** A named upstream, or one that is given by its URL in the very place; and its share. */
export interface Destination {
  readonly name: string
  readonly endpoint: EndpointConfig | undefined
  readonly weight: number
}

const one = value(
  { doc: 'The name of an upstream, or a URL.', json: { type: 'string' } },
  (input): Reading<Destination> => {
    if (typeof input === 'string') return readDestination(input)
    return {
      problem: `must be the name of an upstream or a URL, not ${show(input)}`,
      isOtherKind: true,
    }
  },
)

const split = z
  .record(
    z.string().superRefine((name, context) => {
      const reading = readDestination(name)
      if (reading.problem === undefined) return
      const { problem: message, suggestion } = reading
      context.addIssue({ code: 'custom', message, params: { suggestion, isAboutKey: true } })
    }),
    count({ doc: 'Its share, beside those of the others.', min: 0, max: 1_000 }),
    { error: 'must be the name of an upstream, a URL, or a mapping of these to weights' },
  )
  .superRefine((shares, context) => {
    const weights = Object.values(shares)
    if (weights.some((weight) => weight > 0)) return
    const message = weights.length === 0 ? 'needs at least one upstream' : 'has no weight above 0'
    context.addIssue({ code: 'custom', message })
  })
  .transform((shares) =>
    Object.entries(shares).map(([name, weight]): Destination => {
      const reading = readDestination(name)
      return {
        name,
        endpoint: reading.problem === undefined ? reading.value.endpoint : undefined,
        weight,
      }
    }),
  )

export const destinationSchema = z.union([one.transform((only) => [only]), split])

function readDestination(name: string): Reading<Destination> {
  if (!isUrl(name)) return { value: { name, endpoint: undefined, weight: 1 } }
  const reading = readEndpoint(name)
  if (reading.problem !== undefined) return reading
  return { value: { name, endpoint: reading.value, weight: 1 } }
}
