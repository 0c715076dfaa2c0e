// A collaborative whiteboard with chat: an ordinary WebSocket server that serves its own page and knows
// nothing of a gateway. The server's order is the truth: everybody, the sender too, gets strokes,
// clears and chat lines back in one order, so all pages end up with the same board.
import type { ServerWebSocket, WebSocketHandler } from 'bun'
import { Board } from './board.ts'
import { limits, parseClientMessage } from './messages.ts'
import type { ClientMessage, Person, ServerMessage } from './messages.ts'
import { readPage } from './page.ts' with { type: 'macro' }

type Client = ServerWebSocket<{ person?: Person }>

const page = readPage()

const pageHeaders = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Starts the whiteboard; port 0 takes a free one. `stop` says goodbye to everybody (1001) and frees it. */
export function startWhiteboard(options: { port: number; hostname?: string }): {
  port: number
  stop(): Promise<void>
} {
  const clients = new Set<Client>()
  const server = Bun.serve<{ person?: Person }>({
    port: options.port,
    hostname: options.hostname ?? '127.0.0.1',
    fetch(request, server) {
      const { pathname } = new URL(request.url)
      if (pathname !== '/board') return servePage(request, pathname)
      if (clients.size >= limits.people) return new Response('The board is full', { status: 503 })
      if (server.upgrade(request, { data: {} })) return undefined
      return new Response('WebSocket only', { status: 426, headers: { upgrade: 'websocket' } })
    },
    websocket: boardSocket(new Board(), clients),
  })

  async function stop(): Promise<void> {
    for (const client of clients) client.close(1001, 'the whiteboard is stopping')
    await server.stop(true)
  }

  return { port: server.port ?? options.port, stop }
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

function boardSocket(board: Board, clients: Set<Client>): WebSocketHandler<{ person?: Person }> {
  return {
    maxPayloadLength: limits.messageBytes,
    idleTimeout: 60,

    open(client) {
      const person = board.join()
      client.data.person = person
      clients.add(client)
      const people = [...board.people.values()]
      const { strokes, chat } = board
      const maxSegments = limits.segments
      send(client, { type: 'welcome', you: person.id, people, strokes, chat, maxSegments })
      broadcast(clients, { type: 'person', person }, client)
    },

    message(client, data) {
      if (typeof data !== 'string') return client.close(1003, 'text messages only')
      const message = parseClientMessage(data)
      if (!message) return client.close(1008, 'not a whiteboard message')
      const { person } = client.data
      if (person) handleMessage(board, clients, client, person, message)
    },

    close(client) {
      const { person } = client.data
      if (!clients.delete(client) || !person) return
      board.people.delete(person.id)
      broadcast(clients, { type: 'left', id: person.id })
    },
  }
}

function handleMessage(
  board: Board,
  clients: Set<Client>,
  client: Client,
  person: Person,
  message: ClientMessage,
): void {
  switch (message.type) {
    case 'stroke':
      board.draw(message.stroke)
      return broadcast(clients, message)
    case 'clear':
      board.clear()
      return broadcast(clients, { type: 'clear', by: person.name })
    case 'chat':
      return broadcast(clients, { type: 'chat', line: board.say(person, message.text) })
    case 'cursor':
      return broadcast(clients, { type: 'cursor', id: person.id, at: message.at }, client)
    case 'rename':
      person.name = message.name
      return broadcast(clients, { type: 'person', person })
    case 'ping':
      return send(client, { type: 'pong', at: message.at })
  }
}

function send(client: Client, message: ServerMessage): void {
  sendText(client, JSON.stringify(message))
}

/** To everybody except `except`, encoded once. Cursors are old in a moment: they never wait for slow readers. */
function broadcast(clients: Set<Client>, message: ServerMessage, except?: Client): void {
  const text = JSON.stringify(message)
  for (const client of clients) {
    if (client === except) continue
    const isLate = client.getBufferedAmount() > limits.cursorBufferedBytes
    if (message.type === 'cursor' && isLate) continue
    sendText(client, text)
  }
}

/** Bounds what waits for a slow reader. It is cut off rather than sent a close frame it would not read. */
function sendText(client: Client, text: string): void {
  if (client.getBufferedAmount() > limits.bufferedBytes) client.terminate()
  else client.sendText(text)
}

if (import.meta.main) {
  const { port } = startWhiteboard({ port: Number(process.argv[2] ?? 9001) })
  console.log(`The whiteboard is at http://127.0.0.1:${port}/`)
}
