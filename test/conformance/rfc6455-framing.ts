/** RFC 6455 §5.1 to §5.3 and §5.7: what a frame looks like. */
import { expect } from 'bun:test'
import { inCase, type Clause } from './clause.ts'
import { after, begun, bytes, ofOpcodes, forbidden } from './sending.ts'
import { expectFailures, expectPassing } from './showing.ts'
import {
  asClient,
  asConnect,
  asGateway,
  asServer,
  everywhere,
  face,
  join,
  talk,
  whereRead,
} from './situation.ts'

/** Where the form of a length changes, and beside. */
const lengths = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 200_001]

export const framing: readonly Clause[] = [
  {
    section: '§5.1',
    says: 'a server fails the connection of a client whose frame is not masked: 1002',
    situations: asServer,
    show: (situation) =>
      expectFailures(situation, 1002, {
        ...ofOpcodes([1, 2, 8, 9, 10], { key: undefined }),
        'a continuation': [begun, { opcode: 0, payload: forbidden, key: undefined }],
      }),
  },
  {
    section: '§5.1',
    says: 'a client fails the connection to a server whose frame is masked: 1002',
    situations: [...asClient, ...asConnect],
    show: (situation) =>
      expectFailures(situation, 1002, {
        ...ofOpcodes([2, 8, 10], { key: [1, 2, 3, 4] }),
        'with a key that changes nothing': [{ ...after, key: [0, 0, 0, 0] }],
        'a continuation': [begun, { opcode: 0, payload: forbidden, key: [1, 2, 3, 4] }],
      }),
  },
  {
    section: '§5.1',
    says: 'a client is sent frames without masks, a server frames with them',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { client, server } = joint
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.sendFrames({ opcode: 1, payload: 'a' }, { opcode: 9, payload: 'b' }, { opcode: 8 })
        for (const opcode of [1, 9, 8]) {
          const frame = await to.read()
          expect([frame.opcode, frame.key !== undefined]).toEqual([opcode, to === server])
        }
      }
    },
  },
  {
    section: '§5.2',
    says: 'a reserved bit that no extension gives a meaning to fails the connection: 1002',
    situations: everywhere,
    async show(situation) {
      for (const reserved of situation.role === 'connect' ? [4] : [1, 2, 3, 4, 5, 6, 7]) {
        const cases = ofOpcodes([1, 2, 8, 9], { reserved })
        await inCase(`bits ${reserved}`, () =>
          expectFailures(situation, 1002, cases, { isPlain: true }),
        )
      }
    },
  },
  {
    section: '§5.2',
    says: 'a reserved opcode fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        ...ofOpcodes([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], {}),
        'in the middle of a message': [begun, { opcode: 3, isFinal: true }, after],
      }),
  },
  {
    section: '§5.2',
    says: 'a length that a shorter form would have held fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'nothing, in two bytes': [{ opcode: 1, lengthBytes: 2 }, after],
        '125, in two bytes': [{ opcode: 2, payload: bytes(125), lengthBytes: 2 }, after],
        'nothing, in eight bytes': [{ opcode: 2, lengthBytes: 8 }, after],
        '126, in eight bytes': [{ opcode: 2, payload: bytes(126), lengthBytes: 8 }, after],
        '65,535, in eight bytes': [{ opcode: 2, payload: bytes(65_535), lengthBytes: 8 }, after],
        'of a ping, in two bytes': [{ opcode: 9, payload: 'a', lengthBytes: 2 }, after],
      }),
  },
  {
    section: '§5.2',
    says: 'a length whose first bit is set fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'and no other': [{ opcode: 2, lengthBytes: 8, length: 2n ** 63n }, after],
        'and every other': [{ opcode: 2, lengthBytes: 8, length: 2n ** 64n - 1n }, after],
      }),
  },
  {
    section: '§5.2',
    says: 'payloads of every length pass, in frames whose lengths have the shortest form',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      for (const length of lengths) {
        const payload = bytes(length)
        peer.sendFrames({ opcode: 2, payload })
        const message = await other.message()
        expect([message.opcode, message.payload.length]).toEqual([2, length])
        expect(message.payload.equals(payload)).toBe(true)
        for (const frame of message.frames) {
          const short = (frame.bytes[1] ?? 0) & 0x7f
          const held = frame.payload.length
          expect(short).toBe(held < 126 ? held : held < 65_536 ? 126 : 127)
        }
      }
    },
  },
  {
    section: '§5.3',
    says: 'a masking key is fresh for every frame',
    situations: [...whereRead(asClient), ...asConnect],
    async show(situation) {
      const keys = new Set<string>()
      const count = 20
      if (situation.role === 'connect') {
        await using command = await talk()
        for (let index = 0; index < count; index++) command.type('the same')
        for (let index = 0; index < count; index++)
          keys.add(String((await command.peer.read()).key))
      } else {
        await using joint = await join(situation)
        for (let index = 0; index < count; index++) {
          joint.client.sendFrames({ opcode: 1, payload: 'the same' })
          keys.add(String((await joint.server.read()).key))
        }
      }
      // Of 32 random bits twenty are the same once in twenty million times.
      expect(keys.size).toBe(count)
      expect(keys.has('undefined')).toBe(false)
    },
  },
  {
    section: '§5.3',
    says: 'a message passes whatever its frames are masked with',
    situations: asServer,
    show: (situation) =>
      expectPassing(
        situation,
        (
          [
            [0, 0, 0, 0],
            [255, 255, 255, 255],
            [1, 0, 0, 0],
            [0, 0, 0, 1],
            [0x37, 0xfa, 0x21, 0x3d],
          ] as const
        ).map((key) => [
          { opcode: 2, payload: bytes(1_003), key, isFinal: false },
          { opcode: 0, payload: bytes(7), key: [9, 8, 7, 6] },
        ]),
      ),
  },
  {
    section: '§5.7',
    says: 'the examples mean what they are said to',
    situations: asGateway,
    async show(situation) {
      const isMasked = situation.role === 'server'
      const hello = isMasked ? '818537fa213d7f9f4d5158' : '810548656c6c6f'
      await using joint = await join(situation)
      const { peer, other } = joint
      const hex = (text: string) => peer.send(Buffer.from(text.replaceAll(' ', ''), 'hex'))
      hex(hello)
      expect((await other.message()).payload.toString()).toBe('Hello')
      // Its fragments, ping and pong are given without masks or with: both are the same frame.
      peer.sendFrames({ opcode: 1, payload: 'Hel', isFinal: false }, { opcode: 0, payload: 'lo' })
      expect((await other.message()).payload.toString()).toBe('Hello')
      hex(isMasked ? '89 85 37fa213d 7f9f4d5158' : '89 05 48656c6c6f')
      expect((await other.control(9)).payload.toString()).toBe('Hello')
      hex(isMasked ? '8a 85 37fa213d 7f9f4d5158' : '8a 05 48656c6c6f')
      expect((await other.control(10)).payload.toString()).toBe('Hello')
      const key = isMasked ? '00000000' : ''
      const bit = isMasked ? 0x80 : 0
      hex(`82 ${(bit + 126).toString(16)} 0100 ${key} ${bytes(256).toString('hex')}`)
      expect((await other.message()).payload.equals(bytes(256))).toBe(true)
      hex(`82 ${(bit + 127).toString(16)} 0000000000010000 ${key} ${bytes(65_536).toString('hex')}`)
      expect((await other.message()).payload.equals(bytes(65_536))).toBe(true)
    },
  },
  {
    section: '§5.7',
    says: 'the examples mean what they are said to, in a terminal',
    situations: asConnect,
    async show(situation) {
      await using command = await face(situation)
      command.peer.send(Buffer.from('890548656c6c6f', 'hex'))
      expect((await command.peer.read()).payload.toString()).toBe('Hello')
    },
  },
]
