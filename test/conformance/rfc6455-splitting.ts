/** RFC 6455 §5.2 and §6.2: TCP knows no frames, so a message may be cut into pieces at any byte. */
import { expect } from 'bun:test'
import type { FrameParts } from '../support/frames.ts'
import { everyCutting, type Cuts } from '../support/pieces.ts'
import type { Clause } from './clause.ts'
import { bytes, bytesOf } from './sending.ts'
import { asGateway, join } from './situation.ts'

/** Where a large frame is cut: in and around its header, its end, and here and there. */
function* someCuttings(length: number): Generator<Cuts> {
  const edge = 16
  for (let cut = 1; cut < length; cut++) {
    const isAtEdge = cut < edge || cut > length - edge
    if (isAtEdge || cut % 4_093 === 0) yield [cut]
  }
}

const text = 'aé世👋'
const messages: Readonly<Record<string, readonly FrameParts[]>> = {
  'text of one, two, three and four bytes a character': [{ opcode: 1, payload: text }],
  'no bytes': [{ opcode: 2 }],
  'one byte': [{ opcode: 2, payload: bytes(1) }],
  '125 bytes': [{ opcode: 2, payload: bytes(125) }],
  '126 bytes': [{ opcode: 2, payload: bytes(126) }],
  '127 bytes': [{ opcode: 2, payload: bytes(127) }],
  '65,535 bytes': [{ opcode: 2, payload: bytes(65_535) }],
  '65,536 bytes': [{ opcode: 2, payload: bytes(65_536) }],
  'fragments with a ping between': [
    { opcode: 1, payload: Buffer.from(text).subarray(0, 4), isFinal: false },
    { opcode: 9, payload: 'ping' },
    { opcode: 0, payload: '', isFinal: false },
    { opcode: 0, payload: Buffer.from(text).subarray(4) },
  ],
}

function wholeOf(frames: readonly FrameParts[]): Buffer {
  return Buffer.concat(
    frames.filter(({ opcode }) => opcode < 8).map(({ payload }) => Buffer.from(payload ?? '')),
  )
}

export const splitting: readonly Clause[] = Object.entries(messages).map(([name, frames]) => ({
  section: '§6.2',
  says: `a message is the same however it is cut into pieces on its way: ${name}`,
  situations: asGateway,
  async show(situation) {
    await using joint = await join(situation)
    const { peer, other } = joint
    const sent = bytesOf(peer, frames)
    const payload = wholeOf(frames)
    const pings = frames.filter(({ opcode }) => opcode === 9).length
    for (const cuts of sent.length < 200 ? everyCutting(sent.length) : someCuttings(sent.length)) {
      await peer.sendInPieces(sent, cuts)
      const message = await other.message()
      expect([message.opcode, message.payload.equals(payload)]).toEqual([
        frames[0]?.opcode ?? 0,
        true,
      ])
      expect(other.controls.splice(0)).toHaveLength(pings)
    }
  },
}))
