// Programs that are asked things and answer them, a line of JSON each, over their standard streams.
import { lineReader } from '../../native.ts'
import { startTalking, stop } from '../../processes.ts'

export interface Program {
  readonly pid: number
  /** Asks one thing, once the one before is answered. */
  ask<Answer>(question: object): Promise<Answer>
  kill(signal: NodeJS.Signals): void
  /** Asks it to leave, and ends it if it does not. */
  stop(): Promise<void>
  readonly exited: Promise<unknown>
}

/** Starts a program of this folder; `talk` is its other end. */
export function startProgram(file: string, ...args: string[]): Program {
  const child = startTalking([process.execPath, file, ...args], mostMs)
  const readLine = lineReader(child.stdout)
  let last: Promise<unknown> = Promise.resolve()

  async function askOne(question: object): Promise<unknown> {
    await child.stdin.write(`${JSON.stringify(question)}\n`)
    await child.stdin.flush()
    const line = await readLine()
    if (line === '') throw new Error(`${file} has ended: ${await child.stderr.text()}`)
    return JSON.parse(line)
  }

  return {
    pid: child.pid,
    ask<Answer>(question: object) {
      const answer = last.then(() => askOne(question))
      last = answer.catch(() => {}) // whoever has asked hears of it
      return answer as Promise<Answer>
    },
    kill: (signal) => child.kill(signal),
    stop: () => stop(child),
    exited: child.exited,
  }
}

/** No program of the table lives longer. */
const mostMs = 15 * 60_000

/** @param answer what is asked, as it was written, to what is written back. */
export async function talk(answer: (question: string) => unknown): Promise<void> {
  for await (const line of console) console.log(JSON.stringify((await answer(line)) ?? null))
  process.exit()
}
