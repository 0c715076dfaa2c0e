// The whole whiteboard on one machine: this process keeps the board, and runs three servers, each a process of
// its own. One that dies is started again a little later, so that there is time to see that it is missing.
import { join } from 'node:path'
import { startBoard } from './board-server.ts'

const serverCount = 3
const restartMs = 3_000
const farewellMs = 2_000 // one that hangs does not hear that it is to end
const oneByHand = [process.execPath, join(import.meta.dir, 'server.ts')]

export interface Whiteboard {
  /** Where the board is kept, and servers are killed. */
  boardPort: number
  /** Of the servers, in their order. */
  ports: number[]
  /** Of the processes, in the same order; undefined: it is down. */
  pids(): (number | undefined)[]
  stop(): Promise<void>
}

export interface WhiteboardOptions {
  boardPort: number // 0 takes a free one
  firstPort: number // of the servers, the others follow; 0 takes free ones
  /** What runs a server, before its port, its number and where its board is. */
  command?: readonly string[]
  /** Is told of every start. */
  log?: (line: string) => void
}

/** @returns when all servers are there. @throws when one of them does not start. */
export async function startWhiteboard(options: WhiteboardOptions): Promise<Whiteboard> {
  const { boardPort, firstPort, command = oneByHand, log } = options
  const servers = Array.from({ length: serverCount }, (_, index) => ({
    number: index + 1,
    port: firstPort && firstPort + index,
    child: undefined as Bun.Subprocess | undefined,
    came: Promise.withResolvers<void>(),
  }))
  let isStopping = false

  const board = startBoard({
    port: boardPort,
    serverCame({ server: number, port }) {
      const server = servers[number - 1]
      if (!server) return
      server.port = port // the same when it comes back
      server.came.resolve()
      log?.(`Server ${number} is process ${server.child?.pid}, at port ${port}`)
    },
    kill(number) {
      const child = servers[number - 1]?.child
      child?.kill('SIGKILL')
      return child !== undefined
    },
  })

  function start(server: (typeof servers)[number]): void {
    const { number, port, came } = server
    // Detached, so that Ctrl-C reaches this process alone, which ends them in order.
    const child = Bun.spawn([...command, `${port}`, `${number}`, board.url], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    server.child = child
    void child.exited.then(() => {
      server.child = undefined
      came.reject(new Error(`Server ${number} of the whiteboard does not start`))
      if (!isStopping) setTimeout(() => isStopping || start(server), restartMs)
    })
  }

  async function stop(): Promise<void> {
    isStopping = true
    const killAll = (signal: 'SIGTERM' | 'SIGKILL') => {
      for (const { child } of servers) child?.kill(signal)
    }
    killAll('SIGTERM')
    const killTimer = setTimeout(killAll, farewellMs, 'SIGKILL')
    await Promise.all(servers.flatMap(({ child }) => child?.exited ?? []))
    clearTimeout(killTimer)
    await board.stop()
  }

  for (const server of servers) start(server)
  try {
    await Promise.all(servers.map(({ came }) => came.promise))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    boardPort: board.port,
    ports: servers.map(({ port }) => port),
    pids: () => servers.map(({ child }) => child?.pid),
    stop,
  }
}

if (import.meta.main) {
  const log = (line: string) => console.log(line)
  const whiteboard = await startWhiteboard({ boardPort: 9000, firstPort: 9001, log })
  for (const signal of ['SIGTERM', 'SIGINT'])
    process.on(signal, () => void whiteboard.stop().then(() => process.exit()))
}
