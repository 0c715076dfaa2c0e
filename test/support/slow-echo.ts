/**
 * A WebSocket server in the test's own process that tells its name and the session it was asked for, then sends
 * back what it gets. It can be held, killed, started again at the same port, and can tell everybody to go.
 */
import type { ServerWebSocket } from 'bun'

export class SlowEcho {
  readonly name: string
  readonly port: number
  #server: ReturnType<typeof serve> | undefined
  readonly #sockets = new Set<ServerWebSocket<string>>()
  #held: PromiseWithResolvers<void> | undefined
  /** Handshakes that wait. */
  waiting = 0
  /** The targets of handshakes so far. */
  readonly asked: string[] = []

  constructor(name: string) {
    this.name = name
    this.#server = serve(this, 0)
    this.port = this.#server.port ?? 0
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  /** Handshakes wait from now on. @returns what lets them go on. */
  hold(): () => void {
    const held = Promise.withResolvers<void>()
    this.#held = held
    return () => {
      this.#held = undefined
      held.resolve()
    }
  }

  /** As a deploy does. */
  tellToGo(): void {
    for (const socket of this.#sockets) socket.close(1012, 'restart')
  }

  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate()
    await this.#server?.stop(true)
    this.#server = undefined
  }

  start(): void {
    this.#server ??= serve(this, this.port)
  }

  async ready(isHandshake: boolean): Promise<void> {
    if (this.#held === undefined || !isHandshake) return
    this.waiting++
    await this.#held.promise
    this.waiting--
  }

  opened(socket: ServerWebSocket<string>): void {
    this.#sockets.add(socket)
    socket.send(`${this.name} ${socket.data}`)
  }

  closed(socket: ServerWebSocket<string>): void {
    this.#sockets.delete(socket)
  }
}

function serve(echo: SlowEcho, port: number) {
  return Bun.serve<string>({
    port,
    hostname: '127.0.0.1',
    async fetch(request, self) {
      const isHandshake = request.headers.has('upgrade')
      if (isHandshake) echo.asked.push(request.url.slice(request.url.indexOf('/', 8)))
      await echo.ready(isHandshake)
      const data = request.headers.get('sluice-session') ?? ''
      if (isHandshake && self.upgrade(request, { data })) return undefined
      return new Response(echo.name)
    },
    websocket: {
      perMessageDeflate: true,
      open: (socket) => echo.opened(socket),
      message: (socket, message) => void socket.send(message, true),
      close: (socket) => echo.closed(socket),
    },
  })
}
