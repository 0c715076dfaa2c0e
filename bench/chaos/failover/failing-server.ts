// A server of the table as whoever runs the table has it: started, made to fail, and started again on the
// same port, which is held for it meanwhile.
import { join } from 'node:path'
import { holdPort } from '../held-port.ts'
import type { EchoQuestion, Pushed } from './echo.ts'
import { nowMs } from './outgoing.ts'
import { startProgram, type Program } from './talk.ts'

/** How it fails; `killed sending`: in the middle of long messages. */
export type Failure = 'killed' | 'killed sending' | 'stopped' | 'cut off'

/** What it begins to send: longer than the gateway holds back, and shorter. */
export const pushedBytes = [1024 * 1024, 400 * 1024] as const
const pushedSessions = 12
/** From the beginning of these messages to its end. */
const pushMs = 30

export class FailingServer {
  readonly #held = holdPort()
  #program: Program | undefined

  get port(): number {
    return this.#held.port
  }

  get pid(): number {
    return this.#running.pid
  }

  async start(): Promise<void> {
    this.#program = startProgram(join(import.meta.dir, 'echo.ts'), String(this.port))
    await this.#ask({ ask: 'ready' })
  }

  sessions(): Promise<number[]> {
    return this.#ask({ ask: 'sessions' })
  }

  /** @returns when it failed. */
  async fail(failure: Failure): Promise<number> {
    if (failure === 'cut off') {
      const atMs = nowMs()
      await this.#ask({ ask: 'cut' })
      await this.#held.swallow()
      return atMs
    }
    if (failure === 'killed sending') {
      const question = { ask: 'push', sessions: pushedSessions, bytes: pushedBytes } as const
      await this.#ask<Pushed>(question)
      await Bun.sleep(pushMs)
    }
    const atMs = nowMs()
    this.#running.kill(failure === 'stopped' ? 'SIGSTOP' : 'SIGKILL')
    return atMs
  }

  /** It is there again, as well as before. */
  async recover(failure: Failure): Promise<void> {
    if (failure === 'stopped') this.#running.kill('SIGCONT')
    else if (failure === 'cut off') {
      this.#held.refuse()
      await this.#ask({ ask: 'heal' })
    } else await this.restart()
  }

  /** Asks it to leave, in order, and starts it anew. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async stop(): Promise<void> {
    // One that is stopped cannot leave.
    this.#program?.kill('SIGCONT')
    await this.#program?.stop()
    this.#program = undefined
  }

  get #running(): Program {
    if (this.#program === undefined) throw new Error('The server does not run.')
    return this.#program
  }

  #ask<Answer>(question: EchoQuestion): Promise<Answer> {
    return this.#running.ask<Answer>(question)
  }
}
