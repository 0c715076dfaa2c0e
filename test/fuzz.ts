// The long run of the fuzzer: `npm run fuzz -- --seconds 600`. Ends with 1 at the first input that throws
// or differs from the oracles, with the input as hex and a command that repeats it; by a signal at one that
// hangs; and with 1 if the second half needed more memory than the first.

import { parseArgs } from 'node:util'
import { FuzzMemory } from './support/fuzz-memory.ts'
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
const stepIterations = 500
/** Garbage is collected in time, so that what is left to grow is what is kept. */
const collectIterations = 20_000
const progressMs = 5_000

const started = performance.now()
const fuzz = new WireFuzz(seed)
const memory = new FuzzMemory()
const running = new Int32Array(new SharedArrayBuffer(4))
const watch = new Worker(new URL('support/fuzz-watch.ts', import.meta.url))
watch.postMessage({ iteration: running, seed })
console.log(`seed ${seed}`)

let iteration = first
let toldAt = started
while (iteration < last && performance.now() - started < seconds * 1_000) {
  const until = Math.min(last, iteration + stepIterations)
  for (; iteration < until; iteration++) {
    Atomics.store(running, 0, iteration)
    const failure = fuzz.run(iteration)
    if (failure === undefined) continue
    console.error(describeFailure(failure))
    process.exit(1)
  }
  // What zlib's own streams leave to be done later is done: each that fails is destroyed then.
  await new Promise(setImmediate)
  if (iteration % collectIterations === 0) Bun.gc(true)
  const nowMs = performance.now()
  const timeShare = (nowMs - started) / (seconds * 1_000)
  await memory.sample(Math.max(timeShare, (iteration - first) / (last - first)))
  if (nowMs - toldAt < progressMs) continue
  toldAt = nowMs
  const megabytes = Math.round(process.memoryUsage.rss() / 1024 / 1024)
  console.log(`${iteration} mutations, ${Math.round((nowMs - started) / 1_000)} s, ${megabytes} MB`)
}
watch.terminate()

console.table(fuzz.counts)
for (const [target, { iteration: at, ms }] of Object.entries(fuzz.slowest))
  console.log(`slowest ${target}: ${ms.toFixed(1)} ms, iteration ${at}`)
const rate = Math.round((iteration - first) / ((performance.now() - started) / 1_000))
const { sentence, hasGrown } = await memory.judge()
console.log(sentence)
console.log(`${iteration - first} mutations with seed ${seed}, ${rate} a second: nothing found`)
if (hasGrown) {
  console.error('The second half needed over 10 MB more than the first: something is kept')
  process.exit(1)
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(number)) return number
  console.error(`--${name} must be a whole number, not ${text}`)
  process.exit(2)
}
