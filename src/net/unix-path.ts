/**
 * The path of a Unix socket to listen on: taken from a process that died without removing it, never
 * from one that lives.
 */
import { linkSync, lstatSync, readFileSync, renameSync, unlinkSync } from 'node:fs'

/** Makes the path free. @throws Error with a sentence where it is not ours to take. */
export function freeUnixPath(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket())
    throw new Error(`${path} is not a socket: remove it, or choose another path`)
  if (isListenedOn(path))
    throw new Error(`${path} is in use: another process listens on it already`)
  unlinkSync(path)
}

/**
 * Whether some process has it open to accept. The kernel's list tells at once; a connect, which would
 * find out too, cannot be waited for here. Where there is no such list nothing is taken for dead.
 */
function isListenedOn(path: string): boolean {
  try {
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
    return lines.some((line) => line.endsWith(` ${path}`))
  } catch {
    return true
  }
}

/**
 * Stops a server that listens on a path, which removes what is there: but not the socket that somebody
 * else has put in its place meanwhile, as a restart does that clears the path first.
 * @param server just bound there.
 */
export function stopperFor<T>(
  path: string,
  server: { stop(isCut?: boolean): T },
): (isCut?: boolean) => T {
  const own = lstatSync(path, { throwIfNoEntry: false })?.ino
  return (isCut) => {
    const found = lstatSync(path, { throwIfNoEntry: false })?.ino
    if (found === undefined || found === own) return server.stop(isCut)
    const kept = `${path}.${process.pid}`
    linkSync(path, kept)
    const stopped = server.stop(isCut)
    renameSync(kept, path)
    return stopped
  }
}
