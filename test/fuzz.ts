// The long run of the fuzzer: `npm run fuzz -- --seconds 600`. Ends with 1 and the failing input, as
// hex and as a command that repeats it, at the first that throws or differs from the oracles.

import { parseArgs } from 'node:util'
import { describeFailure, WireFuzz } from './support/wire-fuzz.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    iterations: { type: 'string', default: '5000000' },
    seconds: { type: 'string' },
    iteration: { type: 'string' },
  },
})
const seed = numberOf('seed', values.seed)
const first = values.iteration === undefined ? 0 : numberOf('iteration', values.iteration)
const last =
  first + (values.iteration === undefined ? numberOf('iterations', values.iterations) : 1)
const seconds = values.seconds === undefined ? Infinity : numberOf('seconds', values.seconds)
const stepIterations = 10_000
const progressMs = 5_000

const started = performance.now()
const fuzz = new WireFuzz(seed)
console.log(`seed ${seed}`)

let iteration = first
let toldAt = started
while (iteration < last && performance.now() - started < seconds * 1_000) {
  const until = Math.min(last, iteration + stepIterations)
  for (; iteration < until; iteration++) {
    const failure = fuzz.run(iteration)
    if (failure === undefined) continue
    console.error(describeFailure(failure))
    process.exit(1)
  }
  if (performance.now() - toldAt < progressMs) continue
  toldAt = performance.now()
  console.log(`${iteration} mutations, ${Math.round((toldAt - started) / 1_000)} s`)
}

console.table(fuzz.counts)
const rate = Math.round((iteration - first) / ((performance.now() - started) / 1_000))
console.log(`${iteration - first} mutations with seed ${seed}, ${rate} a second: nothing found`)

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(number)) return number
  console.error(`--${name} must be a whole number, not ${text}`)
  process.exit(2)
}
