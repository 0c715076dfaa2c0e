/** RFC 7692 §5 and §7.1: who compresses, and within which bounds. */
import { expect } from 'bun:test'
import { inCase, type Clause } from './clause.ts'
import { deflated, inflated } from './end.ts'
import { farApart } from './sending.ts'
import { compressing } from './showing.ts'
import {
  asClient,
  asGateway,
  asServer,
  inTunnel,
  join,
  whereDeflating,
  type Joint,
  type Situation,
} from './situation.ts'

const deflate = 'permessage-deflate'
const long = 'the same words again and again, '.repeat(100)
const answered = ({ client }: Joint) => field(client.head)
const offered = ({ server }: Joint) => field(server.head)

function field(head: string): string | undefined {
  return /^sec-websocket-extensions: (.*)\r$/im.exec(head)?.[1]
}

/** Offer, route, answer; of permessage-deflate but for its name. */
const answers: readonly (readonly [string, string, string])[] = [
  ['', '', '; server_no_context_takeover; client_no_context_takeover'],
  ['', 'context-takeover: true', ''],
  ['', 'context-takeover: client', '; server_no_context_takeover'],
  ['', 'context-takeover: server', '; client_no_context_takeover'],
  ['; server_no_context_takeover', 'context-takeover: true', '; server_no_context_takeover'],
  ['; client_no_context_takeover', 'context-takeover: true', '; client_no_context_takeover'],
  ['; server_max_window_bits=10', 'context-takeover: true', '; server_max_window_bits=10'],
  ['; server_max_window_bits=15', 'context-takeover: true', '; server_max_window_bits=15'],
  ['; client_max_window_bits', 'context-takeover: true', ''],
  ['; client_max_window_bits=10', 'context-takeover: true', '; client_max_window_bits=10'],
  ['', 'context-takeover: true, window-bits: 11', '; server_max_window_bits=11'],
  [
    '; client_max_window_bits',
    'context-takeover: true, window-bits: 11',
    '; server_max_window_bits=11; client_max_window_bits=11',
  ],
  [
    '; server_max_window_bits=8, permessage-deflate; client_no_context_takeover',
    'context-takeover: true',
    '; client_no_context_takeover',
  ],
]

const invalid: Readonly<Record<string, string>> = {
  'an unknown parameter': '; client_max_window_bit=9',
  'a parameter twice': '; server_no_context_takeover; server_no_context_takeover',
  'a value where none may be': '; server_no_context_takeover=1',
  'a window below 8': '; server_max_window_bits=7',
  'a window above 15': '; client_max_window_bits=16',
  'a leading zero': '; client_max_window_bits=09',
  'a window without a number': '; server_max_window_bits=x',
}

async function expectUncompressed(joint: Joint): Promise<void> {
  joint.other.sendFrames({ opcode: 1, payload: long })
  const { payload, frames } = await joint.peer.message()
  expect(payload.toString()).toBe(long)
  expect(frames.map(({ reserved }) => reserved)).toEqual(frames.map(() => 0))
}

/** The head of the refusal. */
async function refusalOf(opening: Promise<Joint>): Promise<string> {
  const joint = await opening.catch((error: unknown) => String(error))
  if (typeof joint === 'string') return joint
  await joint[Symbol.asyncDispose]()
  throw new Error('it was accepted')
}

const asServers: readonly Clause[] = [
  {
    section: '§5',
    says: 'where nothing was offered nothing is agreed, and messages are not compressed',
    situations: whereDeflating(asServer),
    async show(situation) {
      await using joint = await join(situation, { isPlain: true })
      expect(answered(joint)).toBeUndefined()
      await expectUncompressed(joint)
    },
  },
  {
    section: '§7.1',
    says: 'the first offer that can be accepted is, and answered with what was agreed',
    situations: whereDeflating(asServer),
    async show(situation) {
      for (const [offer, route, answer] of answers) {
        await inCase(`${offer} (${route})`, async () => {
          const options = { ...compressing(situation, route), offer: deflate + offer }
          await using joint = await join(situation, options)
          expect(answered(joint)).toBe(deflate + answer)
        })
      }
    },
  },
  {
    section: '§7.1',
    says: 'an offer with a parameter or value that there is not is declined: messages are not compressed',
    situations: whereDeflating(asServer),
    async show(situation) {
      const all = {
        ...invalid,
        'a window that cannot be kept to': '; server_max_window_bits=8',
        'a window without a value': '; server_max_window_bits',
      }
      for (const [name, parameters] of Object.entries(all)) {
        await inCase(name, async () => {
          await using joint = await join(situation, { offer: deflate + parameters })
          expect(answered(joint)).toBeUndefined()
          await expectUncompressed(joint)
          const next = await join(situation, { offer: `${deflate}${parameters}, ${deflate}` })
          expect(answered(next)).toStartWith(deflate)
          await next[Symbol.asyncDispose]()
        })
      }
    },
  },
  {
    section: '§7.1.1.1',
    says: 'without takeover each message can be inflated by itself, with it a message refers back',
    situations: whereDeflating(asGateway),
    async show(situation) {
      for (const isTakeover of [false, true]) {
        const route = `context-takeover: ${isTakeover}`
        await using joint = await join(situation, compressing(situation, route))
        const sizes: number[] = []
        for (let round = 0; round < 3; round++) {
          joint.other.sendFrames({ opcode: 1, payload: long })
          const { frames, payload: heard } = await joint.peer.message()
          expect(heard.toString()).toBe(long)
          const compressed = Buffer.concat(frames.map((frame) => frame.payload))
          sizes.push(compressed.length)
          if (!isTakeover) expect(inflated(compressed).toString()).toBe(long)
        }
        const [first = 0, second = 0] = sizes
        if (isTakeover) expect(second).toBeLessThan(first)
        else expect(second).toBe(first)
      }
    },
  },
  {
    section: '§7.1.2.1',
    says: 'what is sent does not refer back further than the window that was agreed on',
    situations: whereDeflating(asGateway),
    async show(situation) {
      // The check can fail.
      expect(() => inflated(deflated(farApart()), 9)).toThrow()
      const limit = situation.role === 'server' ? 'server' : 'client'
      for (const bits of [9, 12, 13, 15]) {
        const parameter = `${deflate}; ${limit}_max_window_bits=${bits}`
        const agreed = situation.role === 'server' ? { offer: parameter } : { answer: parameter }
        const opening = { ...compressing(situation, 'context-takeover: true'), ...agreed }
        await using joint = await join(situation, opening)
        let before = Buffer.alloc(0)
        const sent = farApart()
        for (const payload of [sent, farApart(), sent]) {
          joint.other.sendFrames({ opcode: 2, payload })
          const { frames } = await joint.peer.message()
          expect(frames[0]?.reserved).toBe(4)
          const compressed = Buffer.concat(frames.map((frame) => frame.payload))
          expect(inflated(compressed, bits, before).equals(payload)).toBe(true)
          before = Buffer.concat([before, payload])
        }
      }
    },
  },
]

