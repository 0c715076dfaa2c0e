/** RFC 7692 §5, §6, §7.2.2 and §8: compressed messages, as they are read. */
import { expect } from 'bun:test'
import type { FrameParts } from '../support/frames.ts'
import { everyCutting } from '../support/pieces.ts'
import { inCase, type Clause } from './clause.ts'
import { deflated } from './end.ts'
import { RSV1, bytesOf, compressed, forbidden, hex, type Cases } from './sending.ts'
import { compressing, expectFailure, expectFailures } from './showing.ts'
import {
  asConnectDeflating,
  asGateway,
  face,
  inTunnel,
  join,
  talk,
  whereDeflating,
  type Situation,
} from './situation.ts'

const name = 'permessage-deflate'
/** In a tunnel its ends have to agree on it. */
const agreed = ({ mode }: Situation) => (mode === 'tunnel' ? { offer: name, answer: name } : {})
const deflating = whereDeflating(asGateway)

/** §7.2.3: what all of these say is "Hello". */
const hellos: Readonly<Record<string, readonly FrameParts[]>> = {
  '§7.2.3.1, one block': [{ opcode: 1, reserved: RSV1, payload: hex('f2 48 cd c9 c9 07 00') }],
  '§7.2.3.1, in two frames': [
    { opcode: 1, reserved: RSV1, payload: hex('f2 48 cd'), isFinal: false },
    { opcode: 0, payload: hex('c9 c9 07 00') },
  ],
  '§7.2.3.3, a block without compression': [
    { opcode: 1, reserved: RSV1, payload: hex('00 05 00 fa ff 48 65 6c 6c 6f 00') },
  ],
  '§7.2.3.4, a block that is the last of its stream': [
    { opcode: 1, reserved: RSV1, payload: hex('f3 48 cd c9 c9 07 00 00') },
  ],
  '§7.2.3.5, two blocks': [
    { opcode: 1, reserved: RSV1, payload: hex('f2 48 05 00 00 00 ff ff ca c9 c9 07 00') },
  ],
}

/** Not DEFLATE, for different reasons. */
const corrupt: Cases = {
  'a type of block that is none': [{ opcode: 2, reserved: RSV1, payload: hex('07') }],
  'lengths that contradict each other': [
    { opcode: 2, reserved: RSV1, payload: hex('00 05 00 00 00 48 65 6c 6c 6f 00') },
  ],
  'a reference to what there was not': [
    { opcode: 2, reserved: RSV1, payload: hex('f2 00 11 00 00') },
  ],
  'bytes at random': [{ opcode: 2, reserved: RSV1, payload: hex('ff ff ff ff') }],
  'in the second of two fragments': [
    { ...compressed('begun', 2), isFinal: false },
    { opcode: 0, payload: hex('00 00 ff ff 07') },
  ],
}

