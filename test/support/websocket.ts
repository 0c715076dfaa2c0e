/**
 * The WebSocket handshake and frames as bytes, written by hand so that they owe nothing to the code
 * under test; and the runtime's own WebSocket client.
 */
import { closeFrame, frame, someKey } from './frames.ts'
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

export const Opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A whole frame, of this side or that. @param isMasked as a client's must be. */
export function encodeFrame(
  opcode: number,
  payload: string | Uint8Array,
  { isMasked }: { isMasked: boolean },
): Buffer {
  return frame({ opcode, payload, key: isMasked ? someKey : undefined })
}

/** A Close frame. */
export function encodeClose(code: number, reason: string, { isMasked }: { isMasked: boolean }) {
  return closeFrame(code, reason, isMasked ? someKey : undefined)
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
