// One client: a handshake, a message and its echo, a Close and the end. Bytes by hand, so that every
// status, reset and silence is seen as it is.
import { acceptFor } from '../../src/wire/websocket-handshake.ts'

export interface Visit {
  /** `failed`: no 101, `lost`: it had its 101 and then no echo, or no end. */
  outcome: 'well' | 'failed' | 'lost'
  /** What was there instead: `502`, `reset`, `nothing in 5 s`. */
  found: string
  /** From the connect to the head of the answer, or to the failure. */
  handshakeMs: number
}

/** How patient a client is, from its connect to its end. */
export const patienceMs = 5000

const key = 'dGhlIHNhbXBsZSBub25jZQ==' // RFC 6455 §1.3
const request = [
  'GET /chat HTTP/1.1',
  'Host: chat.example.com',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Key: ${key}`,
  'Sec-WebSocket-Version: 13',
  '\r\n',
].join('\r\n')
const [text, close] = [1, 8]
const goodbye = Buffer.from([1000 >> 8, 1000 & 255])

/** @param number makes its message unlike that of any other. */
export function visit(port: number, number: number): Promise<Visit> {
  return new Promise((resolve) => {
    const visitor = new Visitor(number, resolve)
    const socket = {
      open: (connection: Bun.Socket) => visitor.open(connection),
      data: (_: Bun.Socket, chunk: Buffer) => visitor.read(chunk),
      end: () => visitor.end('closed'),
      close: (_: Bun.Socket, error?: Error) => visitor.end(error ? 'reset' : 'closed'),
      error() {}, // `close` follows
      connectError: () => visitor.end('refused'),
    }
    Bun.connect({ hostname: '127.0.0.1', port, socket }).catch(() => visitor.end('refused'))
  })
}

class Visitor {
  readonly #payload: Buffer
  readonly #resolve: (visit: Visit) => void
  readonly #startedAtMs = performance.now()
  readonly #timer: Timer
  #socket: Bun.Socket | undefined
  #received = Buffer.alloc(0)
  #waitsFor: 'answer' | 'echo' | 'end' | 'nothing' = 'answer'
  #handshakeMs = 0

  constructor(number: number, resolve: (visit: Visit) => void) {
    this.#payload = Buffer.from(`message ${number}`)
    this.#resolve = resolve
    this.#timer = setTimeout(() => this.end(`nothing in ${patienceMs / 1000} s`), patienceMs)
  }

  open(socket: Bun.Socket): void {
    if (this.#waitsFor === 'nothing') return socket.terminate()
    this.#socket = socket
    socket.write(request)
  }

  read(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#waitsFor === 'answer') this.#readAnswer()
    if (this.#waitsFor === 'echo') this.#readEcho()
  }

  /** The connection is over, or the patience. @param found what there was instead of what it waits for. */
  end(found: string): void {
    if (this.#waitsFor === 'answer') this.#leave('failed', found)
    else if (this.#waitsFor === 'echo') this.#leave('lost', `${found} before the echo`)
    else if (found !== 'closed') this.#leave('lost', `${found} before the end`)
    else this.#leave('well', '')
  }

  #readAnswer(): void {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#received.toString('latin1', 0, end + 2)
    this.#received = this.#received.subarray(end + 4)
    const status = head.slice(9, 12)
    if (status !== '101') return this.#leave('failed', status)
    const accept = /^sec-websocket-accept: (.*)\r$/im.exec(head)?.[1]
    if (accept !== acceptFor(key)) return this.#leave('failed', 'a 101 for somebody else')
    this.#handshakeMs = performance.now() - this.#startedAtMs
    this.#waitsFor = 'echo'
    this.#socket?.write(masked(text, this.#payload))
  }

  #readEcho(): void {
    const [first, length = 0] = this.#received
    if (first === (128 | close)) {
      if (this.#received.length < 4 || length < 2) return
      return this.#leave('lost', `${this.#received.readUInt16BE(2)} before the echo`)
    }
    const echo = Buffer.concat([header(text, this.#payload.length), this.#payload])
    if (this.#received.length < echo.length) return
    if (!this.#received.subarray(0, echo.length).equals(echo)) return this.#leave('lost', 'no echo')
    this.#waitsFor = 'end'
    this.#socket?.write(masked(close, goodbye))
  }

  #leave(outcome: Visit['outcome'], found: string): void {
    if (this.#waitsFor === 'nothing') return
    clearTimeout(this.#timer)
    if (this.#waitsFor === 'answer') this.#handshakeMs = performance.now() - this.#startedAtMs
    this.#waitsFor = 'nothing'
    if (outcome === 'well') this.#socket?.end()
    else this.#socket?.terminate()
    this.#resolve({ outcome, found, handshakeMs: this.#handshakeMs })
  }
}

function header(opcode: number, length: number): Buffer {
  return Buffer.from([128 | opcode, length])
}

/** With a key of zeros the payload stays as it is, and is masked all the same (RFC 6455 §5.3). */
function masked(opcode: number, payload: Buffer): Buffer {
  const noChange = Buffer.alloc(4)
  return Buffer.concat([header(opcode, 128 | payload.length), noChange, payload])
}
