/**
 * Has one endpoint checked again and again, never twice at once, and tells how each check ended.
 *
 * A check that takes too long has failed at that moment, whether or not it heeds its signal.
 */
import type { Clock } from '../core/clock.ts'
import type { ByteStream } from '../core/byte-stream.ts'
import { errorRow, GatewayError } from '../core/errors.ts'
import type { HealthCheck, HealthTarget } from '../core/health-check.ts'

export interface HealthWatch {
  readonly clock: Clock
  /** From 0 up to 1, without 1. */
  random(): number
  readonly check: HealthCheck
  readonly target: HealthTarget
  readonly intervalMs: number
  /** Of one check. */
  readonly timeoutMs: number
  /** The many endpoints of an upstream are not all asked in the same moment. */
  readonly firstDelayMs: number
  /** @param fault what is wrong; undefined: nothing is. @param pingMs how long a ping took, where there was one. */
  onResult(fault: string | undefined, pingMs: number | undefined): void
}

/** Of the interval, either way: gateways that were started together must not ask together for ever. */
const jitter = 0.1

/** @returns what ends it; nothing is told after that. */
export function watchHealth(watch: HealthWatch): () => void {
  const monitor = new HealthMonitor(watch)
  return () => monitor.stop()
}

class HealthMonitor {
  readonly #watch: HealthWatch
  /** Stands for the check under way, until that has settled. */
  #underWay: AbortController | undefined
  #callOffNext: () => void
  #callOffTimeout: (() => void) | undefined
  /** Connections of the last check, which it should have ended by itself. */
  #lent: ByteStream[] = []

  constructor(watch: HealthWatch) {
    this.#watch = watch
    this.#callOffNext = watch.clock.after(watch.firstDelayMs, () => this.#onTurn())
  }

  stop(): void {
    this.#callOffNext()
    this.#callOffTimeout?.()
    this.#underWay?.abort(new Error('no longer checked'))
    this.#takeBack()
  }

  #onTurn(): void {
    const { clock, intervalMs } = this.#watch
    const delayMs = intervalMs * (1 - jitter + 2 * jitter * this.#watch.random())
    this.#callOffNext = clock.after(delayMs, () => this.#onTurn())
    if (this.#underWay === undefined) void this.#ask()
    else if (this.#underWay.signal.aborted)
      this.#watch.onResult('the check before does not end', undefined)
  }

  async #ask(): Promise<void> {
    const { clock, check, timeoutMs } = this.#watch
    this.#takeBack()
    const underWay = new AbortController()
    const { signal } = underWay
    this.#underWay = underWay
    this.#callOffTimeout = clock.after(timeoutMs, () => {
      // The gateway itself may have been busy: an answer that lies there is read first.
      this.#callOffTimeout = clock.after(0, () => this.#giveUp(underWay))
    })
    let fault: string | undefined
    let pingMs: number | undefined
    let isTold = true
    try {
      const tookMs = await check.check(this.#target(), signal)
      // A plugin's may be anything; one that is no time would spoil the average for ever.
      if (typeof tookMs === 'number' && tookMs >= 0 && tookMs < Infinity) pingMs = tookMs
    } catch (error) {
      fault = sentenceOf(error)
      // At its descriptor limit the gateway dials nobody: that says nothing of the endpoint.
      isTold = !(error instanceof GatewayError && errorRow(error.code).side === 'gateway')
    }
    this.#callOffTimeout()
    this.#underWay = undefined
    if (isTold && !signal.aborted) this.#watch.onResult(fault, pingMs)
  }

  #giveUp(underWay: AbortController): void {
    const fault = `no answer within ${this.#watch.timeoutMs / 1_000}s`
    underWay.abort(new DOMException(fault, 'TimeoutError'))
    this.#watch.onResult(fault, undefined)
  }

  #target(): HealthTarget {
    const { authority, path, connect } = this.#watch.target
    const lent = this.#lent
    const isOver = () => this.#lent !== lent
    return {
      authority,
      path,
      async connect(signal) {
        const stream = await connect(signal)
        lent.push(stream)
        // Nobody waits for one that comes after the end.
        if (isOver()) stream.destroy()
        return stream
      },
    }
  }

  /** A check of a plugin that forgets its connection shall not have one more each time. */
  #takeBack(): void {
    for (const stream of this.#lent) stream.destroy()
    this.#lent = []
  }
}

/** A plugin's check may throw anything. */
function sentenceOf(error: unknown): string {
  const said: unknown = error instanceof Error ? error.message : error
  return typeof said === 'string' ? said : Bun.inspect(said)
}