export const reading: readonly Clause[] = [
  {
    section: '§6',
    says: 'a frame that is not the first of a message must not be marked as compressed: 1002',
    situations: [...inTunnel(asGateway), ...deflating, ...asConnectDeflating],
    show: (situation) =>
      expectFailures(
        situation,
        1002,
        {
          'a continuation': [
            { ...compressed('begun'), isFinal: false },
            { opcode: 0, reserved: RSV1, payload: forbidden },
          ],
          'a continuation of what is not compressed': [
            { opcode: 1, payload: 'begun', isFinal: false },
            { opcode: 0, reserved: RSV1, payload: forbidden },
          ],
          'a ping': [{ opcode: 9, reserved: RSV1, payload: forbidden }],
          'a pong': [{ opcode: 10, reserved: RSV1 }],
          'a close': [{ opcode: 8, reserved: RSV1 }],
          'another bit': [{ opcode: 1, reserved: 2, payload: forbidden }],
          'all bits': [{ opcode: 1, reserved: 7, payload: forbidden }],
        },
        agreed(situation),
      ),
  },
  {
    section: '§6',
    says: 'a message need not be compressed where it was agreed on',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      for (const parts of [
        { opcode: 1, payload: 'plain' },
        compressed('deflated'),
        { opcode: 1, payload: 'plain' },
      ]) {
        joint.peer.sendFrames(parts)
        const wanted = parts.payload === 'plain' ? 'plain' : 'deflated'
        expect((await joint.other.message()).payload.toString()).toBe(wanted)
      }
    },
  },
  {
    section: '§6.2',
    says: 'a compressed message may be cut into fragments at any byte, with control frames between',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      const text = 'Grüße, 世界 👋, Grüße, 世界 👋'
      const payload = deflated(text)
      for (let cut = 0; cut <= payload.length; cut++) {
        peer.sendFrames(
          { opcode: 1, reserved: RSV1, payload: payload.subarray(0, cut), isFinal: false },
          { opcode: 9, payload: `${cut}` },
          { opcode: 0, payload: payload.subarray(cut) },
        )
        expect((await other.message()).payload.toString()).toBe(text)
        expect(other.controls.pop()?.payload.toString()).toBe(`${cut}`)
      }
    },
  },
  {
    section: '§6.2',
    says: 'a compressed message is the same however it is cut into pieces on its way',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      const payload = deflated('Grüße, 世界 👋')
      const whole = bytesOf(peer, [{ opcode: 1, reserved: RSV1, payload }])
      const fragments = bytesOf(peer, [
        { opcode: 1, reserved: RSV1, payload: payload.subarray(0, 9), isFinal: false },
        { opcode: 9 },
        { opcode: 0, payload: payload.subarray(9) },
      ])
      for (const sent of [whole, fragments]) {
        for (const cuts of everyCutting(sent.length)) {
          await peer.sendInPieces(sent, cuts)
          expect((await other.message()).payload.toString()).toBe('Grüße, 世界 👋')
        }
      }
    },
  },
  {
    section: '§7.2.3',
    says: 'the examples mean what they are said to',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      for (const [example, frames] of Object.entries(hellos)) {
        joint.peer.sendFrames(...frames)
        const { payload } = await inCase(example, () => joint.other.message())
        expect([example, payload.toString()]).toEqual([example, 'Hello'])
      }
    },
  },
  {
    section: '§7.2.3',
    says: 'the examples mean what they are said to, in a terminal, one that refers to another too',
    situations: asConnectDeflating,
    async show() {
      await using command = await talk(name)
      for (const frames of Object.values(hellos)) command.peer.sendFrames(...frames)
      command.peer.sendFrames(
        { opcode: 1, reserved: RSV1, payload: hex('f2 48 cd c9 c9 07 00') },
        { opcode: 1, reserved: RSV1, payload: hex('f2 00 11 00 00') },
        { opcode: 8 },
      )
      command.peer.end()
      expect(await command.stdout).toBe('Hello\n'.repeat(7))
    },
  },
  {
    section: '§7.2.3.2',
    says: 'a message may refer to one before it, where that was agreed on',
    situations: deflating,
    async show(situation) {
      const opening = compressing(situation, 'context-takeover: true')
      await using joint = await join(situation, opening)
      for (const payload of ['f2 48 cd c9 c9 07 00', 'f2 00 11 00 00']) {
        joint.peer.sendFrames({ opcode: 1, reserved: RSV1, payload: hex(payload) })
        expect((await joint.other.message()).payload.toString()).toBe('Hello')
      }
      const first = Buffer.from('one thing and another '.repeat(20))
      joint.peer.sendFrames({
        opcode: 2,
        reserved: RSV1,
        payload: deflated(first, { dictionary: Buffer.from('HelloHello') }),
      })
      expect((await joint.other.message()).payload.equals(first)).toBe(true)
    },
  },
  {
    section: '§7.1.1',
    says: 'a message that refers to one before it, where that was not agreed on, fails the connection: 1007',
    situations: deflating,
    show: (situation) =>
      expectFailures(situation, 1007, {
        'the example': [
          { opcode: 1, reserved: RSV1, payload: hex('f2 48 cd c9 c9 07 00') },
          { opcode: 1, reserved: RSV1, payload: hex('f2 00 11 00 00') },
        ],
      }),
  },
  {
    section: '§7.2.3.6',
    says: 'a message of nothing may be compressed',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      for (const opcode of [1, 2]) {
        joint.peer.sendFrames({ opcode, reserved: RSV1, payload: hex('00') })
        const message = await joint.other.message()
        expect([message.opcode, message.payload.length]).toEqual([opcode, 0])
      }
    },
  },
  {
    section: '§7.2.2',
    says: 'what cannot be inflated fails the connection: 1007',
    situations: [...deflating, ...asConnectDeflating],
    show: (situation) => expectFailures(situation, 1007, corrupt),
  },
  {
    section: '§6.2',
    says: 'compressed text that is not UTF-8 fails the connection, before all of it has come: 1007',
    situations: deflating,
    async show(situation) {
      const wrong = Buffer.concat([Buffer.from('words '), hex('eda080'), Buffer.from('words')])
      await expectFailures(situation, 1007, {
        whole: [compressed(wrong)],
        'an unfinished character': [compressed(hex('e282'))],
      })
      await using opposite = await face(situation)
      opposite.peer.sendFrames({ ...compressed(wrong), isFinal: false })
      await expectFailure(opposite, 1007)
    },
  },
  {
    section: '§8',
    says: 'a message that becomes too large when it is inflated fails the connection: 1009',
    situations: deflating,
    async show(situation) {
      const opening = { route: ['limits: { message: 100KB }'] }
      const bomb = compressed(Buffer.alloc(20_000_000), 2)
      const part = deflated(Buffer.alloc(60_000))
      await expectFailures(
        situation,
        1009,
        {
          whole: [bomb],
          'in fragments': [
            { opcode: 2, reserved: RSV1, payload: part, isFinal: false },
            { opcode: 0, payload: Buffer.concat([hex('00 00 ff ff'), part]) },
          ],
        },
        opening,
      )
      await using joint = await join(situation, opening)
      joint.peer.sendFrames(compressed(Buffer.alloc(102_400), 2))
      expect((await joint.other.message()).payload).toHaveLength(102_400)
    },
  },
  {
    section: '§5',
    says: 'in a tunnel compressed messages pass as they are, to the byte',
    situations: inTunnel(asGateway),
    async show(situation) {
      await using joint = await join(situation, agreed(situation))
      const sent = bytesOf(joint.peer, [
        ...Object.values(hellos).flat(),
        compressed('x'.repeat(10_000)),
        ...(corrupt['bytes at random'] ?? []),
      ])
      joint.peer.send(sent)
      const heard: Buffer[] = []
      while (Buffer.concat(heard).length < sent.length) heard.push((await joint.other.read()).bytes)
      expect(Buffer.concat(heard).equals(sent)).toBe(true)
    },
  },
]
