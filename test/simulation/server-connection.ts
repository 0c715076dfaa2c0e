/**
 * One connection of a simulated server: it answers the upgrade as its server is in the mood to, then echoes.
 */
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { FrameInput } from './frame-input.ts'
import { FrameOutput } from './frame-output.ts'
import { messageOf, opcodeOf, readMessage, type Label } from './message.ts'
import type { Network } from './network.ts'
import type { Death, SimulatedServer } from './simulated-server.ts'
import type { SimulatedStream } from './simulated-stream.ts'

export class ServerConnection {
  readonly server: SimulatedServer
  readonly stream: SimulatedStream
  readonly number: number
  /** What it was asked with. */
  head = ''
  /** How it came to an end, if it has. `left`: by a Close, its own or the other's. */
  fate: Death | 'left' | undefined
  /** The code of the Close it sent of its own accord. */
  ownCode: number | undefined
  /** The code of the Close it got, and how much it then had not answered and never will. */
  toldCode: number | undefined
  unanswered = 0
  readonly #network: Network
  #input: FrameInput | undefined
  #output: FrameOutput | undefined
  /** Whether it stood still for a while: it may have been given up meanwhile. */
  hasBeenCut = false
  /** What it has written to its end, in order. */
  readonly said: Label[] = []
  readonly #thoughts: { readonly label: Label; readonly payload: Buffer }[] = []
  #isThinking = false
  #said = 0

  constructor(server: SimulatedServer, stream: SimulatedStream, number: number) {
    this.server = server
    this.stream = stream
    this.number = number
    this.#network = server.options.network
    stream.handler = this
  }

  /** Whether it has answered an upgrade, and neither died nor said goodbye. */
  get isLive(): boolean {
    return this.#input !== undefined && this.fate === undefined
  }

  /** Whether it has said all that it has to say. */
  get isIdle(): boolean {
    return this.#thoughts.length === 0 && (this.#output?.isIdle ?? true)
  }

  die(how: Death): void {
    this.fate ??= how
    this.#output?.stop()
    if (how === 'reset') this.stream.destroy()
    else if (how === 'vanish') this.stream.cut()
    else {
      // The system closes what a process leaves open; what it has not read makes that a reset.
      this.stream.end(0)
    }
  }

  close(code: number, isPatient: boolean): void {
    if (!this.isLive) return this.stream.end()
    this.ownCode ??= code
    if (!isPatient) this.#thoughts.length = 0
    this.#output?.close(code, isPatient, () => this.#leave())
  }

