// What a server of the table does to those who connect. All of them bind to a held port, so that one
// that is gone stays away, and echo in the same way where they echo at all.
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { holdPort } from './held-port.ts'

export type Behaviour = keyof typeof behaviours

/** Longer than any gateway here waits for an answer, where it can be told how long to wait. */
const slowMs = 2000
/** How long the one that flaps is there, and how long it is gone. */
const flapMs = 300
/** How long it takes to answer, so that it goes with handshakes under way. */
const flapAnswerMs = 20

interface Client {
  received: Buffer
  isOpen: boolean
}

type Socket = Bun.Socket<Client>

/** What differs from server to server; by default a handshake is answered and a frame is echoed. */
interface Manner {
  onOpen?: (socket: Socket) => void
  onHandshake?: (socket: Socket, key: string) => void
  onFrame?: (socket: Socket, opcode: number, payload: Buffer) => void
}

/** Each takes its place on a port, which it returns, until the process ends. */
export const behaviours = {
  well: () => serve({}),
  refuses: () => holdPort().port,
  resets: () => serve({ onOpen: (socket) => socket.terminate() }),
  'black-holes': () => {
    const { port, swallow } = holdPort()
    void swallow()
    return port
  },
  slow: () => serve({ onHandshake: (...asked) => void setTimeout(agree, slowMs, ...asked) }),
  'answers-500': () => serve({ onHandshake: fail }),
  silent: () => serve({ onHandshake() {} }),
  dies: () => serve({ onFrame: (socket) => socket.terminate() }),
  flaps,
}

function serve(manner: Manner): number {
  const { port } = holdPort()
  listen(port, manner)
  return port
}

/** It is there and gone in turn; whoever is connected when it goes is reset. */
function flaps(): number {
  const { port } = holdPort()
  const clients = new Set<Socket>()
  const come = () => {
    const listener = listen(port, {
      onOpen: (socket) => void clients.add(socket),
      onHandshake: (...asked) => void setTimeout(agree, flapAnswerMs, ...asked),
    })
    setTimeout(() => {
      listener.stop()
      for (const client of clients) client.terminate()
      clients.clear()
      setTimeout(come, flapMs)
    }, flapMs)
  }
  come()
  return port
}

function listen(port: number, { onOpen, onHandshake = agree, onFrame = echo }: Manner) {
  const options = {
    hostname: '127.0.0.1',
    port,
    reusePort: true, // beside the socket that holds the port; Bun has it, its types do not
    socket: {
      open(socket: Socket) {
        socket.data = { received: Buffer.alloc(0), isOpen: false }
        onOpen?.(socket)
      },
      data(socket: Socket, chunk: Buffer) {
        const client = socket.data
        client.received = Buffer.concat([client.received, chunk])
        if (!client.isOpen) readHead(socket, onHandshake)
        if (client.isOpen) readFrames(socket, onFrame)
      },
      error() {}, // a gateway that leaves in the middle
    },
  }
  return Bun.listen<Client>(options)
}

function readHead(socket: Socket, onHandshake: NonNullable<Manner['onHandshake']>): void {
  const client = socket.data
  const end = client.received.indexOf('\r\n\r\n')
  if (end < 0) return
  const head = client.received.toString('latin1', 0, end + 2)
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1]
  client.received = client.received.subarray(end + 4)
  client.isOpen = true
  if (key === undefined) fail(socket)
  else onHandshake(socket, key)
}

function agree(socket: Socket, key: string): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptFor(key)}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
}

function fail(socket: Socket): void {
  socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
}

/** Frames of clients here are short, masked and final. */
function readFrames(socket: Socket, onFrame: NonNullable<Manner['onFrame']>): void {
  const client = socket.data
  for (;;) {
    const [first = 0, second = 0] = client.received
    const length = 6 + (second & 127)
    if (client.received.length < length) return
    const frame = client.received.subarray(0, length)
    client.received = client.received.subarray(length)
    const payload = frame.subarray(6).map((byte, index) => byte ^ (frame[2 + (index & 3)] ?? 0))
    onFrame(socket, first & 15, Buffer.from(payload))
  }
}

/** A message comes back as it was, a ping as a pong, and a Close ends it. */
function echo(socket: Socket, opcode: number, payload: Buffer): void {
  const [ping, pong, close] = [9, 10, 8]
  const answer = opcode === ping ? pong : opcode
  socket.write(Buffer.concat([Buffer.from([128 | answer, payload.length]), payload]))
  if (opcode === close) socket.end()
}
