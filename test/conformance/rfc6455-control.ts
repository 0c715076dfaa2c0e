/** RFC 6455 §5.5: control frames, which pass from end to end. */
import { expect } from 'bun:test'
import { inCase, type Clause } from './clause.ts'
import { after, bytes, close } from './sending.ts'
import { closeBoth, expectAlive, expectFailures } from './showing.ts'
import { asConnect, asGateway, everywhere, face, join, talk } from './situation.ts'

export const control: readonly Clause[] = [
  {
    section: '§5.5',
    says: 'a control frame of more than 125 bytes fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'a ping of 126': [{ opcode: 9, payload: bytes(126) }, after],
        'a pong of 65,536': [{ opcode: 10, payload: bytes(65_536) }, after],
        'a close of 126': [close(1000, 'x'.repeat(124)), after],
      }),
  },
  {
    section: '§5.5.2',
    says: 'a ping is answered by a pong with the same payload: by who is behind the gateway',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      for (const payload of [
        bytes(0),
        bytes(1),
        Buffer.from('hello'),
        Buffer.from([0, 255, 254]),
        bytes(125),
      ]) {
        peer.sendFrames({ opcode: 9, payload })
        const ping = await other.read()
        expect([ping.opcode, ping.isFinal, ping.payload]).toEqual([9, true, payload])
        other.sendFrames({ opcode: 10, payload: ping.payload })
        const pong = await peer.read()
        expect([pong.opcode, pong.isFinal, pong.payload]).toEqual([10, true, payload])
      }
    },
  },
  {
    section: '§5.5.2',
    says: 'a ping is answered by a pong with the same payload',
    situations: asConnect,
    async show() {
      await using command = await talk()
      for (const payload of [bytes(0), Buffer.from([0, 255, 254]), bytes(125)]) {
        command.peer.sendFrames({ opcode: 9, payload })
        const pong = await command.peer.read()
        expect([pong.opcode, pong.payload]).toEqual([10, payload])
      }
    },
  },
  {
    section: '§5.5.2',
    says: 'many pings at once pass in order, and so do their pongs',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      const pings = Array.from({ length: 20 }, (_, index) => ({ opcode: 9, payload: `${index}` }))
      peer.sendFrames(...pings)
      for (const { payload } of pings) expect((await other.read()).payload.toString()).toBe(payload)
      other.sendFrames(...pings.map(({ payload }) => ({ opcode: 10, payload })))
      for (const { payload } of pings) expect((await peer.read()).payload.toString()).toBe(payload)
    },
  },
  {
    section: '§5.5.3',
    says: 'a pong that nobody asked for is no fault',
    situations: everywhere,
    async show(situation) {
      await using opposite = await face(situation)
      opposite.peer.sendFrames({ opcode: 10, payload: 'unasked' }, { opcode: 10 })
      await expectAlive(opposite)
    },
  },
  {
    section: '§5.5.1',
    says: 'a Close with half a code fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'one byte': [{ opcode: 8, payload: Buffer.from([3]) }, after],
      }),
  },
  {
    section: '§5.5.1',
    says: 'a Close whose reason is not UTF-8 fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, {
        'a byte that is none': [close(1000, Buffer.from([0x61, 0xff])), after],
        'a surrogate': [close(1000, Buffer.from([0xed, 0xa0, 0x80])), after],
        'half a character': [close(1000, Buffer.from([0xe2, 0x82])), after],
      }),
  },
  {
    section: '§5.5.1',
    says: 'a Close passes with its code and reason, and is answered by who is behind the gateway',
    situations: asGateway,
    async show(situation) {
      const reasons = ['', 'done', 'grüße 👋', 'x'.repeat(123)]
      const frames = [{ opcode: 8 }, ...reasons.map((reason) => close(1000, reason))]
      for (const [index, frame] of frames.entries()) {
        await inCase(`Close ${index}`, async () => {
          await using joint = await join(situation)
          await closeBoth(joint.peer, joint.other, frame)
        })
      }
    },
  },
  {
    section: '§5.5.1',
    says: 'a Close is answered with a Close of the same code',
    situations: asConnect,
    async show() {
      for (const [frame, code, exitCode] of [
        [{ opcode: 8 }, 1005, 0],
        [close(1000, 'done'), 1000, 0],
        [close(4001, 'grüße'), 4001, 1],
      ] as const) {
        await using command = await talk()
        command.peer.sendFrames(frame)
        expect((await command.peer.close()).code).toBe(code)
        expect(await command.peer.farewell).toBe('ended')
        command.peer.end()
        expect(await command.exitCode).toBe(exitCode)
      }
    },
  },
  {
    section: '§5.5.1',
    says: 'nothing passes behind a Close, not even a second one',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      peer.sendFrames(
        { opcode: 1, payload: 'before' },
        close(1000),
        after,
        { opcode: 9 },
        close(4000),
      )
      expect((await other.message()).payload.toString()).toBe('before')
      expect((await other.close()).code).toBe(1000)
      peer.sendFrames(after)
      other.sendFrames(close(1000))
      expect((await peer.close()).code).toBe(1000)
      joint.server.end()
      joint.client.end()
      await other.farewell
      expect(other.untaken).toHaveLength(0)
    },
  },
  {
    section: '§5.5.1',
    says: 'an end that has sent its Close still gets what the other sends before its own',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      const { peer, other } = joint
      peer.sendFrames(close(1000))
      await other.close()
      other.sendFrames({ opcode: 1, payload: 'last words' }, close(1000))
      expect((await peer.message()).payload.toString()).toBe('last words')
      expect((await peer.close()).code).toBe(1000)
    },
  },
]
