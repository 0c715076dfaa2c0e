/**
 * The process that started this one to be taken over from, as this one sees it.
 *
 * Until this one serves, it ends with the other: there is nobody who would know of it. From then on it
 * minds the other no more.
 */
import { version } from '../../telemetry/version.ts'
import type { Estate } from '../instance.ts'
import { successorVariable, type FromPredecessor, type FromSuccessor } from './messages.ts'

export interface Predecessor {
  readonly estate: Estate
  /** Whether the other one listens at a place, `host:port` or a path, by itself. Never once it accepts nobody any more. */
  readonly isShared: (place: string) => boolean
  /** This process cannot take over, and is about to end. Resolves when that was heard. */
  fail(problem: string): Promise<void>
  /** This process serves. Resolves when it is the only one that does, and is the service. */
  serve(): Promise<void>
}

/** To hear what was said last. */
const farewellMs = 1_000

/** Takes the variable out of the environment. @returns undefined where this process takes over from nobody. */
export async function findPredecessor(
  env: Record<string, string | undefined>,
): Promise<Predecessor | undefined> {
  const isSuccessor = env[successorVariable] !== undefined && process.send !== undefined
  delete env[successorVariable]
  if (!isSuccessor) return undefined
  const estate = Promise.withResolvers<Estate>()
  const yours = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  /** Nothing more is wanted of the other one. */
  let mayOutlive = false
  let isAccepting = true
  process.on('message', (message: FromPredecessor) => {
    if (message.say === 'estate') estate.resolve(message.estate)
    if (message.say === 'yours') yours.resolve()
  })
  process.on('disconnect', () => {
    if (!mayOutlive) process.exit(1)
    gone.resolve()
  })
  say({ say: 'ask' })
  const given = await estate.promise
  return {
    estate: given,
    isShared: (place) => isAccepting && given.shared.includes(place),
    async fail(problem) {
      mayOutlive = true
      say({ say: 'failed', problem })
      await Promise.race([gone.promise, Bun.sleep(farewellMs)])
    },
    async serve() {
      mayOutlive = true
      say({ say: 'ready', version })
      await Promise.race([yours.promise, gone.promise])
      isAccepting = false
      if (process.connected) process.disconnect?.()
    },
  }
}

function say(message: FromSuccessor): void {
  process.send?.(message)
}
