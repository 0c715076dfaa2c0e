// A short run of the fuzzer: nothing that arrives makes a parser throw, or differ from its oracle or
// from itself by how the bytes were cut. `npm run fuzz` is the long one; SEED=n repeats a run.

import { expect, test } from 'bun:test'
import { describeFailure, WireFuzz } from '../support/wire-fuzz.ts'

const iterations = 60_000
const seed = Number(process.env['SEED'] ?? 20_26_11)

test(`${iterations} mutations are complete, incomplete or refused, as the oracles say`, async () => {
  console.log(`seed ${seed}`)
  const fuzz = new WireFuzz(seed)
  for (let iteration = 0; iteration < iterations; iteration++) {
    // zlib's streams, which the oracle uses, are destroyed only when there is time for it.
    if (iteration % 1_000 === 0) await new Promise(setImmediate)
    const failure = fuzz.run(iteration)
    if (failure !== undefined) throw new Error(describeFailure(failure))
  }
  // Mutations that are all refused at the first byte would prove nothing.
  for (const [target, { complete, incomplete, refused }] of Object.entries(fuzz.counts)) {
    const all = complete + incomplete + refused
    expect(complete / all, target).toBeGreaterThan(0.03)
    expect(refused / all, target).toBeGreaterThan(0.03)
    if (target !== 'extensions' && target !== 'inflate')
      expect(incomplete / all, target).toBeGreaterThan(0.01)
  }
}, 60_000)
