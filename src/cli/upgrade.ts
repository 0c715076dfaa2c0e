/**
 * `sluice upgrade`: lets the program, started anew, take over from the running gateway, and follows that until
 * the old process has left.
 *
 * Invariant: it only looks. Whenever it stops, the upgrade goes on.
 */
import type { UpgradeStep } from '../core/operations.ts'
import { findAdmin, type AdminOptions } from './admin-place.ts'
import { openAdmin } from './ask-admin.ts'
import { ProgressLine } from './progress-line.ts'
import { readable } from './readable.ts'
import { formatNumber } from './table.ts'
import { readSteps } from './upgrade-steps.ts'

/** @returns the exit code. */
export async function upgrade(file: string, options: AdminOptions): Promise<0 | 1 | 2> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const response = await openAdmin(place, 'POST', '/upgrade')
  if (response === undefined) return 1
  let isInterrupted = false
  process.once('SIGINT', () => {
    isInterrupted = true
    response.destroy()
  })
  const story = new Story(options)
  for await (const step of readSteps(response)) story.tell(step)
  return story.end(isInterrupted)
}

/** What was told so far, and how it comes out. */
class Story {
  readonly #isJson: boolean
  readonly #line = new ProgressLine(process.stderr)
  #last: UpgradeStep | undefined
  /** The process that serves. */
  #ready: number | undefined

  constructor({ json }: AdminOptions) {
    this.#isJson = json === true
  }

  tell(step: UpgradeStep): void {
    this.#last = step
    if (step.step === 'ready') this.#ready = step.pid
    if (this.#isJson) return console.info(JSON.stringify(step))
    switch (step.step) {
      case 'started':
        return this.#line.show(`started pid ${step.pid} …`)
      case 'ready':
        this.#say(`process ${step.pid} serves, version ${step.version}${fateOf(step.sessions)}`)
        return this.#line.show(leftText(step.sessions))
      case 'leaving':
        return this.#line.show(leftText(step.sessions))
      case 'left':
        return this.#say('the old process has left')
      case 'failed':
        return this.#line.clear()
    }
  }

  /** @returns the exit code. */
  end(isInterrupted: boolean): 0 | 1 {
    this.#line.clear()
    if (this.#last?.step === 'left') return 0
    if (this.#last?.step === 'failed') return fail(failureText(this.#last.problem))
    if (isInterrupted) return fail('followed no more; the upgrade goes on, and the log tells of it')
    if (this.#ready === undefined)
      return fail(
        'the gateway has ended the connection before a new process served: see its log, and sluice status',
      )
    // Its last words may be lost: it ends, and that is what was asked for.
    if (!this.#isJson)
      this.#say(`the old process tells no more, as when it has ended; ${this.#ready} serves`)
    return 0
  }

  #say(sentence: string): void {
    this.#line.clear()
    console.info(`✔ ${readable(sentence)}`)
  }
}

function fail(sentence: string): 1 {
  console.error(`✖ ${sentence}`)
  return 1
}

/** Problems of a file are several lines, as `sluice check` prints them. */
function failureText(problem: string): string {
  const text = readable(problem).trimEnd()
  const goesOn = 'the gateway goes on as if nothing had been'
  return text.includes('\n')
    ? `the new process could not take over; ${goesOn}\n${text}`
    : // It is marked by `fail`.
      `${text.replace(/^✖ /, '')}; ${goesOn}`
}

function fateOf(sessions: number): string {
  if (sessions === 0) return '; the old one had no sessions'
  const those = sessions === 1 ? 'the session' : `the ${formatNumber(sessions)} sessions`
  return `; ${those} of the old one ${sessions === 1 ? 'leaves' : 'leave'}`
}

function leftText(sessions: number): string {
  return `${formatNumber(sessions)} ${sessions === 1 ? 'session' : 'sessions'} left`
}
