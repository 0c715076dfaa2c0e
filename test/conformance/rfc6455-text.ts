/** RFC 6455 §5.6, §6 and §8.1: data, and what is UTF-8. */
import { expect } from 'bun:test'
import type { FrameParts } from '../support/frames.ts'
import { inCase, type Clause } from './clause.ts'
import { turn } from './end.ts'
import type { Cases } from './sending.ts'
import { expectFailure, expectFailures, expectPassing } from './showing.ts'
import {
  asConnect,
  asGateway,
  everywhere,
  face,
  inTunnel,
  join,
  talk,
  whereRead,
} from './situation.ts'

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
/** One, two, three and four bytes a character, at the edges of what each of them can hold. */
const edges = [
  0x00, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfdd0, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1fffe,
  0x10ffff,
].map((point) => String.fromCodePoint(point))
const words = 'Κόσμε, grüße, 世界, 👋🏽.'

/** What is no UTF-8, by why it is not. All of them are wrong at some byte, not for want of one. */
const wrong: Readonly<Record<string, string>> = {
  'a continuation alone': '80',
  'two continuations alone': 'bfbf',
  'an overlong slash of two bytes': 'c0af',
  'an overlong delete of two bytes': 'c1bf',
  'an overlong form of three bytes': 'e09fbf',
  'an overlong form of four bytes': 'f08fbfbf',
  'the first surrogate': 'eda080',
  'the last surrogate': 'edbfbf',
  'a pair of surrogates': 'edb080eda080',
  'the first point behind the last': 'f4908080',
  'a lead of five bytes': 'f888808080',
  'a lead of six bytes': 'fc8480808080',
  'a byte that is never used': 'fe',
  'another that is never used': 'ff',
  'two bytes of which the second is none': 'c327',
  'three bytes of which the third is none': 'e28227',
  'four bytes of which the fourth is none': 'f09f9827',
  'a lead behind a lead': 'c3c3a9',
}
/** What could still become some, had it gone on. */
const unfinished: Readonly<Record<string, string>> = {
  'the first of two bytes': 'c3',
  'the first of three bytes': 'e2',
  'two of three bytes': 'e282',
  'the first of four bytes': 'f0',
  'three of four bytes': 'f09f98',
}

function texts(
  kinds: Readonly<Record<string, string>>,
  make: (bytes: Buffer) => FrameParts[],
): Cases {
  return Object.fromEntries(
    Object.entries(kinds).map(([name, hex]) => [name, make(Buffer.from(hex, 'hex'))]),
  )
}

const behind = (bytes: Buffer, before = 'words: ') => Buffer.concat([Buffer.from(before), bytes])

