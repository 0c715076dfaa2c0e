/**
 * Asks for endpoints again and again: when the answer has run out, and after a failure sooner.
 *
 * Invariant: one question at a time, each with an end; after a failure what was told stays; nothing is told
 * once it is stopped.
 */
import type { EndpointOptions } from '../endpoint-options.ts'
import { orAborted } from '../or-aborted.ts'
import type { DiscoveryHost, DiscoveryListener } from './source.ts'

export interface Refreshed {
  readonly endpoints: readonly EndpointOptions[]
  /** How long they are valid. */
  readonly ttlMs: number
}

export interface RefreshOptions {
  /** The longest wait between two questions. */
  readonly everyMs: number
  /** @throws Error with a sentence; also where there is none, for a name that stops resolving keeps its endpoints. */
  ask(signal: AbortSignal): Promise<Refreshed>
}

/** More often would be a burden for the servers, whatever the answer says. */
const minWaitMs = 1_000
/** Of one question with all that follows from it. */
const maxAskMs = 5_000
/** Many gateways that started together must not ask together. */
const jitter = 0.1
/** More than any upstream has; an answer with more is a mistake. */
const maxEndpoints = 10_000

/** @returns what stops it. */
export function refresh(
  options: RefreshOptions,
  host: Pick<DiscoveryHost, 'clock' | 'random'>,
  listener: DiscoveryListener,
): () => void {
  const { clock } = host
  let isOver = false
  let failures = 0
  let asking = new AbortController()
  let callOff = () => {}

  async function look(): Promise<void> {
    asking = new AbortController()
    callOff = clock.after(maxAskMs, () => asking.abort(new Error('no answer within 5 seconds')))
    const found = await answerOf(asking.signal)
    if (isOver) return
    callOff()
    failures = typeof found === 'string' ? failures + 1 : 0
    callOff = clock.after(waitMs(found), () => void look())
    if (typeof found !== 'string') listener.onEndpoints(found.endpoints)
    else if (failures === 1) listener.onFailure(found)
  }

  /** @returns a sentence where there is no answer. */
  async function answerOf(signal: AbortSignal): Promise<Refreshed | string> {
    try {
      const found = await orAborted(options.ask(signal), signal)
      const count = found.endpoints.length
      return count > maxEndpoints ? `${count} endpoints are more than ${maxEndpoints}` : found
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  function waitMs(found: Refreshed | string): number {
    const plannedMs = typeof found === 'string' ? minWaitMs * 2 ** (failures - 1) : found.ttlMs
    const spread = 1 + jitter * (2 * host.random() - 1)
    return Math.max(minWaitMs, Math.min(plannedMs, options.everyMs) * spread)
  }

  void look()
  return () => {
    isOver = true
    callOff()
    asking.abort(new Error('stopped'))
  }
}
