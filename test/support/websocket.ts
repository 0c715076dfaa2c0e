/**
 * The WebSocket handshake and frames as bytes, written by hand so that they owe nothing to the code
 * under test; and the runtime's own WebSocket client.
 */
import { Journal } from './journal.ts'

/** The example of RFC 6455 §1.3. */
export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ=='
export const sampleAccept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

/** @param more further header lines; one of these names replaces the line that is there. */
export function upgradeRequest(path: string, more: Readonly<Record<string, string>> = {}): string {
  const headers = {
    Host: 'gateway.test',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
    ...more,
  }
  return `GET ${path} HTTP/1.1\n${headerLines(headers)}\n`
}

/** What a server answers to `upgradeRequest`. */
export function switchAnswer(more: Readonly<Record<string, string>> = {}): string {
  const headers = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': sampleAccept,
    ...more,
  }
  return `HTTP/1.1 101 Switching Protocols\n${headerLines(headers)}\n`
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')
}

export const Opcode = { text: 1, close: 8, ping: 9, pong: 10 } as const

/** A whole frame with at most 125 bytes of payload. @param isMasked as a client's must be. */
export function encodeFrame(
  opcode: number,
  text: string | Uint8Array,
  options: { isMasked: boolean },
): Buffer {
  const payload = Buffer.from(text)
  const { isMasked } = options
  const head = Buffer.from([0x80 | opcode, payload.length | (isMasked ? 0x80 : 0)])
  if (!isMasked) return Buffer.concat([head, payload])
  const key = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
  return Buffer.concat([head, key, payload.map((byte, index) => byte ^ key[index & 3]!)])
}

/** A Close frame. */
export function encodeClose(code: number, reason: string, options: { isMasked: boolean }): Buffer {
  const payload = Buffer.from([code >> 8, code & 0xff, ...Buffer.from(reason)])
  return encodeFrame(Opcode.close, payload, options)
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

export interface WebSocketClient extends Disposable {
  readonly socket: WebSocket
  /** Resolves when it is closed, cleanly or not. */
  readonly closed: Promise<Closed>
  /** The first text message like this, past or to come. */
  message(isWanted: (text: string) => boolean): Promise<string>
}

/** @returns when it is open. */
export async function openWebSocket(url: string): Promise<WebSocketClient> {
  const socket = new WebSocket(url)
  const messages = new Journal<string>()
  const closed = new Promise<Closed>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  })
  socket.addEventListener('message', ({ data }) => messages.add(String(data)))
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`no WebSocket at ${url}`)))
  })
  return {
    socket,
    closed,
    message: (isWanted) => messages.find(isWanted),
    [Symbol.dispose]: () => socket.terminate(),
  }
}
