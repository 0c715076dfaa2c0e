/**
 * What a process that was killed leaves behind: the file of a Unix socket that nobody listens on, which
 * keeps the next one from listening there.
 */
import { lstatSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'

/** Removes the file if it is a socket on which nobody answers. Every other file is left as it is. */
export async function removeStaleSocket(path: string): Promise<void> {
  // Linux refuses connections to every file, so what it is has to be asked first.
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true
  if (isSocket && (await dialFault(path)) === 'ECONNREFUSED') unlinkSync(path)
}

/** @returns the code of the system's error; undefined where somebody answers. */
function dialFault(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}
