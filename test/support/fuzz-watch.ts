// Watches a fuzzer from a thread of its own, since one that hangs cannot say so: ends the process when
// the same input takes too long.

import { writeSync } from 'node:fs'

declare const self: Worker

/** Many thousand times what the slowest input takes. */
const mostMs = 20_000
const checkMs = 1_000

interface Watched {
  /** The iteration that runs. */
  readonly iteration: Int32Array
  readonly seed: number
}

self.onmessage = ({ data }: MessageEvent<Watched>) => {
  let last = -1
  let since = performance.now()
  setInterval(() => {
    const iteration = Atomics.load(data.iteration, 0)
    const nowMs = performance.now()
    if (iteration !== last) since = nowMs
    last = iteration
    if (nowMs - since < mostMs) return
    writeSync(2, `hangs: npm run fuzz -- --seed ${data.seed} --iteration ${iteration}\n`)
    process.kill(process.pid, 'SIGKILL')
  }, checkMs)
}
