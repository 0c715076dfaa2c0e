// A session as a server of the table has it. Whatever is wrong with what comes, it says so with a Close
// that no gateway takes for a server that leaves: 4002 and the reason.
import { acceptOffer, type DeflateAgreement } from '../../../src/wire/deflate-agreement.ts'
import { parseExtensions } from '../../../src/wire/extension-header.ts'
import { Opcode } from '../../../src/wire/opcode.ts'
import { acceptFor } from '../../../src/wire/websocket-handshake.ts'
import { fragmentsOf, readMessage } from './message.ts'
import { Outgoing } from './outgoing.ts'
import { Peer } from './peer.ts'

type Socket = Bun.Socket<EchoSession>

const faultCode = 4002
/** For the answer to a Close, which is not looked at. */
const closeMs = 200
/** What a client may keep of its window, and what a server keeps of its own where it is let. */
const terms = { windowBits: 15, clientTakeover: true, serverTakeover: true }

export class EchoSession {
  readonly outgoing = new Outgoing((bytes) => this.#socket.write(bytes))
  /** Of the client's session; undefined before its handshake, and of whoever brings none: nothing of it is checked. */
  number: number | undefined
  readonly #socket: Socket
  #head: Buffer | undefined = Buffer.alloc(0)
  #peer: Peer | undefined
  /** Of the message that must come next; undefined before the first. */
  #next: number | undefined
  #isOver = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  read(chunk: Buffer): void {
    if (this.#isOver) return
    const rest = this.#head === undefined ? chunk : this.#readHead(this.#head, chunk)
    const peer = this.#peer
    if (rest === undefined || peer === undefined) return
    peer.read(rest, (opcode, payload) => this.#receive(peer, opcode, payload))
    if (peer.violation !== undefined) this.#fault(peer, peer.violation)
  }

  /** Sends a part of a message, and no more of it for a while. */
  begin(
    opcode: number,
    payload: Buffer,
    how: { fragments: number; share: number; pauseMs: number },
  ): void {
    if (this.#peer === undefined) return
    const bytes = Buffer.concat(this.#peer.write(opcode, payload, how.fragments))
    const cut = Math.floor(bytes.length * how.share)
    this.outgoing.send([bytes.subarray(0, cut), bytes.subarray(cut)], undefined, how.pauseMs)
  }

  /** In order, since the server leaves. */
  leave(): void {
    if (this.#peer === undefined) this.#socket.end()
    else this.#close(this.#peer, 1001, 'the server leaves')
  }

  reset(): void {
    this.#socket.terminate()
  }

  release(): void {
    this.#isOver = true
    this.outgoing.stop()
    this.#peer?.release()
    this.#peer = undefined
  }

  /** @returns what follows the head. */
  #readHead(before: Buffer, chunk: Buffer): Buffer | undefined {
    const received = Buffer.concat([before, chunk])
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) {
      this.#head = received
      return undefined
    }
    this.#head = undefined
    const head = received.toString('latin1', 0, end + 2)
    const key = /^sec-websocket-key: *(.*)\r$/im.exec(head)?.[1]
    if (key === undefined) {
      this.#socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n')
      return undefined
    }
    const number = /^GET \S*[?&]session=(\d+)/.exec(head)?.[1]
    this.number = number === undefined ? undefined : Number(number)
    this.#agree(head, key)
    return received.subarray(end + 4)
  }

  #agree(head: string, key: string): void {
    const valueOf = (name: string) => new RegExp(`^${name}: *(.*)\r$`, 'im').exec(head)?.[1]
    const offers = parseExtensions(valueOf('sec-websocket-extensions') ?? '') ?? []
    const accepted = acceptOffer(offers, terms)
    const subprotocol = valueOf('sec-websocket-protocol')
    const agreement: DeflateAgreement | undefined = accepted?.agreement
    this.#peer = new Peer('server', agreement)
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptFor(key)}`,
      ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
      ...(accepted ? [`Sec-WebSocket-Extensions: ${accepted.header}`] : []),
    ]
    this.outgoing.send([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)])
  }

  #receive(peer: Peer, opcode: number, payload: Buffer): void {
    if (this.#isOver || opcode === Opcode.pong) return
    if (opcode === Opcode.ping) this.outgoing.send(peer.write(Opcode.pong, payload, 1))
    else if (opcode === Opcode.close) {
      this.outgoing.send(peer.write(Opcode.close, payload.subarray(0, 2), 1))
      this.#shutDown()
    } else this.#echo(peer, opcode, payload)
  }

  #echo(peer: Peer, opcode: number, payload: Buffer): void {
    if (this.number === undefined) return this.outgoing.send(peer.write(opcode, payload, 1))
    const message = readMessage(opcode, payload)
    if (typeof message === 'string') return this.#fault(peer, message)
    if (message.session !== this.number) return this.#fault(peer, 'a message of another session')
    if (this.#next !== undefined && message.number !== this.#next)
      return this.#fault(peer, `message ${message.number} where ${this.#next} comes next`)
    this.#next = message.number + 1
    const fragments = fragmentsOf(message.session, message.number + 1)
    this.outgoing.send(peer.write(opcode, payload, fragments))
  }

  #fault(peer: Peer, words: string): void {
    this.#close(peer, faultCode, words)
  }

  #close(peer: Peer, code: number, words: string): void {
    if (this.#isOver) return
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(words)])
    this.outgoing.send(peer.write(Opcode.close, payload, 1))
    this.#isOver = true
    setTimeout(() => this.#socket.end(), closeMs)
  }

  /** No more is sent. */
  #shutDown(): void {
    this.#isOver = true
    this.#socket.shutdown()
  }
}
