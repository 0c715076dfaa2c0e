/**
 * How many connections this process can hold. At its descriptor limit Bun accepts nothing and says
 * nothing, and dials look refused: so the gateway stays below the limit by itself.
 */
import { readFileSync } from 'node:fs'

/** For listeners, files, resolvers, standard streams, and clients that are being refused. */
const reserved = 128
/** What POSIX systems give without being asked. */
const assumedLimit = 1_024

/** The sockets of this process. There is one limit a process, so there is one of these. */
export const descriptors = {
  limit: readLimit(),
  /** Open sockets, and dials whose end is not known yet. */
  sockets: 0,
  /** Those among them that a listener accepted. */
  clients: 0,

  /** Sockets that may be open at once. */
  get capacity(): number {
    return Math.max(2, this.limit - reserved)
  },
  /** Clients that may be connected at once, so that each can have a connection to an upstream. */
  get clientCapacity(): number {
    return this.capacity >> 1
  },
  get areClientsTooMany(): boolean {
    return this.clients > this.clientCapacity || this.sockets > this.capacity
  },
  /** At the limit a dial would look refused, as if the endpoint were dead: so none is made. */
  get mayDial(): boolean {
    return this.sockets < this.capacity
  },
}

/** The limit on open files; Bun raises the soft limit to the hard one when it starts. */
function readLimit(): number {
  try {
    const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    if (line?.[1] !== undefined) return Number(line[1])
  } catch {
    // Not Linux: ask a shell, which has the limits of the process that starts it.
  }
  const shell = Bun.spawnSync(['/bin/sh', '-c', 'ulimit -Hn'])
  const limit = Number(shell.stdout.toString())
  return Number.isInteger(limit) && limit > 0 ? limit : assumedLimit
}
