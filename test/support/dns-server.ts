/**
 * A little DNS server, over UDP and TCP on one free port. What it knows may change while it runs, and it may
 * be told to misbehave.
 */
import { decode, encode, RECURSION_AVAILABLE, TRUNCATED_RESPONSE, type Answer } from 'dns-packet'
import { createServer, type Server, type Socket } from 'node:net'

export interface Asked {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly over: 'udp' | 'tcp'
}

/** `silent` says nothing at all; `truncated` answers over TCP only. */
export type Manner = 'well' | 'silent' | 'truncated' | 'SERVFAIL' | 'REFUSED'

const rcodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }

export class DnsServer {
  readonly asked: Asked[] = []
  manner: Manner = 'well'
  /** Sent from the right place before the true answer. */
  before: (asked: Asked) => readonly Buffer[] = () => []
  /** Sent from another port before the true answer. */
  forged: (asked: Asked) => readonly Buffer[] = () => []
  readonly #told = new Map<string, readonly Answer[]>()
  readonly #zone = new Map<string, readonly Answer[]>()
  #udp: Bun.udp.Socket<'buffer'> | undefined
  #tcp: Server | undefined
  #stranger: Bun.udp.Socket<'buffer'> | undefined

  static async start(): Promise<DnsServer> {
    const server = new DnsServer()
    while (!(await server.#listen())) await server.stop()
    return server
  }

  get port(): number {
    return this.#udp?.port ?? 0
  }

  /** As `resolvers` have it. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Replaces what is known of a name; without records it exists and has none. */
  set(name: string, ...records: readonly Answer[]): void {
    this.#zone.set(name.toLowerCase(), records)
  }

  forget(name: string): void {
    this.#zone.delete(name.toLowerCase())
  }

  /** Addresses of a target that are told along with its SRV record. */
  tell(target: string, ...records: readonly Answer[]): void {
    this.#told.set(target, records)
  }

  async stop(): Promise<void> {
    this.#udp?.close()
    this.#stranger?.close()
    await new Promise<void>((resolve) => {
      if (this.#tcp?.listening === true) this.#tcp.close(() => resolve())
      else resolve()
    })
  }

  /** @returns whether the port that UDP got was free for TCP too. */
  async #listen(): Promise<boolean> {
    // What it sends is turned away by the kernel, which is told as an error.
    const socket = { error: () => {} }
    this.#stranger = await Bun.udpSocket({ hostname: '127.0.0.1', socket })
    this.#udp = await Bun.udpSocket({
      hostname: '127.0.0.1',
      socket: { data: (_, message, port, address) => this.#hear(message, port, address) },
    })
    this.#tcp = createServer((socket) => this.#serve(socket))
    const tcp = this.#tcp
    return new Promise((resolve) => {
      tcp.once('error', () => resolve(false))
      tcp.listen(this.port, '127.0.0.1', () => resolve(true))
    })
  }

  #hear(message: Buffer, port: number, address: string): void {
    const asked = this.#note(message, 'udp')
    for (const forgery of this.forged(asked)) this.#forge(forgery, port, address)
    for (const noise of this.before(asked)) this.#udp?.send(noise, port, address)
    if (this.manner === 'silent') return
    const answer = this.manner === 'truncated' ? writeTruncated(asked) : this.#answer(asked)
    this.#udp?.send(answer.length > 512 ? writeTruncated(asked) : answer, port, address)
  }

  #forge(forgery: Buffer, port: number, address: string): void {
    try {
      this.#stranger?.send(forgery, port, address)
    } catch {
      // The last one was turned away: a connected socket takes nothing from strangers.
    }
  }

  #serve(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      if (this.manner === 'silent') return
      const answer = this.#answer(this.#note(bytes.subarray(2), 'tcp'))
      const length = Buffer.alloc(2)
      length.writeUInt16BE(answer.length)
      // In pieces, as a slow line has it.
      socket.write(length.subarray(0, 1))
      setImmediate(() => socket.write(Buffer.concat([length.subarray(1), answer])))
    })
  }

  #note(message: Buffer, over: 'udp' | 'tcp'): Asked {
    const { id = 0, questions: [question] = [] } = decode(message)
    if (question === undefined) throw new Error('a question without question')
    const asked = { id, name: question.name, type: question.type, over }
    this.asked.push(asked)
    return asked
  }

  #answer(asked: Asked): Buffer {
    if (this.manner === 'SERVFAIL' || this.manner === 'REFUSED')
      return writeAnswer(asked, { code: this.manner })
    const answers: Answer[] = []
    let records = this.#zone.get(asked.name.toLowerCase())
    for (let count = 0; count < 30; count++) {
      const alias = records?.find((record) => record.type === 'CNAME')
      if (alias === undefined || !('data' in alias) || typeof alias.data !== 'string') break
      answers.push(alias)
      records = this.#zone.get(alias.data)
    }
    answers.push(...(records ?? []).filter(({ type }) => type === asked.type))
    const additionals = answers.flatMap((answer) =>
      answer.type === 'SRV' ? [...(this.#told.get(answer.data.target) ?? [])] : [],
    )
    return writeAnswer(asked, {
      code: records === undefined ? 'NXDOMAIN' : 'NOERROR',
      answers,
      additionals,
    })
  }
}

export function writeAnswer(
  { id, name, type }: Pick<Asked, 'id' | 'name' | 'type'>,
  said: {
    readonly code?: keyof typeof rcodes
    readonly answers?: readonly Answer[]
    readonly additionals?: readonly Answer[]
  },
): Buffer {
  return encode({
    type: 'response',
    id,
    flags: RECURSION_AVAILABLE | rcodes[said.code ?? 'NOERROR'],
    questions: [{ name, type: type as 'A' }],
    answers: [...(said.answers ?? [])],
    additionals: [...(said.additionals ?? [])],
  })
}

function writeTruncated({ id, name, type }: Asked): Buffer {
  const flags = RECURSION_AVAILABLE | TRUNCATED_RESPONSE
  const questions = [{ name, type: type as 'A' }]
  const answers: Answer[] = [a(name, '10.9.9.9')]
  // As some do: cut off in the middle of a record.
  return encode({ type: 'response', id, flags, questions, answers }).subarray(0, -2)
}

export function a(name: string, data: string, ttl = 60): Answer {
  return { type: 'A', name, data, ttl }
}

export function aaaa(name: string, data: string, ttl = 60): Answer {
  return { type: 'AAAA', name, data, ttl }
}

export function cname(name: string, data: string, ttl = 60): Answer {
  return { type: 'CNAME', name, data, ttl }
}

export function srv(
  name: string,
  target: string,
  port: number,
  { priority = 0, weight = 0, ttl = 60 } = {},
): Answer {
  return { type: 'SRV', name, ttl, data: { target, port, priority, weight } }
}
