/**
 * One client's stay at the simulated gateway: its handshake, what it does by its plan, and what of its messages
 * the gateway has read.
 */
import type { ByteStreamHandler } from '../../src/core/byte-stream.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { ClientRequest, type RequestOwner } from '../../src/listener/client-request.ts'
import { handshake } from '../../src/proxy/handshake.ts'
import { RequestFacts } from '../../src/proxy/request-facts.ts'
import type { Route } from '../../src/proxy/route.ts'
import type { Session } from '../../src/proxy/session.ts'
import type { Sessions } from '../../src/proxy/sessions.ts'
import type { Compression } from '../../src/wire/compression.ts'
import { clientOf } from '../support/facts.ts'
import { accepted, readRequest } from '../support/reading.ts'
import { FrameInput } from './frame-input.ts'
import type { Link } from './link.ts'
import type { ClientPlan, Deflate } from './schedule.ts'
import { SimulatedClient } from './simulated-client.ts'
import type { SimulatedStream } from './simulated-stream.ts'
import { notice, type World } from './world.ts'

export interface StayHost {
  readonly world: World
  readonly route: Route
  readonly sessions: Sessions
  readonly compression: Compression
}

/** A message of the client's, as far as the gateway has read it. */
export interface ReadMessage {
  readonly number: number
  readonly wireBytes: number
}

export interface Departed {
  readonly link: Link
  readonly event: Extract<GatewayEvent, { type: 'session-moved' }>
  /** Whether the client is due to be told of it. */
  readonly isNotified: boolean
}

export class Stay {
  readonly number: number
  readonly plan: ClientPlan
  readonly #host: StayHost
  /** The gateway's end of its connection. */
  readonly near: SimulatedStream
  readonly far: SimulatedStream
  client: SimulatedClient | undefined
  session: Session | undefined
  /** Those the session was at, in order. */
  readonly links: Link[] = []
  readonly read: ReadMessage[] = []
  readBytes = 0
  /** Servers it has left, and what was told of it. */
  readonly departures: Departed[] = []
  /** Whether it was there when all was well again, and got its last answer. */
  hasBeenAnswered = false
  /** What it had to get by then: as many messages, and notices. */
  dueAtProbe = 0
  /** When its connection, or a Close, ended its stay. */
  closedAtMs: number | undefined
  #readTap: FrameInput | undefined
  #isOpened = false

  constructor(number: number, plan: ClientPlan, host: StayHost) {
    this.number = number
    this.plan = plan
    this.#host = host
    const { near, far } = host.world.network.connect(`client ${number}`)
    this.near = near
    this.far = far
    near.onRead = (bytes) => {
      this.readBytes += bytes.length
      this.#readTap?.feed(bytes)
    }
  }

  /** Of a message that the gateway has read in part. */
  get unfinishedBytes(): number {
    return this.#readTap?.isInMessage === true ? this.#readTap.unfinishedBytes : 0
  }

  /** It goes on at another server. */
  moved(link: Link, event: Departed['event']): void {
    const last = this.links.at(-1)
    // A session whose client has closed it goes on only for what it said before.
    const isNotified = this.session?.isEnding === false
    if (last !== undefined) this.departures.push({ link: last, event, isNotified })
    link.isJoined = true
    this.links.push(link)
  }

  async open(deflate: Deflate | undefined): Promise<void> {
    const { world, route, sessions, compression } = this.#host
    this.far.handler = this.#opening()
    const head = accepted(
      readRequest('GET /chat HTTP/1.1', 'Host: gateway.test', ...linesOf(deflate)),
    )
    const client = clientOf({ address: `10.1.0.${this.number}` })
    const owner: RequestOwner = {
      stream: this.near,
      client,
      listener: 'public',
      isBodyRead: true,
      isLeaving: false,
      readBody() {},
      pauseBody() {},
      resumeBody() {},
      requestOnFinish() {},
      requestOnRefuse() {},
      requestOnTakeOver() {},
    }
    const facts = new RequestFacts(head, client)
    const request = new ClientRequest(head, owner)
    const emit = world.emit.bind(world)
    try {
      await handshake({ request, facts, route, sessions, compression, underWay: undefined, emit })
      this.session = sessions.get(facts.session)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      world.tell(() => `client ${this.number} was refused: ${error.code}`)
      this.near.destroy()
    }
  }

  /** Whether it has a session that nothing has ended. */
  get isHere(): boolean {
    return this.client?.isHere === true
  }

  release(): void {
    this.client?.release()
    this.#readTap?.close()
  }

  /** Reads the answer to its handshake. */
  #opening(): ByteStreamHandler {
    let answer = ''
    return {
      streamOnData: (chunk) => {
        answer += chunk.toString('latin1')
        const end = answer.indexOf('\r\n\r\n')
        if (end < 0 || this.#isOpened) return
        this.#isOpened = true
        const head = answer.slice(0, end)
        const rest = Buffer.from(answer.slice(end + 4), 'latin1')
        if (head.startsWith('HTTP/1.1 101 ')) this.#begin(head, rest)
      },
      streamOnDrain() {},
      streamOnEnd: () => this.far.end(),
      streamOnClose() {},
    }
  }

  #begin(head: string, rest: Buffer): void {
    const { world } = this.#host
    const isCompressed = head.includes('permessage-deflate')
    const deflate = isCompressed
      ? {
          keepsWindow: !head.includes('client_no_context_takeover'),
          isTakeover: !head.includes('server_no_context_takeover'),
        }
      : undefined
    const onFault = (fault: string) => world.violate(fault)
    const client = new SimulatedClient({
      network: world.network,
      stream: this.far,
      number: this.number,
      deflate,
      slowness: this.plan.slowness,
      notice: world.schedule.mode === 'notify' ? notice : undefined,
      mayBeCut: world.schedule.mode === 'off' || world.schedule.mode === 'close',
      onFault,
      onClose: () => (this.closedAtMs ??= world.clock.now()),
    })
    this.client = client
    this.#readTap = new FrameInput({
      isMasked: true,
      deflate: deflate && { isTakeover: deflate.keepsWindow },
      onMessage: (_, payload, wireBytes) => {
        const number = Number(payload.toString('latin1', 0, 64).split('/')[2])
        world.tell(() => `the gateway has read ${number} of client ${this.number}`)
        this.read.push({ number, wireBytes })
      },
      onControl: () => {},
      onFault,
    })
    if (rest.length > 0) client.streamOnData(rest)
    this.#follow(client)
  }

  /** Does what is planned. */
  #follow(client: SimulatedClient): void {
    const { says, pings, pauses, departure } = this.plan
    const { clock } = this.#host.world
    for (const { atMs, size } of says) clock.after(atMs, () => client.isHere && client.say(size))
    for (const atMs of pings) clock.after(atMs, () => client.isHere && client.ping())
    for (const { atMs, forMs } of pauses) {
      clock.after(atMs, () => this.far.pause())
      clock.after(atMs + forMs, () => this.far.resume())
    }
    if (departure === undefined) return
    clock.after(departure.atMs, () => {
      this.#host.world.tell(() => `client ${this.number} leaves: ${departure.how}`)
      client.leave(departure.how)
    })
  }
}

function linesOf(deflate: Deflate | undefined): string[] {
  const lines = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  if (deflate === undefined) return lines
  const parameters = ['permessage-deflate']
  if (!deflate.clientTakeover) parameters.push('client_no_context_takeover')
  if (!deflate.serverTakeover) parameters.push('server_no_context_takeover')
  return [...lines, `Sec-WebSocket-Extensions: ${parameters.join('; ')}`]
}
