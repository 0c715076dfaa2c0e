/**
 * `retry`: what fails at one endpoint is tried at another.
 * Invariant: only failures that come before the endpoint's own word can be named: a status below 500 other
 * than 429 is an answer.
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { count, percent, readWhole, value } from './keys.ts'
import { section } from './shapes.ts'

const status = value(
  {
    doc: 'A status from 500 to 599, or 429.',
    json: { anyOf: [{ type: 'integer', minimum: 500, maximum: 599 }, { const: 429 }] },
  },
  readStatus,
)

export const retrySchema = section(
  {
    dials: count({
      doc: 'How many further endpoints one request may try; 0: none.',
      min: 0,
      max: 10,
    }).prefault(2),
    budget: percent({
      doc: 'The share of all requests that may be tried again, beside ten a second.',
      min: '0%',
      max: '100%',
    }).prefault('20%'), // so that an upstream in trouble is asked little more than one that is well
    statuses: z
      .array(status, { error: 'must be a list of statuses such as [502, 503, 504]' })
      .prefault([502, 503, 504])
      .describe(
        'The answers for which another endpoint is asked, of 500 to 599 and 429; they speak against the endpoint for `eject` if another then answers better.',
      ),
  },
  { error: 'must be a mapping such as { dials: 2 }, where { dials: 0 } turns it off' },
).transform(({ statuses, ...rest }) => ({ ...rest, statuses: [...new Set(statuses)] }))

function readStatus(input: unknown): Reading<number> {
  const reading = readWhole(input, { min: 429, max: 599 })
  if (reading.problem === undefined && (reading.value === 429 || reading.value >= 500))
    return reading
  return { problem: `must be a status from 500 to 599, or 429, not ${show(input)}` }
}
