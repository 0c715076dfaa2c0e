/**
 * Reads the steps of an upgrade, a line of JSON each, as they come; whatever ends the answer, what came before is told.
 */
import type { IncomingMessage } from 'node:http'
import type { UpgradeStep } from '../core/operations.ts'

/** The new process has 30 seconds to serve, and from then on there is a step each second. */
const silenceMs = 45_000

export async function* readSteps(response: IncomingMessage): AsyncGenerator<UpgradeStep> {
  response.setEncoding('utf8')
  // A gateway that hangs, or a network that has forgotten this connection.
  const silence = setTimeout(() => response.destroy(), silenceMs)
  let rest = ''
  try {
    for await (const text of response) {
      silence.refresh()
      const lines = `${rest}${String(text)}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield JSON.parse(line) as UpgradeStep
    }
  } catch (error) {
    // How it has ended is told by the last step.
    if (!isEndOfConnection(error)) throw error
  } finally {
    clearTimeout(silence)
  }
}

function isEndOfConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
