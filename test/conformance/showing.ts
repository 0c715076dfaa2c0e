/** What many clauses are shown by: a peer that breaks a rule is failed, one that keeps it is heard. */
import { expect } from 'bun:test'
import type { FrameParts } from '../support/frames.ts'
import { inCase } from './clause.ts'
import type { End, ReceivedFrame } from './end.ts'
import { bytesOf, forbidden, type Cases } from './sending.ts'
import { face, join, type Opening, type Opposite, type Situation } from './situation.ts'

/** Its sender gets a Close with this code, then the end; whoever is behind the gateway gets 1011. */
export async function expectFailure({ peer, other }: Opposite, code: number): Promise<void> {
  expect((await peer.close()).code).toBe(code)
  expect(await peer.farewell).toBeOneOf(['ended', 'reset'])
  if (other === undefined) return
  const heard: ReceivedFrame[] = []
  do heard.push(await other.read())
  while (heard.at(-1)?.opcode !== 8)
  expect(heard.at(-1)?.payload.readUInt16BE(0)).toBe(1011)
  expect(heard.map(({ payload }) => payload.toString()).join()).not.toContain(forbidden)
}

/** The command line's client is a process for each case; it reads frames with what the gateway does. */
const casesOfProcess = 3

/** Each on a connection of its own. */
export async function expectFailures(
  situation: Situation,
  code: number,
  cases: Cases,
  opening: Opening = {},
): Promise<void> {
  const most = situation.role === 'connect' ? casesOfProcess : Infinity
  for (const [name, sent] of Object.entries(cases).slice(0, most)) {
    await inCase(name, async () => {
      await using opposite = await face(situation, opening)
      opposite.peer.send(bytesOf(opposite.peer, sent))
      await expectFailure(opposite, code)
    })
  }
}

/** The connection is still good: the peer gets a pong, of Sluice or of who is behind it. */
export async function expectAlive({ peer, other }: Opposite): Promise<void> {
  peer.sendFrames({ opcode: 9, payload: 'still there?' })
  if (other !== undefined) {
    const { payload } = await other.control(9)
    other.sendFrames({ opcode: 10, payload })
  }
  expect((await peer.control(10)).payload.toString()).toBe('still there?')
}

/** The messages come out at the other end as they went in, each with frames of its own. */
export async function expectPassing(
  situation: Situation,
  messages: readonly (readonly FrameParts[])[],
): Promise<void> {
  await using joint = await join(situation)
  for (const frames of messages) {
    joint.peer.sendFrames(...frames)
    const { opcode, payload } = await joint.other.message()
    const sent = Buffer.concat(frames.map((parts) => Buffer.from(parts.payload ?? '')))
    expect([opcode, payload.length]).toEqual([frames[0]?.opcode ?? 0, sent.length])
    expect(payload.equals(sent)).toBe(true)
  }
}

/** A route that compresses whatever there is to compress. @param more keys of `compression`, as YAML flow. */
export function compressing({ role }: Situation, more: string): Opening {
  const keys = ['threshold: 0B', `upstream: ${role === 'client'}`, ...(more === '' ? [] : [more])]
  return { mode: [`compression: { ${keys.join(', ')} }`] }
}

/** Both say this Close, one first, and hear it. */
export async function closeBoth(first: End, second: End, frame: FrameParts): Promise<void> {
  first.sendFrames(frame)
  const heard = await second.close()
  second.sendFrames(frame)
  expect(await first.close()).toEqual(heard)
  const payload = Buffer.from(frame.payload ?? '')
  const code = payload.length === 0 ? 1005 : payload.readUInt16BE(0)
  expect(heard).toEqual({ code, reason: payload.subarray(2).toString() })
}
