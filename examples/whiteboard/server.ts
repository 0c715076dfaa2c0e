// One of the servers of a collaborative whiteboard with chat: an ordinary WebSocket server that serves its
// own page. It keeps nothing: what its windows say goes to the board (board-server.ts), what comes from there
// goes to its windows. Without its board it ends.
//
// Of a gateway it knows two headers of a handshake. Sluice-Session is the name of a window for as long as it is
// connected to the gateway, so that another server can go on with it; Sluice-Failover says that this is so.
import type { ServerWebSocket, WebSocketHandler } from 'bun'
import { startBoard } from './board-server.ts'
import { linkUrl, sessionLength, type ToBoard, type ToServer } from './link.ts'
import { ClientMessage, limits, parse, type ServerMessage } from './messages.ts'
import { readPage } from './page.ts' with { type: 'macro' }

type Window = { session: string; moves: number; isWelcome: boolean }
type Client = ServerWebSocket<Window>

const farewellMs = 1_000 // what closing handshakes may take

const page = readPage()

const pageHeaders = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

export interface WhiteboardServer {
  port: number
  /** The board is gone, and all windows with it. */
  lost: Promise<void>
  /** Says goodbye to everybody (1001) and frees the port. */
  stop(): Promise<void>
}

/**
 * Starts a server, which is there for others once it is connected to its board.
 * @param options port: 0 takes a free one; number: 1 to 9, which one it is; board: `ws://127.0.0.1:9000`
 */
export async function startServer(options: {
  port: number
  number: number
  board: string
}): Promise<WhiteboardServer> {
  const clients = new Map<string, Client>()
  const server = Bun.serve<Window>({
    port: options.port,
    hostname: '127.0.0.1',
    fetch(request, server) {
      const { pathname } = new URL(request.url)
      if (pathname === '/healthz') return new Response(undefined, { status: isReady() ? 204 : 503 })
      if (pathname !== '/board') return servePage(request, pathname)
      if (!isReady()) return new Response('No board', { status: 503 })
      if (clients.size >= limits.people) return new Response('The board is full', { status: 503 })
      if (server.upgrade(request, { data: windowOf(request) })) return undefined
      return new Response('WebSocket only', { status: 426, headers: { upgrade: 'websocket' } })
    },
    websocket: windowSocket(clients, (message) => sendToBoard(link, message)),
  })
  const port: number = server.port ?? options.port
  const link: WebSocket = new WebSocket(linkUrl(options.board, options.number, port))
  link.onmessage = ({ data }) => deliver(clients, JSON.parse(String(data)))
  const isReady = (): boolean => link.readyState === WebSocket.OPEN
  const lost = new Promise<void>((resolve) => (link.onclose = () => resolve()))

  async function stop(): Promise<void> {
    link.close() // first, so that nobody is said to have left: they are on their way to another server
    for (const client of clients.values()) client.close(1001, 'this server is stopping')
    await Promise.race([server.stop(), Bun.sleep(farewellMs)])
    await server.stop(true)
  }

  const linked = new Promise<void>((resolve) => (link.onopen = () => resolve()))
  await Promise.race([linked, lost])
  return { port, lost, stop }
}

/** The same window has the same session for as long as a gateway holds it; without a gateway, each is its own. */
function windowOf({ headers }: Request): Window {
  return {
    session: (headers.get('sluice-session') || crypto.randomUUID()).slice(0, sessionLength),
    moves: Number.parseInt(headers.get('sluice-failover') ?? '') || 0,
    isWelcome: false,
  }
}

function servePage(request: Request, pathname: string): Response {
  const file = page[pathname]
  if (!file) return new Response('Not found', { status: 404 })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return new Response('Read only', { status: 405, headers: { allow: 'GET, HEAD' } })
  }
  return new Response(file.text, {
    headers: { ...pageHeaders, 'content-type': file.contentType },
  })
}

function windowSocket(
  clients: Map<string, Client>,
  tellBoard: (message: ToBoard) => void,
): WebSocketHandler<Window> {
  return {
    maxPayloadLength: limits.messageBytes,
    idleTimeout: 60,

    open(client) {
      const { session, moves } = client.data
      const old = clients.get(session) // which the gateway gave up before it came back
      clients.set(session, client)
      old?.terminate()
      tellBoard({ type: 'join', session, moves })
    },

    message(client, data) {
      if (typeof data !== 'string') return client.close(1003, 'text messages only')
      const message = parse(ClientMessage, data)
      if (!message) return client.close(1008, 'not a whiteboard message')
      if (message.type === 'ping') send(client, { type: 'pong', at: message.at })
      else tellBoard({ type: 'said', session: client.data.session, message })
    },

    close(client) {
      const { session } = client.data
      if (clients.get(session) !== client) return
      clients.delete(session)
      tellBoard({ type: 'leave', session })
    },
  }
}

/** Gives up the board, and so itself, when that does not read: nothing is kept here without a bound. */
function sendToBoard(link: WebSocket, message: ToBoard): void {
  if (link.bufferedAmount > limits.bufferedBytes) link.close()
  else if (link.readyState === WebSocket.OPEN) link.send(JSON.stringify(message))
}

/** From the board to one window, or to all that were welcomed, encoded once. */
function deliver(clients: Map<string, Client>, { to, except, message }: ToServer): void {
  const text = JSON.stringify(message)
  const one = to === undefined ? undefined : clients.get(to)
  if (one !== undefined) {
    if (message.type === 'welcome') one.data.isWelcome = true
    return sendText(one, text)
  }
  if (to !== undefined) return // it has left
  for (const [session, client] of clients) {
    if (session === except || !client.data.isWelcome) continue
    // Cursors are old in a moment: they never wait for slow readers.
    const isLate = client.getBufferedAmount() > limits.cursorBufferedBytes
    if (message.type === 'cursor' && isLate) continue
    sendText(client, text)
  }
}

function send(client: Client, message: ServerMessage): void {
  sendText(client, JSON.stringify(message))
}

/** Bounds what waits for a slow reader. It is cut off rather than sent a close frame it would not read. */
function sendText(client: Client, text: string): void {
  if (client.getBufferedAmount() > limits.bufferedBytes) client.terminate()
  else client.sendText(text)
}

/** A server as a process, until it is told to end or its board is gone. @returns the exit code. */
export async function runServer(port: number, number: number, board: string): Promise<number> {
  const server = await startServer({ port, number, board })
  const told = new Promise<'told'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => resolve('told'))
  })
  const end = await Promise.race([told, server.lost])
  await server.stop()
  if (end === 'told') return 0
  console.error(`Server ${number} of the whiteboard ends: there is no board at ${board}`)
  return 1
}

if (import.meta.main) {
  const [port = '9001', number = '1', board] = process.argv.slice(2)
  console.log(`The whiteboard is at http://127.0.0.1:${port}/`)
  // Alone it has a board of its own.
  process.exit(await runServer(Number(port), Number(number), board ?? startBoard({ port: 0 }).url))
}
