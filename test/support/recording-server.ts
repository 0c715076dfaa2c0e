/**
 * A server that keeps every byte it gets, and answers like one that trusts whoever is in front of it:
 * what reaches it of an attack is what the attacker achieved.
 */
import { createServer, type Socket } from 'node:net'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'

/** What a request is answered with. @param index of the connection, from 0. */
export type Answer = (head: string, index: number, socket: Socket) => string | undefined

export interface RecordingServer extends Disposable {
  readonly host: string
  /** What came on each connection, one character a byte. */
  readonly received: readonly string[]
  /** Connections that nobody has closed yet. */
  readonly open: number
  /** A connection, for sending what nobody asked for. @param index from 0. */
  socket(index: number): Socket
}

export interface RecordingOptions {
  /** By default `politely`. */
  readonly answer?: Answer | undefined
  /** Reads the first bytes of a connection, and nothing more. */
  readonly isDeaf?: boolean | undefined
}

export async function startRecordingServer(options: RecordingOptions): Promise<RecordingServer> {
  const { answer = politely, isDeaf } = options
  const received: string[] = []
  const sockets: Socket[] = []
  let open = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const index = received.push('') - 1
    let read = 0
    sockets.push(socket)
    open++
    socket.on('close', () => open--)
    // A gateway that gives up in the middle is what many attacks end with.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.end())
    socket.on('data', (chunk: Buffer) => {
      if (isDeaf === true) socket.pause()
      const text = (received[index] ?? '') + chunk.toString('latin1')
      received[index] = text
      for (let end = requestEnd(text, read); end !== undefined; end = requestEnd(text, read)) {
        const reply = answer(text.slice(read, end), index, socket)
        read = end
        if (reply !== undefined) socket.write(reply, 'latin1')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return {
    host: `127.0.0.1:${address.port}`,
    received,
    get open() {
      return open
    },
    socket(index) {
      const socket = sockets[index]
      if (socket === undefined) throw new RangeError(`There is no connection ${index}`)
      return socket
    },
    [Symbol.dispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Grants every upgrade, and has a short page for every other request. */
export function politely(head: string): string {
  return isUpgrade(head) ? switchTo(head) : page('ok')
}

export function page(body: string, ...fields: readonly string[]): string {
  const lines = ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields, '', body]
  return lines.join('\r\n')
}

/** The 101 this request asks for. @param fields instead of those of these names, or besides. */
export function switchTo(head: string, ...fields: readonly string[]): string {
  const key = /^sec-websocket-key: *(.*?)\r$/im.exec(head)?.[1] ?? ''
  const usual = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
  ].filter((line) => !fields.some((field) => nameOf(field) === nameOf(line)))
  return ['HTTP/1.1 101 Switching Protocols', ...usual, ...fields, '', ''].join('\r\n')
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(':')).toLowerCase()
}

function isUpgrade(head: string): boolean {
  return /^upgrade: *websocket\r$/im.test(head)
}

/** The offset behind the request at `start`, body included; undefined while it is not whole. */
function requestEnd(text: string, start: number): number | undefined {
  const end = text.indexOf('\r\n\r\n', start) + 4
  if (end < 4) return undefined
  const head = text.slice(start, end)
  // What does not start like a request is the inside of a tunnel.
  if (!/^[A-Z]+ \S+ HTTP\/1/.test(head)) return undefined
  if (/^transfer-encoding:/im.test(head)) {
    const last = text.indexOf('0\r\n\r\n', end)
    return last < 0 ? undefined : last + 5
  }
  const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0)
  return text.length >= end + length ? end + length : undefined
}
