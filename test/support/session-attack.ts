/**
 * Attacks inside a session: frames of one side that must not reach the other.
 */
import { byteAttack, handshake } from './byte-attack.ts'
import { frame, type FrameParts, type MaskingKey } from './frames.ts'
import { switchTo } from './recording-server.ts'

const routes = `
  - { upstream: "ws://UPSTREAM", limits: { frame: 1KB, message: 2KB }, timeout: { close: 400ms } }
`
/** Leaves a payload as it is, so that it can be found on the other side. */
export const key: MaskingKey = [0, 0, 0, 0]
const deflate = 'Sec-WebSocket-Extensions: permessage-deflate'

/** Frames of a client. */
export const masked = (...parts: readonly FrameParts[]) =>
  parts.map((part) => frame({ key, ...part }).toString('latin1')).join('')

/** Frames of a server. */
export const bare = (...parts: readonly FrameParts[]) =>
  masked(...parts.map((part) => ({ key: undefined, ...part })))

interface Row {
  /** What its sender is closed with. */
  readonly code?: number
  readonly isCompressed?: boolean
  /** What passes before it is closed. */
  readonly passed?: readonly string[]
}

/** What a client sends in a session. It succeeds if EVIL arrives. */
export const byClient = (
  name: string,
  frames: string,
  { code = 1002, isCompressed = false, passed = [] }: Row = {},
) =>
  byteAttack({
    name,
    wants: 'a message that the gateway has not seen, or a server that is out of step with it',
    routes,
    answer: (request) => switchTo(request, ...(isCompressed ? [deflate] : [])),
    sends: [
      handshake('/', ...(isCompressed ? [deflate] : [])),
      masked({ opcode: 1, payload: 'before' }) + frames,
    ],
    repelled: [
      '101',
      `Close ${code}`,
      'ended',
      'upstream: GET /',
      ...['text before', ...passed, 'Close 1011'].map((line) => `upstream: ${line}`),
    ],
    gains: { upstream: /EVIL/ },
  })

/** What a server sends in a session. It succeeds if EVIL arrives. */
export const byServer = (name: string, frames: string, code = 1002) =>
  byteAttack({
    name: `a server sends ${name}`,
    wants: 'a client that is out of step with the gateway',
    routes,
    answer: (request) => switchTo(request) + bare({ opcode: 1, payload: 'before' }) + frames,
    sends: [handshake('/')],
    repelled: [
      '101',
      'text before',
      'Close 1011',
      'ended',
      'upstream: GET /',
      `upstream: Close ${code}`,
    ],
    gains: { client: /EVIL/ },
  })
