/**
 * As much of an Engine.IO server as a gateway sees of one: it opens sessions with ids of its own, and says
 * of every further request who it was and what it was asked.
 */
import type { Server, ServerWebSocket } from 'bun'

export interface EngineServer extends Disposable {
  readonly name: string
  readonly url: string
  /** `METHOD target` of each request, and its Accept-Encoding, if it has one. */
  readonly asked: readonly string[]
  stop(): Promise<void>
}

export interface EngineOptions {
  /** What a first poll is answered with; by default an open packet. */
  readonly open?: (sid: string) => Response
  /** The status of all other answers. */
  readonly status?: number
}

export function startEngine(name: string, options: EngineOptions = {}): EngineServer {
  const { open = openAnswer, status = 200 } = options
  const asked: string[] = []
  let sessions = 0
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request: Request, self: Server<undefined>) {
      const { search, searchParams } = new URL(request.url)
      const coding = request.headers.get('accept-encoding')
      asked.push(`${request.method} ${search}${coding === null ? '' : ` (${coding})`}`)
      if (self.upgrade(request)) return undefined
      const isFirst = searchParams.get('sid') === null && searchParams.get('EIO') === '4'
      if (request.method === 'GET' && isFirst) return open(`${name}-${++sessions}`)
      return new Response(`4${name} has ${search}${await request.text()}`, { status })
    },
    websocket: {
      open: (socket: ServerWebSocket<undefined>) => void socket.send(name),
      message() {},
    },
  })
  return {
    name,
    url: `ws://127.0.0.1:${server.port}`,
    asked,
    stop: () => server.stop(true),
    [Symbol.dispose]: () => void server.stop(true),
  }
}

function openAnswer(sid: string): Response {
  const headers = { 'Content-Type': 'text/plain; charset=UTF-8' }
  return new Response(`0{"sid":"${sid}","upgrades":["websocket"]}`, { headers })
}
