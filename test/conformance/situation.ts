/**
 * The situations that the clauses of the RFCs are shown in: Sluice as the server of a client or as the client
 * of a server, on a route of each mode; and `sluice connect`.
 */
import { connect, createServer, type Socket } from 'node:net'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { sluice } from '../support/command.ts'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { readHead } from '../support/raw.ts'
import { upgradeRequest } from '../support/websocket.ts'
import { End } from './end.ts'

export type Mode = 'tunnel' | 'framed' | 'deflate'

export interface Situation {
  /** What Sluice is for the peer whose doings are looked at. */
  readonly role: 'server' | 'client' | 'connect'
  readonly mode: Mode
  /** As it is called on the page. */
  readonly name: string
}

const modes: readonly Mode[] = ['tunnel', 'framed', 'deflate']

const keysOf: Readonly<Record<'server' | 'client', Readonly<Record<Mode, readonly string[]>>>> = {
  server: {
    tunnel: ['compression: pass'],
    framed: ['framed: true', 'compression: off'],
    deflate: ['compression: gateway'],
  },
  client: {
    tunnel: ['compression: pass'],
    framed: ['framed: true', 'compression: off'],
    deflate: ['compression: { upstream: true }'],
  },
}

/** The lines of a route in this situation. */
export function routeOf({ role, mode }: Situation, more: readonly string[] = []): string {
  return [...keysOf[role === 'client' ? 'client' : 'server'][mode], ...more].join('\n    ')
}

const inRole = (role: 'server' | 'client') =>
  modes.map((mode): Situation => ({ role, mode, name: `${role} ${mode}` }))

export const asServer = inRole('server')
export const asClient = inRole('client')
/** The gateway, whatever it is for the peer. */
export const asGateway = [...asServer, ...asClient]
export const asConnect: readonly Situation[] = [
  { role: 'connect', mode: 'framed', name: 'connect' },
]
export const everywhere = [...asGateway, ...asConnect]

export const inTunnel = (situations: readonly Situation[]) =>
  situations.filter(({ mode }) => mode === 'tunnel')
/** With `--compress`. */
export const asConnectDeflating: readonly Situation[] = [
  { role: 'connect', mode: 'deflate', name: 'connect' },
]
/** Where messages are read, by the gateway or by `sluice connect`. */
export const whereRead = (situations: readonly Situation[]) =>
  situations.filter(({ mode }) => mode !== 'tunnel')
export const whereDeflating = (situations: readonly Situation[]) =>
  situations.filter(({ mode }) => mode === 'deflate')

export interface Opening {
  /** Further lines of the client's request. */
  readonly request?: Readonly<Record<string, string>>
  /** `Sec-WebSocket-Extensions` of the client's request; by default permessage-deflate where the mode is `deflate`. */
  readonly offer?: string | undefined
  /** The same of the server's answer; by default permessage-deflate where that was offered in mode `deflate`. */
  readonly answer?: string | undefined
  /** Nobody offers an extension, or agrees to one. */
  readonly isPlain?: boolean
  /** Lines of the route in place of those of the mode. */
  readonly mode?: readonly string[]
  /** Further lines of the route. */
  readonly route?: readonly string[]
}

/** Two ends, joined by a gateway. */
export interface Joint extends AsyncDisposable {
  /** The one whose doings are looked at. */
  readonly peer: End
  /** The one behind the gateway; there is none for `sluice connect`. */
  readonly other: End
  readonly client: End
  readonly server: End
  readonly gateway: RunningGateway
}

export interface Accepting extends AsyncDisposable {
  readonly port: number
  /** The first connection that asked for an upgrade, behind its 101. */
  readonly accepted: Promise<End>
}

const deflate = 'permessage-deflate'

/** The least that has to be said to what is offered (RFC 7692 §7.1.1.1, §7.1.2.1). */
function usualAnswer(offered = ''): string | undefined {
  if (!offered.includes(deflate)) return undefined
  const needed = /server_no_context_takeover|server_max_window_bits=\d+/g
  return [deflate, ...(offered.match(needed) ?? [])].join('; ')
}

/** A server that grants upgrades. @param answer the extensions it agrees to, of what was offered. */
export async function accept(
  answer: (offered: string | undefined) => string | undefined,
): Promise<Accepting> {
  const { promise: accepted, resolve } = Promise.withResolvers<End>()
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    readHead(socket, (head) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1]
      const chosen = answer(field('sec-websocket-extensions'))
      const lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptFor(field('sec-websocket-key') ?? '')}`,
        ...(chosen === undefined ? [] : [`Sec-WebSocket-Extensions: ${chosen}`]),
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      resolve(new End(socket, 'server', head))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    accepted,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** @throws Error with the head of the answer if it is no 101. */
export function upgrade(port: number, more: Readonly<Record<string, string>> = {}): Promise<End> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed before it was answered')))
    socket.write(upgradeRequest('/', more).replaceAll('\n', '\r\n'))
    readHead(socket, (head) => {
      if (head.startsWith('HTTP/1.1 101 ')) resolve(new End(socket, 'client', head))
      else reject(new Error(head))
    })
  })
}

/** Joins two ends by a gateway. */
export async function join(situation: Situation, opening: Opening = {}): Promise<Joint> {
  const { mode } = situation
  const usual = mode === 'deflate' && opening.isPlain !== true ? deflate : undefined
  const { offer = usual, request, route = [] } = opening
  const upstream = await accept(
    (offered) => opening.answer ?? (usual === undefined ? undefined : usualAnswer(offered)),
  )
  const lines = opening.mode
    ? [...opening.mode, ...route].join('\n    ')
    : routeOf(situation, route)
  const gateway = startGateway(relayTo(`ws://127.0.0.1:${upstream.port}`, lines))
  const client = await upgrade(gateway.port, {
    ...request,
    ...(offer !== undefined && { 'Sec-WebSocket-Extensions': offer }),
  })
  const server = await upstream.accepted
  const [peer, other] = situation.role === 'client' ? [server, client] : [client, server]
  return {
    peer,
    other,
    client,
    server,
    gateway,
    async [Symbol.asyncDispose]() {
      client.destroy()
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

/** `sluice connect` and the server it talks to. */
export interface Talk extends AsyncDisposable {
  readonly peer: End
  /** Types a line. */
  type(line: string): void
  /** Nothing more is typed: it closes. */
  stop(): void
  readonly stdout: Promise<string>
  readonly stderr: Promise<string>
  readonly exitCode: Promise<number>
}

/** @param answer the extensions its server agrees to; with some, they are offered. */
export async function talk(answer?: string): Promise<Talk> {
  const server = await accept(() => answer)
  const flags = answer === undefined ? [] : ['--compress']
  const cmd = [sluice, 'connect', `ws://127.0.0.1:${server.port}/`, ...flags]
  const child = Bun.spawn({ cmd, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
  const peer = await server.accepted
  return {
    peer,
    type(line) {
      void child.stdin.write(`${line}\n`)
      void child.stdin.flush()
    },
    stop: () => void child.stdin.end(),
    stdout: child.stdout.text(),
    stderr: child.stderr.text(),
    exitCode: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Only the peer, wherever Sluice is what it talks to; `other` where there is one. */
export interface Opposite extends AsyncDisposable {
  readonly peer: End
  readonly other: End | undefined
}

export async function face(situation: Situation, opening: Opening = {}): Promise<Opposite> {
  if (situation.role !== 'connect') return join(situation, opening)
  const answer = situation.mode === 'deflate' && opening.isPlain !== true ? deflate : undefined
  return Object.assign(await talk(opening.answer ?? answer), { other: undefined })
}