  streamOnData(chunk: Buffer): void {
    if (this.#input !== undefined) return this.#input.feed(chunk)
    this.head += chunk.toString('latin1')
    const end = this.head.indexOf('\r\n\r\n')
    if (end < 0) return
    const rest = Buffer.from(this.head.slice(end + 4), 'latin1')
    this.head = this.head.slice(0, end)
    this.#network.after(() => this.#answer(rest))
  }

  streamOnDrain(): void {
    this.#output?.drained()
  }

  streamOnEnd(): void {
    this.stream.end()
  }

  streamOnClose(): void {
    this.fate ??= 'left'
    this.#output?.stop()
    this.#input?.close()
    this.server.connections.delete(this)
  }

  /** Says something of its own accord. */
  talk(): void {
    if (!this.isLive) return
    const label: Label = { from: 'server', sender: this.number, number: ++this.#said }
    this.#say(label, messageOf(label, this.server.options.size()))
  }

  #say(label: Label, payload: Buffer): void {
    this.#output?.message(opcodeOf(label), payload, () => this.said.push(label))
  }

  ping(): void {
    this.#output?.control(9, Buffer.from(`${this.number}`))
  }

  #answer(rest: Buffer): void {
    if (this.stream.isClosed || this.fate !== undefined) return
    const { mood } = this.server
    if (mood === 'mute') return
    if (mood === 'dropping' || mood === 'refusing') return this.stream.destroy()
    if (mood !== 'well') {
      const { status } = mood
      this.server.hasRefused ||= status < 500
      const reason = 'Content-Length: 2\r\nConnection: close\r\n\r\nno'
      this.stream.write(Buffer.from(`HTTP/1.1 ${status} Simulated\r\n${reason}`))
      return this.stream.end()
    }
    const key = /^sec-websocket-key: *(.*)$/im.exec(this.head)?.[1] ?? ''
    const isOffered = /^sec-websocket-extensions: *permessage-deflate/im.test(this.head)
    // Where it is not told otherwise it keeps its window, and lets the client keep its own.
    const isSenderBound = /server_no_context_takeover/i.test(this.head)
    const isReceiverBound = /client_no_context_takeover/i.test(this.head)
    const fields = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptFor(key)}`,
    ]
    if (isOffered) {
      const parameters = ['permessage-deflate']
      if (isSenderBound) parameters.push('server_no_context_takeover')
      if (isReceiverBound) parameters.push('client_no_context_takeover')
      fields.push(`Sec-WebSocket-Extensions: ${parameters.join('; ')}`)
    }
    this.stream.write(Buffer.from([...fields, '', ''].join('\r\n')))
    this.#open(
      isOffered ? { isTakeover: !isSenderBound } : undefined,
      isOffered ? { isTakeover: !isReceiverBound } : undefined,
    )
    if (rest.length > 0) this.#input?.feed(rest)
  }

  #open(
    sending: { readonly isTakeover: boolean } | undefined,
    receiving: { readonly isTakeover: boolean } | undefined,
  ): void {
    const { slowness, onFault, talkativeness } = this.server.options
    this.#input = new FrameInput({
      isMasked: true,
      deflate: receiving,
      onMessage: (opcode, payload) => this.#process(opcode, payload),
      onControl: (opcode, payload) => this.#control(opcode, payload),
      onFault: (fault) => onFault(`${this.server.url}, connection ${this.number}: ${fault}`),
    })
    const { stream } = this
    const network = this.#network
    this.#output = new FrameOutput({ network, stream, isMasked: false, deflate: sending, slowness })
    // As many do, before anybody asks.
    if (network.random.below(100) < talkativeness) this.talk()
  }

  #process(opcode: number, payload: Buffer): void {
    if (this.fate !== undefined) return
    const { onFault, onProcessed } = this.server.options
    const label = readMessage(opcode, payload)
    if (typeof label === 'string') return onFault(`${this.server.url}: ${label}`)
    onProcessed(this, label)
    if (this.ownCode !== undefined) return
    this.#thoughts.push({ label, payload })
    this.#think()
  }

  #think(): void {
    if (this.#isThinking || this.#thoughts.length === 0) return
    this.#isThinking = true
    const { random, clock } = this.#network
    const { thinkMs, talkativeness } = this.server.options
    clock.after(random.below(3) === 0 ? random.below(thinkMs + 1) : 0, () =>
      this.#speak(random.below(100) < talkativeness),
    )
  }

  #speak(isTalking: boolean): void {
    this.#isThinking = false
    if (this.server.isFrozen)
      return void this.#network.clock.after(100, () => this.#speak(isTalking))
    const thought = this.#thoughts.shift()
    if (thought === undefined || this.fate !== undefined) return
    if (isTalking) this.talk()
    this.#say(thought.label, thought.payload)
    this.#think()
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === 9) this.#output?.control(10, payload)
    if (opcode !== 8) return
    const { isOrderly } = this.server.options
    const unanswered = this.#thoughts.splice(0)
    this.unanswered = isOrderly ? 0 : unanswered.length
    if (isOrderly) for (const { label, payload: thought } of unanswered) this.#say(label, thought)
    const code = payload.length < 2 ? undefined : payload.readUInt16BE(0)
    this.toldCode = code
    this.#output?.close(code, isOrderly, () => this.#leave())
    if (this.#output?.isOver === true) this.stream.end()
  }

  #leave(): void {
    this.fate ??= 'left'
    // The server ends first, and waits a while for the other side.
    this.stream.end()
  }
}