export const text: readonly Clause[] = [
  {
    section: '§5.6',
    says: 'a binary message is any bytes',
    situations: asGateway,
    show: (situation) =>
      expectPassing(situation, [
        [{ opcode: 2, payload: everyByte }],
        [{ opcode: 2, payload: Buffer.from('edbfbf', 'hex') }],
        [
          { opcode: 2, payload: everyByte.subarray(100), isFinal: false },
          { opcode: 0, payload: everyByte },
        ],
      ]),
  },
  {
    section: '§5.6',
    says: 'a text message is any text, its characters cut by fragments at any byte',
    situations: asGateway,
    async show(situation) {
      const whole = Buffer.from(words)
      await expectPassing(
        situation,
        Array.from({ length: whole.length + 1 }, (_, cut) => [
          { opcode: 1, payload: whole.subarray(0, cut), isFinal: false },
          { opcode: 0, payload: whole.subarray(cut) },
        ]),
      )
      const single = [...whole].map((byte, index) => ({
        opcode: index === 0 ? 1 : 0,
        payload: Buffer.from([byte]),
        isFinal: index === whole.length - 1,
      }))
      await expectPassing(situation, [single, ...edges.map((payload) => [{ opcode: 1, payload }])])
    },
  },
  {
    section: '§5.6',
    says: 'text is printed as it came, bytes as hexadecimal digits',
    situations: asConnect,
    async show() {
      await using command = await talk()
      command.peer.sendFrames(
        { opcode: 1, payload: Buffer.from(words).subarray(0, 1), isFinal: false },
        { opcode: 0, payload: Buffer.from(words).subarray(1) },
        { opcode: 2, payload: Buffer.from([0, 255]) },
        { opcode: 8 },
      )
      command.peer.end()
      expect(await command.stdout).toBe(`${words}\n/hex 00ff\n`)
    },
  },
  {
    section: '§6.1',
    says: 'messages leave in the order they came in, in both directions at once',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const count = 200
      const say = (index: number) => ({
        opcode: 1 + (index % 2),
        payload: `${index}`.repeat(index),
      })
      for (let index = 0; index < count; index++) {
        joint.peer.sendFrames(say(index))
        joint.other.sendFrames(say(index))
      }
      for (let index = 0; index < count; index++) {
        for (const end of [joint.peer, joint.other]) {
          const { opcode, payload } = await end.message()
          expect({ opcode, payload: payload.toString() }).toEqual(say(index))
        }
      }
    },
  },
  {
    section: '§6.2',
    says: 'the type of a message is that of its first frame',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      for (const opcode of [2, 1, 2]) {
        joint.peer.sendFrames({ opcode, payload: 'a', isFinal: false }, { opcode: 0, payload: 'b' })
        expect((await joint.other.message()).opcode).toBe(opcode)
      }
    },
  },
  {
    section: '§8.1',
    says: 'a text message that is not UTF-8 fails the connection: 1007',
    situations: whereRead(everywhere),
    async show(situation) {
      const whole = (bytes: Buffer) => [{ opcode: 1, payload: behind(bytes) }]
      const last = (bytes: Buffer) => [
        { opcode: 1, payload: 'words', isFinal: false },
        { opcode: 0, payload: behind(bytes, '') },
      ]
      await expectFailures(situation, 1007, texts(wrong, whole))
      await expectFailures(situation, 1007, texts(unfinished, whole))
      await inCase('in a later fragment', () =>
        expectFailures(situation, 1007, texts({ ...unfinished, ...wrong }, last)),
      )
    },
  },
  {
    section: '§8.1',
    says: 'a character that is cut by a fragment is not made whole by another message',
    situations: whereRead(everywhere),
    show: (situation) =>
      expectFailures(situation, 1007, {
        'its end in the next message': [
          { opcode: 1, payload: Buffer.from([0xe2]) },
          { opcode: 1, payload: Buffer.from([0x82, 0xac]) },
        ],
        'a ping between, which is no text': [
          { opcode: 1, payload: Buffer.from([0xe2]), isFinal: false },
          { opcode: 9, payload: Buffer.from([0x82, 0xac]) },
          { opcode: 0, payload: 'a' },
        ],
      }),
  },
  {
    section: '§8.1',
    says: 'text fails at its first byte that cannot be UTF-8, before the rest of its message has come',
    situations: whereRead(asGateway),
    async show(situation) {
      for (const [name, hex] of Object.entries(wrong)) {
        const payload = Buffer.concat([behind(Buffer.from(hex, 'hex')), Buffer.alloc(100, 'x')])
        const upToFault = 'words: '.length + hex.length / 2
        await inCase(`${name}, in the middle of a frame`, async () => {
          await using opposite = await face(situation)
          const frame = opposite.peer.frame({ opcode: 1, payload })
          opposite.peer.send(frame.subarray(0, frame.length - payload.length + upToFault))
          await expectFailure(opposite, 1007)
        })
        await inCase(`${name}, in the first of two fragments`, async () => {
          await using opposite = await face(situation)
          const first = payload.subarray(0, upToFault)
          opposite.peer.sendFrames({ opcode: 1, payload: first, isFinal: false })
          await expectFailure(opposite, 1007)
        })
      }
    },
  },
  {
    section: '§8.1',
    says: 'text that fails when much of its frame has passed ends both connections: 1007 to its sender',
    situations: whereRead(asGateway),
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      const whole = peer.frame({ opcode: 1, payload: Buffer.alloc(200_000, 0x61) })
      const wrong = peer.frame({ opcode: 1, payload: Buffer.alloc(200_000, 0xff) })
      peer.send(whole.subarray(0, 100_000))
      await other.arrival(1)
      peer.send(wrong.subarray(100_000, 150_000))
      expect((await peer.close()).code).toBe(1007)
      // A Close finds no place inside a frame; pieces that are compressed are frames of their own.
      const told = await Promise.race([other.close().catch(() => undefined), other.farewell])
      if (typeof told === 'object') expect(told.code).toBe(1011)
      else expect(other.untaken.length).toBeLessThan(100_100)
    },
  },
  {
    section: '§8.1',
    says: 'a character that is not whole yet is waited for',
    situations: whereRead(asGateway),
    async show(situation) {
      await using joint = await join(situation)
      const whole = Buffer.from('👋')
      for (const end of [1, 2, 3]) {
        const frame = joint.peer.frame({ opcode: 1, payload: whole })
        const cut = frame.length - whole.length + end
        joint.peer.send(frame.subarray(0, cut))
        await turn()
        joint.peer.send(frame.subarray(cut))
        expect((await joint.other.message()).payload.toString()).toBe('👋')
      }
    },
  },
  {
    section: '§8.1',
    says: 'a tunnel does not read text: whether it is UTF-8 is for its ends to say',
    situations: inTunnel(asGateway),
    show: (situation) =>
      expectPassing(
        situation,
        Object.values({ ...wrong, ...unfinished }).map((hex) => [
          { opcode: 1, payload: Buffer.from(hex, 'hex') },
        ]),
      ),
  },
]
