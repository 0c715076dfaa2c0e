/**
 * The path of a Unix socket to listen on: taken from a process that died without removing it, or from one
 * that is to be followed, never from another that lives. It leads to the next socket from one moment to the
 * next, so nobody who connects finds nothing there.
 *
 * The runtime removes the name that it was told to listen on when it stops. So it is told another one, which
 * is gone when the socket has its path; who removes that path, and when, is for us to say.
 */
import { linkSync, lstatSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs'

export interface PathListener<Server> {
  readonly server: Server
  /** Removes the path, unless somebody else's socket is there by now. To be called before the server stops. */
  readonly release: () => void
}

/** What fits into Linux's `sun_path`, 107 without its end, behind a path that is not ours yet: `~` and a process id. */
const maxBytes = 101

/**
 * @param isShared the process that listens there is to be followed.
 * @param listen begins to listen at the path it is given.
 * @throws the system's error, with its `code`, or one with a sentence where the path is not ours to take.
 */
export function listenOnPath<Server extends { stop(isCut?: boolean): unknown }>(
  path: string,
  isShared: boolean,
  listen: (path: string) => Server,
): PathListener<Server> {
  if (Buffer.byteLength(path) > maxBytes)
    throw new Error(`${path} is too long: choose a path of ${maxBytes} bytes or less`)
  judgePath(path, isShared)
  // The kernel lists the socket by this name for as long as it lives.
  const begun = `${path}~${process.pid.toString(36)}`
  rmSync(begun, { force: true })
  const server = listen(begun)
  try {
    if (isShared) renameSync(begun, path)
    else give(begun, path)
  } catch (error) {
    void server.stop(true)
    throw error
  }
  return { server, release: releaserOf(path) }
}

/** @returns what removes the path of a socket that listens, unless another is there by then. */
export function releaserOf(path: string): () => void {
  const own = inodeOf(path)
  return () => {
    // The number is nobody else's as long as the socket is open.
    if (own !== undefined && inodeOf(path) === own) unlinkSync(path)
  }
}

/** Makes the path free, where it is not to be replaced. */
function judgePath(path: string, isShared: boolean): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket())
    throw new Error(`${path} is not a socket: remove it, or choose another path`)
  if (isShared) return
  if (isListenedOn(path)) throw inUse(path)
  unlinkSync(path)
}

/** As a rename, but never over what somebody else has put there since. */
function give(begun: string, path: string): void {
  try {
    linkSync(begun, path)
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'EEXIST' ? inUse(path) : error
  }
  unlinkSync(begun)
}

function inUse(path: string): Error {
  return new Error(`${path} is in use: another process listens on it already`)
}

/** Of a listening socket: those that it has accepted are listed by its name, too. */
const listeningFlags = '00010000'

/**
 * Whether some process listens on it. The kernel's list tells at once; a connect, which would find out too,
 * cannot be waited for here. Where there is no such list nothing is taken for dead.
 */
function isListenedOn(path: string): boolean {
  try {
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
    return lines.some((line) => {
      const [, flags, name = ''] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +\d+ (.+)$/.exec(line) ?? []
      if (flags !== listeningFlags || !name.startsWith(path)) return false
      return /^(~[0-9a-z]+)?$/.test(name.slice(path.length))
    })
  } catch {
    return true
  }
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino
}
