// A server of the table: well at first, and what it does to those who connect once it fails. It echoes in
// the same way whatever it does, where it echoes at all.
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { holdPort } from './held-port.ts'

export type Behaviour = keyof typeof failingAs

/** Longer than any gateway here waits for an answer, where it can be told how long to wait. */
const slowMs = 2000
/** How long the one that flaps is there, and how long it is gone. */
const flapMs = 300
/** How long each is gone of those that are restarted one after another, and how long all are there in between. */
const restartMs = 1000
/** How long it takes to answer, so that it goes with handshakes under way. */
const flapAnswerMs = 20

interface Client {
  received: Buffer
  isOpen: boolean
}

type Socket = Bun.Socket<Client>

/** What is done when something comes; what is not given is done as a server does that is well. */
interface Manner {
  onOpen?: (socket: Socket) => void
  onHandshake?: (socket: Socket, key: string) => void
  onFrame?: (socket: Socket, opcode: number, payload: Buffer) => void
}

const failingAs = {
  well() {},
  refuses: (server: Server) => server.go(),
  resets: (server: Server) => server.become({ onOpen: (socket) => socket.terminate() }),
  async 'black-holes'(server: Server) {
    server.go()
    await server.swallow()
  },
  slow: (server: Server) => server.become({ onHandshake: agreeAfter(slowMs) }),
  'answers-500': (server: Server) => server.become({ onHandshake: fail }),
  silent: (server: Server) => server.become({ onHandshake() {} }),
  dies: (server: Server) => server.become({ onFrame: (socket) => socket.terminate() }),
  'restarts first': (server: Server) => restart(server, 0),
  'restarts second': (server: Server) => restart(server, 1),
  'restarts third': (server: Server) => restart(server, 2),
  flaps(server: Server) {
    server.become({ onHandshake: agreeAfter(flapAnswerMs) })
    let isThere = true
    setInterval(() => {
      if (isThere) server.go()
      else server.come()
      isThere = !isThere
    }, flapMs)
  },
}

/** @param turn which of them it is. */
function restart(server: Server, turn: number): void {
  const startMs = turn * 2 * restartMs
  setTimeout(() => server.go(), startMs)
  setTimeout(() => server.come(), startMs + restartMs)
}

export function isBehaviour(name: string): name is Behaviour {
  return name in failingAs
}

/** It has its port until the process ends, there or not. */
export class Server {
  readonly #held = holdPort()
  readonly #behaviour: Behaviour
  readonly #clients = new Set<Socket>()
  #manner: Manner = {}
  #listener: Bun.TCPSocketListener<Client> | undefined

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour
    this.come()
  }

  get port(): number {
    return this.#held.port
  }

  /** What it is here for. @returns when it does. */
  async fail(): Promise<void> {
    await failingAs[this.#behaviour](this)
  }

  become(manner: Manner): void {
    this.#manner = manner
  }

  come(): void {
    const options = {
      hostname: '127.0.0.1',
      port: this.port,
      reusePort: true, // beside the socket that holds the port; Bun has it, its types do not
      socket: {
        open: (socket: Socket) => this.#open(socket),
        data: (socket: Socket, chunk: Buffer) => this.#read(socket, chunk),
        close: (socket: Socket) => void this.#clients.delete(socket),
        error() {}, // a gateway that leaves in the middle
      },
    }
    this.#listener = Bun.listen<Client>(options)
  }

  /** Whoever is connected is reset. */
  go(): void {
    this.#listener?.stop()
    for (const client of this.#clients) client.terminate()
  }

  /** Once it is gone. */
  swallow(): Promise<void> {
    return this.#held.swallow()
  }

  #open(socket: Socket): void {
    socket.data = { received: Buffer.alloc(0), isOpen: false }
    this.#clients.add(socket)
    this.#manner.onOpen?.(socket)
  }

  #read(socket: Socket, chunk: Buffer): void {
    const { onHandshake = agree, onFrame = echo } = this.#manner
    const client = socket.data
    client.received = Buffer.concat([client.received, chunk])
    if (!client.isOpen) readHead(socket, onHandshake)
    if (client.isOpen) readFrames(socket, onFrame)
  }
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

function agreeAfter(delayMs: number): NonNullable<Manner['onHandshake']> {
  return (socket, key) => void setTimeout(agree, delayMs, socket, key)
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
