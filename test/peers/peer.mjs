// What the peers have in common. A peer is a child process that speaks a real library's dialect; it runs
// on Node, because Bun puts a shim of its own in the place of `ws`. It reports JSON lines on stdout.
import { parseArgs } from 'node:util'

const goodbyeMs = 1_000 // what a client's last packets and closing handshakes may take

/** One JSON line on stdout. */
export function report(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Options as `--name=value`; `defaults` gives each option's name and, when absent, its value. */
export function readArguments(defaults) {
  const options = {}
  for (const [name, value] of Object.entries(defaults)) {
    options[name] = { type: typeof value === 'boolean' ? 'boolean' : 'string', default: value }
  }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  return { ...values, positionals }
}

/**
 * Listens on 127.0.0.1, reports `{"port":N}` and exits when stdin closes, so that no peer outlives the
 * test that started it: stdin must be a pipe. Port "0" takes a free one.
 */
export function announce(server, port = '0') {
  server.listen(Number(port), '127.0.0.1', () => report({ port: server.address().port }))
  process.stdin.resume()
  process.stdin.once('close', () => process.exit(0))
}

/** A client's whole life: runs `work`, reports what it answers, exits 0 when that has `ok`, else 1. */
export async function runClient(seconds, work) {
  let timer
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000)
  })
  const result = await Promise.race([Promise.resolve().then(work), deadline]).catch(failure)
  clearTimeout(timer)
  report(result)
  process.exitCode = result.ok ? 0 : 1
  setTimeout(() => process.exit(), goodbyeMs).unref()
}

/** Some libraries reject with an event, whose fields JSON does not see. */
function failure(error) {
  if (error instanceof Error) return { ok: false, error: error.message }
  const { code, message, reason } = error
  return { ok: false, error: message ?? 'closed', code, reason }
}
