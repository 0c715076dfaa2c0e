/**
 * One client of one gateway: what it sends, and what it and the upstream see of it. The client is a bare
 * socket, so that both gateways get the same bytes.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { TcpConnection } from '../support/tcp.ts'
import { encodeClose, encodeFrame, Opcode, upgradeRequest } from '../support/websocket.ts'

/** A port of 127.0.0.1, or the path of a Unix socket. */
export type Place = number | string

export interface Dial {
  /** The address to come from, of 127.0.0.0/8. */
  readonly from?: string
  /** What goes before everything else, TLS included: a PROXY header. */
  readonly preface?: string | Buffer
  readonly tls?: { readonly name: string; readonly cert?: string; readonly key?: string }
}

export interface Visit extends Dial {
  /** `/` without. */
  readonly target?: string
  /** `page`: a GET; `websocket`, the default: an upgrade, a message and a Close; else the request as it is. */
  readonly kind?: 'page' | 'websocket' | { readonly request: string }
  /** Header lines; those of the handshake and `Host` are there already and can be replaced. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What there was to see, flat, so that two of them can be compared line by line; what is absent is undefined. */
export type Seen = Readonly<Record<string, string | number | undefined>>

const words = 'the same through both'
const closeCode = 4321 // of the application's own: no gateway would close with it

export async function visit(place: Place, wanted: Visit): Promise<Seen> {
  using client = await dial(place, wanted)
  client.send(requestOf(wanted))
  const answer = await client.message()
  const seen: Record<string, string | number | undefined> = {
    status: answer.startLine,
    ...prefixed('answer', answer.headers),
  }
  if (answer.status !== 101) return { ...seen, body: answer.body }
  client.send(encodeFrame(Opcode.text, words, { isMasked: true }))
  const { payload } = await client.frame()
  client.send(encodeClose(closeCode, 'done', { isMasked: true }))
  const close = await client.frame()
  return {
    ...seen,
    echo: payload.toString() === words ? 'whole' : payload.toString(),
    close: close.opcode === Opcode.close ? close.payload.readUInt16BE(0) : undefined,
    farewell: await client.farewell,
  }
}

/** @returns once connected, TLS included. @throws the system's error, or that of the TLS handshake. */
export async function dial(place: Place, { from, preface, tls }: Dial): Promise<TcpConnection> {
  const socket = await connected(
    typeof place === 'string'
      ? connect({ path: place, allowHalfOpen: true })
      : connect({
          port: place,
          host: '127.0.0.1',
          allowHalfOpen: true,
          ...(from === undefined ? {} : { localAddress: from }),
        }),
    'connect',
  )
  if (preface !== undefined) socket.write(preface)
  if (tls === undefined) return new TcpConnection(socket)
  const { name: servername, cert, key } = tls
  const identity = cert === undefined || key === undefined ? {} : { cert, key }
  // Who the server is, the test that is about it looks at itself: `servedBy`.
  const secure = connectTls({ socket, servername, rejectUnauthorized: false, ...identity })
  return new TcpConnection(await connected(secure, 'secureConnect'))
}

/** The common name of the certificate that a client who asks for this name is shown. */
export async function servedBy(place: number, servername: string | undefined): Promise<string> {
  const secure = connectTls({
    port: place,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  })
  await connected(secure, 'secureConnect')
  const { subject } = secure.getPeerCertificate()
  secure.destroy()
  return String(subject.CN)
}

function connected<Kind extends Socket | TLSSocket>(socket: Kind, event: string): Promise<Kind> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once(event, () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function requestOf({ target = '/', kind = 'websocket', headers = {} }: Visit): string {
  if (typeof kind === 'object') return kind.request
  if (kind === 'websocket') return upgradeRequest(target, { Host: 'chat.example.com', ...headers })
  const lines = Object.entries({ Host: 'chat.example.com', ...headers })
  return `GET ${target} HTTP/1.1\n${lines.map(([name, value]) => `${name}: ${value}\n`).join('')}\n`
}

/** Headers as lines of what was seen. */
export function prefixed(
  prefix: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`${prefix} ${name}`, value]),
  )
}
