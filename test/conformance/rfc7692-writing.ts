/** RFC 7692 §6.1 and §7.2.1: compressed messages, as they are written. */
import { expect } from 'bun:test'
import { inCase, type Clause } from './clause.ts'
import { deflated, inflated } from './end.ts'
import { RSV1, hex } from './sending.ts'
import { compressing } from './showing.ts'
import { asConnectDeflating, asGateway, join, whereDeflating, talk } from './situation.ts'

const deflating = whereDeflating(asGateway)

export const writing: readonly Clause[] = [
  {
    section: '§6.1',
    says: 'a compressed message is marked in its first frame alone',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      for (const length of [5_000, 400_000]) {
        const payload = Buffer.from(`${length} words and `.repeat(length / 10).slice(0, length))
        joint.other.sendFrames({ opcode: 1, payload })
        const message = await joint.peer.message()
        expect(message.payload.equals(payload)).toBe(true)
        const marks = message.frames.map(({ reserved }) => reserved)
        expect(marks).toEqual(marks.map((_, index) => (index === 0 ? RSV1 : 0)))
      }
    },
  },
  {
    section: '§7.2.1',
    says: 'what is sent is DEFLATE without the end of its flush',
    situations: deflating,
    async show(situation) {
      await using joint = await join(situation)
      const text = 'words and words and '.repeat(200)
      joint.other.sendFrames({ opcode: 1, payload: text })
      const { frames } = await joint.peer.message()
      const sent = Buffer.concat(frames.map(({ payload }) => payload))
      expect(sent.subarray(-4)).not.toEqual(hex('00 00 ff ff'))
      expect(sent.length).toBeLessThan(text.length / 10)
      expect(inflated(sent).toString()).toBe(text)
    },
  },
  {
    section: '§7.2.1',
    says: 'what is typed is compressed where that was agreed on and makes it smaller',
    situations: asConnectDeflating,
    async show() {
      await using command = await talk('permessage-deflate')
      const line = 'words and words and '.repeat(50)
      for (let round = 0; round < 2; round++) {
        command.type(line)
        const { payload, frames } = await command.peer.message()
        expect(payload.toString()).toBe(line)
        expect(frames.map(({ reserved }) => reserved)).toEqual([RSV1])
      }
    },
  },
  {
    section: '§7.2.1',
    says: 'messages of every size are the same at the other end, under every agreement',
    situations: deflating,
    async show(situation) {
      for (const takeover of ['false', 'true', 'client', 'server']) {
        for (const bits of [9, 15]) {
          await inCase(`takeover ${takeover}, ${bits} bits`, async () => {
            const route = `context-takeover: ${takeover}, window-bits: ${bits}`
            await using joint = await join(situation, compressing(situation, route))
            for (const length of [
              0, 1, 16, 64, 255, 1_024, 4_096, 16_384, 32_768, 65_536, 131_072,
            ]) {
              const payload = Buffer.from('{"some":"words","more":[1,2,3]}'.repeat(5_000)).subarray(
                0,
                length,
              )
              joint.peer.sendFrames({
                opcode: 2,
                reserved: RSV1,
                payload: deflated(payload, { windowBits: bits }),
              })
              joint.other.sendFrames({ opcode: 1, payload })
              expect((await joint.other.message()).payload.equals(payload)).toBe(true)
              const { opcode, payload: heard } = await joint.peer.message()
              expect([opcode, heard.equals(payload)]).toEqual([1, true])
            }
          })
        }
      }
    },
  },
]
