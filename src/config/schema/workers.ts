/**
 * `workers`: how many processes share the ports.
 */
import { availableParallelism } from 'node:os'
import type { Reading } from '../reading.ts'
import { readWhole, value, wholeJson } from './keys.ts'

const bounds = { min: 1, max: 256 } // one for each core of the largest machines

export const workersSchema = value(
  {
    doc: 'How many processes share the ports, each with limits of its own; auto: one for each core.',
    json: { anyOf: [wholeJson(bounds), { enum: ['auto'] }], 'x-range': [bounds.min, bounds.max] },
  },
  (input): Reading<number> => {
    if (input === 'auto') return { value: Math.min(availableParallelism(), bounds.max) }
    return readWhole(input, bounds, ', or auto')
  },
)

/** Whether there may be more than one, on whatever machine the file is for. */
export function isSeveral(input: unknown): boolean {
  return input === 'auto' || (workersSchema.safeParse(input).data ?? 1) > 1
}
