// Loaded before a gateway on Bun, so that it tells what its collector keeps: on SIGWINCH, which nothing else
// here uses, that many bytes are written to the file of LIVE_FILE.
import { heapStats } from 'bun:jsc'
import { renameSync, writeFileSync } from 'node:fs'

process.on('SIGWINCH', () => void tell(process.env['LIVE_FILE'] ?? ''))

async function tell(file: string): Promise<void> {
  // What the last turns left on the stack lives a little longer than it is needed.
  for (let turn = 0; turn < 5; turn++) {
    await Bun.sleep(20)
    Bun.gc(true)
  }
  const { heapSize, extraMemorySize } = heapStats()
  // `heapSize` counts the buffers too, and more than once.
  const bytes = heapSize - extraMemorySize + process.memoryUsage().arrayBuffers
  writeFileSync(`${file}.part`, String(bytes))
  renameSync(`${file}.part`, file)
}