const asClients: readonly Clause[] = [
  {
    section: '§7.1',
    says: 'an endpoint is offered what the route says',
    situations: whereDeflating(asClient),
    async show(situation) {
      for (const [route, offer] of [
        ['context-takeover: true', '; client_max_window_bits'],
        ['context-takeover: client', '; server_no_context_takeover; client_max_window_bits'],
        [
          'window-bits: 10, context-takeover: true',
          '; server_max_window_bits=10; client_max_window_bits=10',
        ],
      ] as const) {
        const opening = compressing(situation, route)
        const answer = offer.includes('server_max')
          ? `${deflate}; server_max_window_bits=10`
          : undefined
        await using joint = await join(situation, { ...opening, answer })
        expect(offered(joint)).toBe(deflate + offer)
      }
    },
  },
  {
    section: '§7.1',
    says: 'an answer with a parameter or value that there is not fails the connection',
    situations: whereDeflating(asClient),
    async show(situation) {
      const opening = compressing(situation, 'window-bits: 12, context-takeover: client')
      const good = '; server_no_context_takeover; server_max_window_bits=12'
      const joint = await join(situation, { ...opening, answer: deflate + good })
      await joint[Symbol.asyncDispose]()
      const all = {
        ...invalid,
        'an unasked parameter without value': `${good}; client_max_window_bits`,
        'a larger window than offered': '; server_no_context_takeover; server_max_window_bits=13',
        'no word of the window': '; server_no_context_takeover',
        'no word of takeover': '; server_max_window_bits=12',
      }
      for (const [name, parameters] of Object.entries(all)) {
        const refusal = await inCase(name, () =>
          refusalOf(join(situation, { ...opening, answer: deflate + parameters })),
        )
        expect(refusal).toContain('502')
      }
    },
  },
  {
    section: '§7.1',
    says: 'an answer without the extension is one: messages are not compressed',
    situations: whereDeflating(asClient),
    async show(situation) {
      await using joint = await join(situation, { answer: '', offer: deflate })
      await expectUncompressed(joint)
    },
  },
  {
    section: '§7.1.2.2',
    says: 'where an endpoint limits windows to 256 bytes, messages to it are not compressed',
    situations: whereDeflating(asClient),
    async show(situation) {
      const answer = `${deflate}; server_no_context_takeover; client_max_window_bits=8`
      await using joint = await join(situation, { answer })
      await expectUncompressed(joint)
    },
  },
]

const tunnels: readonly Clause[] = [
  {
    section: '§5',
    says: 'a tunnel leaves the agreement to its ends: offers and answer pass as they are',
    situations: inTunnel(asGateway),
    async show(situation: Situation) {
      const offer = `${deflate}; client_max_window_bits=11, ${deflate}`
      const answer = `${deflate}; client_max_window_bits=9`
      await using joint = await join(situation, { offer, answer })
      expect([offered(joint), answered(joint)]).toEqual([offer, answer])
    },
  },
  {
    section: '§5',
    says: 'an extension that was not offered is not accepted of an endpoint',
    situations: asClient,
    async show(situation) {
      const opening = { isPlain: true, answer: deflate, mode: ['compression: off'] }
      if (situation.mode !== 'tunnel') opening.mode.push('framed: true')
      expect(await refusalOf(join(situation, opening))).toContain('502')
    },
  },
]

export const agreement: readonly Clause[] = [...asServers, ...asClients, ...tunnels]
