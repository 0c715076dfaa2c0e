/**
 * Starts a worker: this program once more, as a process that can be talked to.
 */
import type { InheritedSocket } from '../../net/inherited-sockets.ts'
import type { SharedPort } from './ports.ts'
import type { WorkerEvents, WorkerProcess } from './supervised-worker.ts'
import type { Reply } from './messages.ts'

/** Behind standard input, output and error. */
const firstFd = 3

/** @param sockets which the worker has as `passedOn` tells. */
export function spawnWorker(
  command: readonly string[],
  sockets: readonly InheritedSocket[],
  { onReply, onExit }: WorkerEvents,
): WorkerProcess {
  const child = Bun.spawn({
    cmd: [...command, 'worker'],
    // It writes its log itself. Nobody types anything into it.
    stdio: ['ignore', 'inherit', 'inherit', ...sockets.map(({ fd }) => fd)],
    env: process.env,
    ipc: (reply: Reply) => onReply(reply),
    onExit: (_, exitCode, signal) => {
      const signalName = child.signalCode ?? signal
      onExit(signalName === null ? `exit code ${exitCode}` : `killed by ${signalName}`)
    },
  })
  return {
    pid: child.pid,
    send: (question) => child.send(question),
    kill: () => child.kill('SIGKILL'),
  }
}

/** The sockets as a worker has them, each with the name that its listener has by now. */
export function passedOn(shared: readonly SharedPort[]): InheritedSocket[] {
  return shared
    .flatMap(({ listener, socket }) => (socket ? { ...socket, name: listener.name } : []))
    .map((socket, index) => ({ ...socket, fd: firstFd + index }))
}
