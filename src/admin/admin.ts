/**
 * The admin port: a server of its own beside the listeners, of HTTP alone.
 *
 * It outlives them: started before the gateway and stopped after it has left, so that a probe is
 * always told how things are. A process that takes over has it beside this one until then.
 */
import type { AdminConfig } from '../config/config.ts'
import type { Emit } from '../core/events.ts'
import { tellPlace } from '../core/place.ts'
import { claimPlace } from '../net/bind.ts'
import { listenOnPath } from '../net/unix-path.ts'
import { problem } from './answer.ts'
import { idleBetween, idleSeconds } from './idle-time.ts'

/** Where it listens. */
export type AdminPlace = Pick<AdminConfig, 'address' | 'port' | 'unix'>

/**
 * An answer that tells of things as they happen says `Connection: close`. It may take as long as they do, and
 * say nothing for as long as nothing happens.
 */
export type AnswerAdmin = (request: Request) => Response | Promise<Response>

export interface Admin {
  /** undefined for a Unix socket. */
  readonly port: number | undefined
  /** Accepts nobody any more. Whoever is being answered is answered to the end, however long that takes. */
  leave(): void
  /**
   * Leaves, and resolves when all have their answers: after some seconds at the latest, when the rest is cut.
   * @param isCut cuts at once.
   */
  stop(options?: { readonly isCut: boolean }): Promise<void>
}

/** No request has a body. */
const maxBodyBytes = 1_024
/** What is left to be said when the process ends is a line or two. */
const lastWordsMs = 3_000

/**
 * @param isShared another process of ours, which is to leave, has the place. Else nobody may have it.
 * @throws the system's error, with its `code`, if it cannot be bound, or Error with a sentence.
 */
export function startAdmin(
  { address, port, unix }: AdminPlace,
  answer: AnswerAdmin,
  emit: Emit,
  { isShared } = { isShared: false },
): Admin {
  const options = {
    fetch: idleBetween(answer),
    development: false,
    maxRequestBodySize: maxBodyBytes,
    error(error: Error) {
      emit({ type: 'mistake', error })
      return problem({ status: 500, title: 'The gateway made a mistake' })
    },
  }
  const { server, release } =
    unix === undefined
      ? serveOnPort(options, { address, port, isShared })
      : listenOnPath(unix, isShared, (path) =>
          withPrivateFiles(() => Bun.serve({ ...options, unix: path })),
        )
  const bound = server.port
  emit({ type: 'admin-listening', ...tellPlace({ address, port: bound ?? 0, unix }) })
  let answered: Promise<void> | undefined

  function leave(): void {
    if (answered !== undefined) return
    release()
    answered = server.stop()
  }

  return {
    port: bound,
    leave,
    async stop({ isCut } = { isCut: false }) {
      leave()
      if (!isCut) await atMost(lastWordsMs, answered)
      await server.stop(true)
    },
  }
}

type ServeOptions = Omit<Bun.Serve.HostnamePortServeOptions<undefined>, 'hostname' | 'port'> & {
  readonly fetch: ReturnType<typeof idleBetween>
}

/**
 * Always so that a process that is to take over can listen beside this one. Whoever else binds the port in
 * this way would silently share it; so another gateway first sees whether it is free, as this one does.
 */
function serveOnPort(
  options: ServeOptions,
  { address, port, isShared }: { address: string; port: number; isShared: boolean },
) {
  const claimed = isShared ? port : claimPlace({ address, port })
  const place = { hostname: address, port: claimed, reusePort: true, idleTimeout: idleSeconds }
  return { server: Bun.serve({ ...options, ...place }), release: () => {} }
}

/** Whoever may write to the socket may close sessions: the user of this process alone, from the first moment. */
function withPrivateFiles<T>(create: () => T): T {
  const umask = process.umask(0o177)
  try {
    return create()
  } finally {
    process.umask(umask)
  }
}

function atMost(timeoutMs: number, work: Promise<void> | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs)
    void work?.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
