/**
 * A WebSocket server in the test's own process that says its name first and then sends back what it gets;
 * plain requests are answered with the name.
 */
export interface EchoServer extends Disposable {
  readonly name: string
  readonly port: number
  readonly host: string
  readonly url: string
  /** Open WebSockets. */
  readonly sessions: number
  /** Handshakes and requests so far. */
  readonly requests: number
  /** Ends it; its sockets are cut. */
  stop(): Promise<void>
}

export interface EchoOptions {
  /** 0: any free one. */
  readonly port?: number
  readonly hostname?: string
  /** What every request is answered with instead. */
  readonly status?: () => number | undefined
}

export function startEcho(name: string, options: EchoOptions = {}): EchoServer {
  const { port = 0, hostname = '127.0.0.1', status } = options
  let sessions = 0
  let requests = 0
  const server = Bun.serve({
    port,
    hostname,
    fetch(request, self) {
      requests++
      const refusal = status?.()
      if (refusal !== undefined) return new Response(name, { status: refusal })
      if (self.upgrade(request)) return undefined
      return new Response(name)
    },
    websocket: {
      open(socket) {
        sessions++
        socket.send(name)
      },
      message(socket, message) {
        socket.send(message)
      },
      close() {
        sessions--
      },
    },
  })
  const host = `127.0.0.1:${server.port}`
  return {
    name,
    port: server.port ?? 0,
    host,
    url: `ws://${host}`,
    get sessions() {
      return sessions
    },
    get requests() {
      return requests
    },
    stop: () => server.stop(true),
    [Symbol.dispose]: () => void server.stop(true),
  }
}
