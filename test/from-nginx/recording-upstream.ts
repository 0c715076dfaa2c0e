/**
 * A server behind both gateways that remembers what it was sent, byte for byte, and answers in a way
 * that can be compared: pages, WebSockets that echo. `/not-a-websocket` switches without a valid handshake,
 * `/silent` answers nothing. It may be told to fail.
 */
import { TLSSocket } from 'node:tls'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { listenTcp, type HttpMessage, type TcpConnection } from '../support/tcp.ts'
import { encodeFrame, Opcode } from '../support/websocket.ts'

/** `resets` breaks off when it has read a request; a number is the status of every answer. */
export type Manner = 'well' | 'resets' | number

export interface RecordingUpstream extends Disposable {
  /** Where it listens: `127.0.0.1:port`, or `unix:` and a path. */
  readonly place: string
  /** Heads of requests, oldest first. */
  readonly requests: readonly HttpMessage[]
  /** WebSockets that are open. */
  readonly open: number
  behave(manner: Manner): void
}

interface State {
  readonly name: string
  manner: Manner
  open: number
}

export interface UpstreamOptions {
  /** Tells it from others in what it answers. */
  readonly name: string
  /** Of a Unix socket; a free port without. */
  readonly path?: string | undefined
  /** With it clients are asked for a certificate. All of it PEM. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string } | undefined
}

export async function startRecordingUpstream({
  name,
  path,
  tls,
}: UpstreamOptions): Promise<RecordingUpstream> {
  const requests: HttpMessage[] = []
  const state: State = { name, manner: 'well', open: 0 }
  const server = await listenTcp(
    (connection, _, socket) => {
      const seen = socket instanceof TLSSocket ? secured(socket) : {}
      return serve(connection, state, (request) =>
        requests.push({ ...request, headers: { ...request.headers, ...seen } }),
      )
    },
    { path, tls: tls && { ...tls, requestCert: true } },
  )
  return {
    place: path === undefined ? server.host : `unix:${path}`,
    requests,
    get open() {
      return state.open
    },
    behave(manner) {
      state.manner = manner
    },
    [Symbol.dispose]: () => server[Symbol.dispose](),
  }
}

/** What TLS tells of the gateway, beside its headers. */
function secured(socket: TLSSocket): Record<string, string> {
  const { servername } = socket as TLSSocket & { servername?: string | false }
  return {
    '(server name)': String(servername),
    '(certificate)': String(socket.getPeerCertificate().subject?.CN),
  }
}

async function serve(
  connection: TcpConnection,
  state: State,
  onRequest: (request: HttpMessage) => void,
): Promise<void> {
  for (;;) {
    const request = await connection.message()
    onRequest(request)
    const { name, manner } = state
    if (manner === 'resets') return connection.reset()
    if (request.startLine.includes('/silent')) continue
    if (manner === 'well' && request.headers['upgrade'] !== undefined) {
      state.open++
      void connection.farewell.then(() => state.open--)
      return await serveWebSocket(connection, name, request)
    }
    const status = manner === 'well' ? '200 OK' : `${manner} Failed`
    const body = `a page of ${name}\n`
    connection.send(
      `HTTP/1.1 ${status}\nContent-Type: text/plain\nX-Upstream: ${name}\nContent-Length: ${body.length}\n\n`,
    )
    connection.send(Buffer.from(body))
  }
}

async function serveWebSocket(
  connection: TcpConnection,
  name: string,
  { startLine, headers }: HttpMessage,
): Promise<void> {
  const key = headers['sec-websocket-key'] ?? ''
  const accept = startLine.includes('/not-a-websocket') ? 'none' : acceptFor(key)
  const offered = headers['sec-websocket-protocol']?.split(',')[0]?.trim()
  const chosen = offered === undefined ? '' : `Sec-WebSocket-Protocol: ${offered}\n`
  connection.send(
    `HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: ${accept}\n${chosen}X-Upstream: ${name}\n\n`,
  )
  for (;;) {
    const { opcode, payload } = await connection.frame()
    if (opcode === Opcode.pong) continue
    const answer = opcode === Opcode.ping ? Opcode.pong : opcode
    connection.send(encodeFrame(answer, payload, { isMasked: false }))
    if (opcode === Opcode.close) return connection.end()
  }
}
