/**
 * The program, started anew to take over from this process, as this one sees it: it asks for its estate,
 * serves, and is let go of; or it fails, and is ended.
 */
import type { Estate } from '../instance.ts'
import { successorVariable, type FromPredecessor, type FromSuccessor } from './messages.ts'

export type Outcome =
  | { readonly isReady: true; readonly version: string }
  /** @param problem sentences; several lines where a file is wrong. */
  | { readonly isReady: false; readonly problem: string }

export interface Successor {
  readonly pid: number
  /** Whether it serves. Where it does not, it is ended. */
  readonly outcome: Promise<Outcome>
  /** Lets it be the service. From then on neither minds whether the other one lives. */
  yield(): void
  /** Ends it while it is not ready. */
  callOff(problem: string): void
}

export interface SuccessorOptions {
  readonly command: readonly string[]
  readonly estate: Estate
  readonly deadlineMs: number
}

/** It may have begun to accept: it is asked to leave, and cut when it does not. */
const endMs = 5_000
/** Those before it are standard input, output and errors. */
const firstFd = 3

/** @throws Error with a sentence if it cannot be started at all. */
export function startSuccessor({ command, estate, deadlineMs }: SuccessorOptions): Successor {
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>()
  let isSettled = false
  const given = withOwnNumbers(estate)

  function settle(settled: Outcome): void {
    if (isSettled) return
    isSettled = true
    clearTimeout(deadline)
    if (!settled.isReady) end()
    resolve(settled)
  }

  function hear(message: FromSuccessor): void {
    if (message.say === 'ask') send({ say: 'estate', estate: given })
    if (message.say === 'ready') settle({ isReady: true, version: message.version })
    if (message.say === 'failed') settle({ isReady: false, problem: message.problem })
  }

  /** To one that has ended meanwhile there is nothing to say. */
  function send(message: FromPredecessor): void {
    if (child.exitCode === null && child.signalCode === null) child.send(message)
  }

  function end(): void {
    child.kill('SIGTERM')
    child.disconnect()
    const kill = setTimeout(() => child.kill('SIGKILL'), endMs)
    void child.exited.then(() => clearTimeout(kill))
  }

  const fds = estate.sockets.map(({ fd }) => fd)
  const child = spawn(command, fds, {
    ipc: hear,
    onExit({ exitCode, signalCode }) {
      const how = signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`
      // What it said at the end may be heard after it.
      setImmediate(() =>
        settle({ isReady: false, problem: `the new process ended before it served, ${how}` }),
      )
    },
  })
  const deadline = setTimeout(() => {
    const seconds = `${deadlineMs / 1_000} seconds`
    settle({ isReady: false, problem: `the new process did not serve within ${seconds}` })
  }, deadlineMs)

  return {
    pid: child.pid,
    outcome,
    yield() {
      send({ say: 'yours' })
      child.disconnect()
      child.unref()
    },
    callOff: (problem) => settle({ isReady: false, problem }),
  }
}

/** The sockets with the numbers they have there. */
function withOwnNumbers(estate: Estate): Estate {
  const sockets = estate.sockets.map((socket, index) => ({ ...socket, fd: firstFd + index }))
  return { ...estate, sockets }
}

interface Hooks {
  ipc(message: FromSuccessor): void
  onExit(child: Pick<Bun.Subprocess, 'exitCode' | 'signalCode'>): void
}

function spawn(command: readonly string[], fds: readonly number[], hooks: Hooks) {
  try {
    return Bun.spawn([...command], {
      ...hooks,
      serialization: 'json',
      env: { ...process.env, [successorVariable]: '1' },
      stdio: ['inherit', 'inherit', 'inherit', ...fds],
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${command[0]} cannot be started: ${reason}`, { cause: error })
  }
}
