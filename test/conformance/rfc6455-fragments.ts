/** RFC 6455 §5.4: messages in several frames, and what may stand between them. */
import { expect } from 'bun:test'
import type { Clause } from './clause.ts'
import { after, begun, bytes, bytesOf, forbidden, ofOpcodes } from './sending.ts'
import { expectAlive, expectFailures, expectPassing } from './showing.ts'
import { asGateway, everywhere, inTunnel, join, whereRead } from './situation.ts'

export const fragments: readonly Clause[] = [
  {
    section: '§5.4',
    says: 'a message may come in fragments of any size, empty ones too',
    situations: asGateway,
    show: (situation) =>
      expectPassing(
        situation,
        [
          ['one', 'two', 'three'],
          ['', 'two'],
          ['one', ''],
          ['', ''],
          ['', '', 'x', '', ''],
          Array.from({ length: 300 }, (_, index) => `${index} `),
        ].flatMap((pieces) =>
          [1, 2].map((opcode) =>
            pieces.map((payload, index) => ({
              opcode: index === 0 ? opcode : 0,
              payload,
              isFinal: index === pieces.length - 1,
            })),
          ),
        ),
      ),
  },
  {
    section: '§5.4',
    says: 'control frames pass between the fragments of a message, before its end has come',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      peer.sendFrames(begun, { opcode: 9, payload: 'ping' }, { opcode: 10, payload: 'pong' })
      expect((await other.control(9)).payload.toString()).toBe('ping')
      expect((await other.control(10)).payload.toString()).toBe('pong')
      await expectAlive(joint)
      peer.sendFrames({ opcode: 0, payload: ', ', isFinal: false }, { opcode: 9, payload: '' })
      await other.control(9)
      peer.sendFrames({ opcode: 0, payload: 'done' }, { opcode: 1, payload: 'next' })
      // The fragments that have come were passed over above, as far as they were frames of their own.
      let last = await other.message()
      if (last.payload.toString() !== 'next') last = await other.message()
      expect(last.payload.toString()).toBe('next')
    },
  },
  {
    section: '§5.4',
    says: 'a message with control frames between its fragments is the same without them',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      for (let round = 0; round < 3; round++) {
        peer.sendFrames(
          begun,
          { opcode: 9, payload: `${round}` },
          { opcode: 0, payload: ', ', isFinal: false },
          { opcode: 10, payload: 'unasked' },
          { opcode: 0, payload: 'done' },
        )
        expect((await other.message()).payload.toString()).toBe('begun, done')
      }
      expect(other.controls.map(({ payload }) => payload.toString())).toEqual([
        '0',
        'unasked',
        '1',
        'unasked',
        '2',
        'unasked',
      ])
    },
  },
  {
    section: '§5.4',
    says: 'a fragmented control frame fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        ...ofOpcodes([8, 9, 10], { isFinal: false }),
        'that is continued': [
          { opcode: 9, payload: 'a', isFinal: false },
          { opcode: 0, payload: forbidden },
        ],
        'between fragments': [
          begun,
          { opcode: 9, isFinal: false },
          { opcode: 0, payload: forbidden },
        ],
      }),
  },
  {
    section: '§5.4',
    says: 'a continuation of no message fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'at the start': [{ opcode: 0, payload: forbidden }],
        'at the start, to be continued': [{ opcode: 0, payload: forbidden, isFinal: false }, after],
        'that is empty': [{ opcode: 0 }, after],
        'behind a message': [
          { opcode: 1, payload: 'a' },
          { opcode: 0, payload: forbidden },
        ],
        'behind a fragmented message': [begun, { opcode: 0 }, { opcode: 0, payload: forbidden }],
        'behind a ping': [{ opcode: 9 }, { opcode: 0, payload: forbidden }],
      }),
  },
  {
    section: '§5.4',
    says: 'a message inside another fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'of the same type': [begun, after],
        'of another type': [begun, { opcode: 2, payload: forbidden }],
        'behind two fragments': [begun, { opcode: 0, isFinal: false }, after],
        'behind a ping': [begun, { opcode: 9 }, { ...after, isFinal: false }],
      }),
  },
  {
    section: '§5.4',
    says: 'a tunnel changes no fragmentation: frames pass as they are, to the byte',
    situations: inTunnel(asGateway),
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      const sent = bytesOf(peer, [
        begun,
        { opcode: 0, isFinal: false },
        { opcode: 9, payload: 'p' },
        { opcode: 0, payload: bytes(70_000), isFinal: false },
        { opcode: 0, payload: 'end' },
        { opcode: 2, payload: bytes(200) },
      ])
      peer.send(sent)
      const heard: Buffer[] = []
      while (heard.length < 6) heard.push((await other.read()).bytes)
      expect(Buffer.concat(heard).equals(sent)).toBe(true)
    },
  },
  {
    section: '§5.4',
    says: 'the first of several fragments has the type of the message, the others are continuations',
    situations: whereRead(asGateway),
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      for (const opcode of [1, 2]) {
        const payload = Buffer.alloc(300_000, 'abcdefghijklmnopq')
        peer.sendFrames({ opcode, payload })
        const message = await other.message()
        expect(message.payload.equals(payload)).toBe(true)
        expect(message.frames.map((frame) => frame.opcode)).toEqual(
          message.frames.map((_, index) => (index === 0 ? opcode : 0)),
        )
      }
    },
  },
  {
    section: '§5.4',
    says: 'a long message begins to pass before all of it has come',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      const payload = crypto.getRandomValues(Buffer.alloc(200_000))
      const whole = peer.frame({ opcode: 2, payload })
      peer.send(whole.subarray(0, 150_000))
      await other.arrival(100_000)
      peer.send(whole.subarray(150_000))
      const message = await other.message()
      expect([message.opcode, message.payload.equals(payload)]).toEqual([2, true])
    },
  },
]
