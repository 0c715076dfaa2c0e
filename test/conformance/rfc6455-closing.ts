/** RFC 6455 §7 and §10.4: how a connection ends, and why. */
import { expect } from 'bun:test'
import type { FrameParts } from '../support/frames.ts'
import { inCase, type Clause } from './clause.ts'
import { after, bytes, close } from './sending.ts'
import { closeBoth, expectFailure, expectFailures } from './showing.ts'
import {
  asClient,
  asConnect,
  asGateway,
  asServer,
  everywhere,
  face,
  join,
  talk,
  type Situation,
} from './situation.ts'

/** A Close with each of these codes, and a message behind it. */
function closes(...codes: readonly number[]) {
  return Object.fromEntries(codes.map((code) => [`code ${code}`, [close(code), after]]))
}

const allowedCodes = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
]

export const closing: readonly Clause[] = [
  {
    section: '§7.1.1',
    says: 'a server ends the connection first, once both have sent a Close',
    situations: asServer,
    async show(situation) {
      await using joint = await join(situation)
      await closeBoth(joint.client, joint.server, close(1000))
      // Its own end has not been ended.
      expect(await joint.client.farewell).toBe('ended')
    },
  },
  {
    section: '§7.1.1',
    says: 'a client leaves it to the server to end the connection',
    situations: asClient,
    async show(situation) {
      await using joint = await join(situation)
      await closeBoth(joint.server, joint.client, close(1000))
      await joint.client.farewell
      // A request of its own goes there and back: what the gateway would do by now it has done.
      await (await fetch(`http://${joint.gateway.host}/`, { method: 'TRACE' })).text()
      expect(joint.server.isOver).toBe(false)
      joint.server.end()
      expect(await joint.server.farewell).toBe('ended')
    },
  },
  {
    section: '§7.1.1',
    says: 'an end that does not answer a Close is not waited for',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation, { route: ['timeout: { close: 100ms }'] })
      joint.peer.sendFrames(close(1000))
      expect((await joint.other.close()).code).toBe(1000)
      await Promise.all([joint.peer.farewell, joint.other.farewell])
    },
  },
  {
    section: '§7.1.3',
    says: 'both may begin to close at once',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      joint.peer.sendFrames(close(1000, 'mine'))
      joint.other.sendFrames(close(1001, 'yours'))
      expect(await joint.peer.close()).toEqual({ code: 1001, reason: 'yours' })
      expect(await joint.other.close()).toEqual({ code: 1000, reason: 'mine' })
      expect(await joint.client.farewell).toBe('ended')
    },
  },
  {
    section: '§7.1.5',
    says: 'a Close without a code is told as 1005, a connection that ends without one as 1006',
    situations: asGateway,
    async show(situation) {
      for (const code of [1005, 1006]) {
        await using joint = await join(situation)
        const { peer, other, client, server } = joint
        if (code === 1005) {
          await closeBoth(peer, other, { opcode: 8 })
          server.end()
          client.end()
        } else {
          peer.end()
          await other.farewell
          other.end()
        }
        const { end } = await joint.gateway.event('session-closed')
        expect(end).toMatchObject({ by: situation.role === 'server' ? 'client' : 'upstream', code })
      }
    },
  },
  {
    section: '§7.1.5',
    says: 'a connection that ends without a Close is told as such',
    situations: asConnect,
    async show() {
      await using command = await talk()
      command.peer.end()
      expect(await command.exitCode).toBe(1)
      expect(await command.stderr).toContain('ended the connection without a Close')
    },
  },
  {
    section: '§7.1.7',
    says: 'an end that is failed gets a Close and its connection is ended; it is not heard any more',
    situations: everywhere,
    async show(situation) {
      await using opposite = await face(situation)
      const { peer } = opposite
      peer.sendFrames(
        { opcode: 1, payload: 'good' },
        { opcode: 15 },
        after,
        { opcode: 9 },
        close(1000),
      )
      await expectFailure(opposite, 1002)
      expect(peer.untaken).toHaveLength(0)
    },
  },
  {
    section: '§7.2.1',
    says: 'an end whose partner is gone without a Close is ended without one',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation)
      joint.peer.sendFrames({ opcode: 1, payload: 'last words' })
      joint.peer.end()
      expect((await joint.other.message()).payload.toString()).toBe('last words')
      expect(await joint.other.farewell).toBe('ended')
      expect(joint.other.untaken).toHaveLength(0)
    },
  },
  {
    section: '§7.3',
    says: 'a client closes with 1000 when it has nothing more to say',
    situations: asConnect,
    async show() {
      await using command = await talk()
      command.type('hello')
      command.stop()
      expect((await command.peer.message()).payload.toString()).toBe('hello')
      expect((await command.peer.close()).code).toBe(1000)
      command.peer.sendFrames(close(1000))
      command.peer.end()
      expect(await command.exitCode).toBe(0)
    },
  },
  {
    section: '§7.4.1',
    says: 'every code that may be sent passes',
    situations: asGateway,
    async show(situation) {
      for (const code of allowedCodes) {
        await inCase(`code ${code}`, async () => {
          await using joint = await join(situation)
          await closeBoth(joint.peer, joint.other, close(code, 'because'))
        })
      }
    },
  },
  {
    section: '§7.4.1',
    says: 'a code that may not be sent fails the connection: 1002',
    situations: everywhere,
    show: (situation) => expectFailures(situation, 1002, closes(1004, 1005, 1006, 1015)),
  },
  {
    section: '§7.4.2',
    says: 'a code outside the ranges that are used fails the connection: 1002',
    situations: everywhere,
    show: (situation) =>
      expectFailures(situation, 1002, closes(0, 1, 999, 1016, 1100, 2000, 2999, 5000, 65_535)),
  },
]

const limited = { route: ['limits: { message: 1KB, frame: 700B }'] }

/** Fails as soon as the header tells, or what has come is too much. */
async function expectTooBig(situation: Situation, sent: readonly Uint8Array[] | FrameParts[]) {
  await using opposite = await face(situation, limited)
  for (const each of sent) {
    if (each instanceof Uint8Array) opposite.peer.send(each)
    else opposite.peer.sendFrames(each)
  }
  await expectFailure(opposite, 1009)
}

export const limits: readonly Clause[] = [
  {
    section: '§10.4',
    says: 'a frame or message that is too large fails the connection: 1009',
    situations: asGateway,
    async show(situation) {
      const parts = { opcode: 1, payload: 'x'.repeat(600), isFinal: false }
      await inCase('one frame', () => expectTooBig(situation, [{ opcode: 2, payload: bytes(701) }]))
      await inCase('all frames', () => expectTooBig(situation, [parts, { ...parts, opcode: 0 }]))
      await inCase('a header that says so', () =>
        expectTooBig(situation, [{ opcode: 2, lengthBytes: 8, length: 2n ** 62n }]),
      )
    },
  },
  {
    section: '§10.4',
    says: 'a message as large as it may be passes',
    situations: asGateway,
    async show(situation) {
      await using joint = await join(situation, limited)
      joint.peer.sendFrames(
        { opcode: 2, payload: bytes(700), isFinal: false },
        { opcode: 0, payload: bytes(324) },
      )
      expect((await joint.other.message()).payload).toHaveLength(1_024)
    },
  },
]
