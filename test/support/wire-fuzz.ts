// Mutations of valid bytes, run through the parsers. Every one is made from the seed and its number
// alone, so that a failure is repeated by these two.

import { type Material, mutated, randomCuts } from './mutate.ts'
import { Random } from './random.ts'
import { materials } from './wire-material.ts'
import { type Outcome, type TargetName, targets } from './wire-targets.ts'

export interface Failure {
  readonly target: TargetName
  readonly seed: number
  readonly iteration: number
  readonly input: Buffer
  readonly cuts: readonly number[]
  readonly error: unknown
}

export type Counts = Record<TargetName, Record<Outcome, number>>

export class WireFuzz {
  readonly #seed: number
  readonly #materials: Record<TargetName, Material>
  /** How often each target ended how. */
  readonly counts: Counts
  /** The input of each target that took longest. */
  readonly slowest: Partial<
    Record<TargetName, { readonly iteration: number; readonly ms: number }>
  > = {}

  constructor(seed: number) {
    this.#seed = seed
    this.#materials = materials(seed)
    const none = () => ({ complete: 0, incomplete: 0, refused: 0 })
    this.counts = Object.fromEntries(names.map((name) => [name, none()])) as Counts
  }

  /** Makes and reads one mutation. @returns what is wrong; undefined if nothing is. */
  run(iteration: number): Failure | undefined {
    const target = names[iteration % names.length] ?? 'request'
    const random = new Random(this.#seed ^ Math.imul(iteration + 1, 0x9e3779b1))
    const input = mutated(random, this.#materials[target])
    const cuts = randomCuts(random, input.length)
    try {
      const started = performance.now()
      this.counts[target][targets[target](input, cuts)]++
      const ms = performance.now() - started
      if (ms > (this.slowest[target]?.ms ?? 0)) this.slowest[target] = { iteration, ms }
      return undefined
    } catch (error) {
      return { target, seed: this.#seed, iteration, input, cuts, error }
    }
  }
}

/** In turn, the ones with more to go wrong twice. */
const names: readonly TargetName[] = [
  'request',
  'frames of a client',
  'chunks',
  'frames of a server that compresses',
  'request',
  'response',
  'messages of a client',
  'messages of a server that compresses',
  'inflate',
  'frames of a client',
  'frames of a server',
  'messages of a client that compresses',
  'extensions',
  'client hello',
  'proxy header',
]

export function describeFailure({ target, seed, iteration, input, cuts, error }: Failure): string {
  return [
    `${target}: ${error instanceof Error ? error.message : String(error)}`,
    `input: ${input.toString('hex')}`,
    `cuts: ${cuts.join(',')}`,
    `again: npm run fuzz -- --seed ${seed} --iteration ${iteration}`,
  ].join('\n')
}
