// Where the board is kept, as in a database: servers come and go, and it stays. Servers of this machine
// connect here, and windows never do.
import type { WebSocketHandler } from 'bun'
import { answerControl } from './control.ts'
import { Keeper } from './keeper.ts'
import { readIntroduction, ToBoard, type Introduction } from './link.ts'
import { parse } from './messages.ts'

const absenceMs = 10_000 // for this long a person whose server was lost is still here
const silenceSeconds = 10 // a server that does not answer pings for this long is lost

export interface BoardOptions {
  port: number // 0 takes a free one
  /** A server has come, or has come back. */
  serverCame?: (server: Introduction) => void
  /** What the button of the page does; false: that server is down. Without it there is no button. */
  kill?: (server: number) => boolean
}

export interface BoardServer {
  /** What servers are told: ws://127.0.0.1:9000 */
  url: string
  port: number
  stop(): Promise<void>
}

export function startBoard({ port, serverCame, kill }: BoardOptions): BoardServer {
  const keeper = new Keeper(kill !== undefined)
  const server = Bun.serve<Introduction>({
    port,
    hostname: '127.0.0.1',
    fetch(request, server) {
      const { pathname, searchParams } = new URL(request.url)
      if (pathname !== '/link') return answerControl(request, kill ?? (() => false))
      // Browsers always say from which page they come. Servers have none.
      const introduction = request.headers.has('origin')
        ? undefined
        : readIntroduction(searchParams)
      if (introduction && server.upgrade(request, { data: introduction })) return undefined
      return new Response('For servers of the whiteboard only\n', { status: 403 })
    },
    websocket: linkSocket(keeper, serverCame),
  })
  const sweep = setInterval(() => keeper.forgetAbsent(Date.now() - absenceMs), 1_000)

  async function stop(): Promise<void> {
    clearInterval(sweep)
    await server.stop(true)
  }

  const taken = server.port ?? port
  return { url: `ws://127.0.0.1:${taken}`, port: taken, stop }
}

function linkSocket(
  keeper: Keeper,
  serverCame: BoardOptions['serverCame'],
): WebSocketHandler<Introduction> {
  return {
    idleTimeout: silenceSeconds,
    open(link) {
      keeper.linkOpened(link)
      serverCame?.(link.data)
    },
    message(link, text) {
      const message = parse(ToBoard, String(text))
      if (message) keeper.messageArrived(link, message)
      else link.close(1008, 'not a message for the board')
    },
    close: (link) => keeper.linkClosed(link),
  }
}
