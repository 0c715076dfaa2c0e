/**
 * The admin port: a server of its own beside the listeners, of HTTP alone.
 *
 * It outlives them: started before the gateway and stopped after it has left, so that a probe is
 * always told how things are.
 */
import type { AdminConfig } from '../config/config.ts'
import type { Emit } from '../core/events.ts'
import { tellPlace } from '../core/place.ts'
import { freeUnixPath, stopperFor } from '../net/unix-path.ts'
import { problem } from './answer.ts'
import { createResources, type Subject } from './resources.ts'

export interface Admin {
  /** undefined for a Unix socket. */
  readonly port: number | undefined
  stop(): Promise<void>
}

/** Nobody has much to say here, so who says nothing goes soon. */
const idleSeconds = 15
/** No request has a body. */
const maxBodyBytes = 1_024

/** @throws the system's error, with its `code`, if it cannot be bound, or Error with a sentence. */
export function startAdmin(config: AdminConfig, subject: Subject, emit: Emit): Admin {
  const { unix, address } = config
  const options = {
    fetch: createResources(subject, () => config),
    development: false,
    maxRequestBodySize: maxBodyBytes,
    error(error: Error) {
      emit({ type: 'mistake', error })
      return problem({ status: 500, title: 'The gateway made a mistake' })
    },
  }
  if (unix !== undefined) freeUnixPath(unix)
  const server =
    unix === undefined
      ? Bun.serve({
          ...options,
          hostname: address,
          port: config.port,
          idleTimeout: idleSeconds,
          // Else another gateway of the same user would silently share the port.
          reusePort: false,
        })
      : withPrivateFiles(() => Bun.serve({ ...options, unix }))
  const { port } = server
  emit({ type: 'admin-listening', ...tellPlace({ address, port: port ?? 0, unix }) })
  const stop = unix === undefined ? () => server.stop(true) : stopperFor(unix, server)
  return { port, stop: () => stop(true) }
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
