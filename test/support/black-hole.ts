/**
 * A port that neither accepts nor refuses: a dial to it hangs, as to a machine that is gone.
 */
import { connect, type Socket } from 'node:net'

export interface BlackHole extends Disposable {
  readonly port: number
  readonly host: string
}

/** Listens and accepts nobody, until its input ends. */
const program = `
import socket
listening = socket.socket()
listening.bind(('127.0.0.1', 0))
listening.listen(0)
print(listening.getsockname()[1], flush=True)
input()
`

export async function startBlackHole(): Promise<BlackHole> {
  const child = Bun.spawn(['/usr/bin/python3', '-c', program], { stdin: 'pipe', stdout: 'pipe' })
  const { value } = await child.stdout.getReader().read()
  const port = Number(new TextDecoder().decode(value))
  // The kernel takes one more than the queue may hold, and answers nobody after that.
  const queued = await new Promise<Socket>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(socket))
    socket.once('error', reject)
  })
  return {
    port,
    host: `127.0.0.1:${port}`,
    [Symbol.dispose]() {
      queued.destroy()
      child.kill()
    },
  }
}
