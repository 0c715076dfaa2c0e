// Whether a client that has agreed on compression with one server can go on with another, and that it does:
// frames of `ws` clients and servers, spliced from one server to the next.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readAnswer, type DeflateAgreement } from '../../src/wire/deflate-agreement.ts'
import { parseExtensions } from '../../src/wire/extension-header.ts'
import { passedMisfit, withoutClientContext } from '../../src/wire/passed-compression.ts'
import { readWithWs, writeWithWs, type Saying } from '../differential/ws-codec.ts'
import { all } from '../support/deflate-offers.ts'
import { noise } from '../support/read-pieces.ts'

const plain = 'permessage-deflate'
const told = withoutClientContext(plain)

describe('a client is told to not refer back', () => {
  test.each([
    [plain, `${plain}; client_no_context_takeover`],
    [
      `${plain}; server_max_window_bits=10`,
      `${plain}; server_max_window_bits=10; client_no_context_takeover`,
    ],
    [
      `${plain}; server_no_context_takeover`,
      `${plain}; server_no_context_takeover; client_no_context_takeover`,
    ],
  ])('where the answer is %s', (chosen, expected) => {
    expect(withoutClientContext(chosen)).toBe(expected)
  })

  test('once, where the server says so itself', () => {
    const chosen = `${plain};client_no_context_takeover ; client_max_window_bits="12"`
    expect(withoutClientContext(chosen)).toBe(chosen)
  })
})

describe('a client can go on', () => {
  test.each([
    [undefined, undefined],
    [undefined, ''],
    [told, plain],
    [told, `${plain}; client_no_context_takeover`],
    [told, `${plain}; server_no_context_takeover`],
    [told, `${plain}; server_max_window_bits=9; client_max_window_bits=15`],
    [`${told}; server_max_window_bits=12`, `${plain}; server_max_window_bits=12`],
    [`${told}; client_max_window_bits=10`, `${plain}; client_max_window_bits=10`],
    [`${told}; client_max_window_bits=10`, plain],
    [`${told}; server_no_context_takeover`, `${plain}; server_no_context_takeover`],
  ])('told %p, with a server that has chosen %p', (before, chosen) => {
    expect(passedMisfit(before, chosen)).toBeUndefined()
  })
})

describe('a client cannot go on', () => {
  test.each([
    [undefined, plain, 'the server has agreed to compression, which the one before it had not'],
    [told, undefined, 'the server has not agreed to compression, as the one before it had'],
    [told, '', 'the server has not agreed to compression, as the one before it had'],
    [
      `${told}; server_max_window_bits=12`,
      plain,
      'server_max_window_bits is 15, and the client was told 12',
    ],
    [
      told,
      `${plain}; client_max_window_bits=14`,
      'client_max_window_bits is 14, and the client was told 15',
    ],
    [
      `${told}; server_no_context_takeover`,
      plain,
      'server_no_context_takeover is missing, and the client was told that it holds',
    ],
    [told, `${plain}; client_max_window_bits`, 'client_max_window_bits has no value'],
    [told, `${plain}; x=1`, 'x=1 is no parameter of permessage-deflate'],
    [told, 'x-other', 'the server has chosen another extension than permessage-deflate'],
    [told, `${plain}, ${plain}`, 'the server has chosen another extension than permessage-deflate'],
    [undefined, 'x-other', 'the server has chosen another extension than permessage-deflate'],
    [told, `${plain};;`, 'Sec-WebSocket-Extensions is malformed'],
  ])('told %p, with a server that has chosen %p', (before, chosen, sentence) => {
    expect(passedMisfit(before, chosen)).toBe(sentence)
  })
})

/** As an end that offered everything reads an answer. */
function agreed(answer: string): DeflateAgreement {
  const [extension] = parseExtensions(answer) ?? []
  const agreement = extension && readAnswer(extension, all)
  if (typeof agreement !== 'object') throw new Error(`${answer} is no answer`)
  return agreement
}

/** Each refers back to the one before, where its sender keeps a window: noise that comes again. */
function says(from: number, times: number): Saying[] {
  return Array.from({ length: times }, (_, index) => ({
    kind: 'binary',
    fragments: [noise.subarray(from, from + 3_000 + index)],
    between: [],
    isCompressed: true,
  }))
}

const payloads = (sayings: readonly Saying[]) => sayings.flatMap(({ fragments }) => fragments)
const [before, after] = [says(0, 3), says(1_000, 3)]

/** What a client reads of two servers that each chose by themselves, one behind the other. */
async function readFromBoth(answer: string, first: string, second: string): Promise<Buffer[]> {
  const frames = await Promise.all([
    writeWithWs(before, { isServer: true, agreement: agreed(first) }),
    writeWithWs(after, { isServer: true, agreement: agreed(second) }),
  ])
  const said = await readWithWs(frames, { isServer: false, agreement: agreed(answer) })
  return said.map(({ payload }) => payload)
}

/** What two servers read of one client, the second from its fourth message on. */
async function readByBoth(answer: string, first: string, second: string): Promise<Buffer[]> {
  const agreement = agreed(answer)
  const frames = await writeWithWs([...before, ...after], { isServer: false, agreement })
  const start = await writeWithWs(before, { isServer: false, agreement })
  // Frames of a client are as long whatever their keys are.
  const [head, tail] = [frames.subarray(0, start.length), frames.subarray(start.length)]
  const said = [
    ...(await readWithWs([head], { isServer: true, agreement: agreed(first) })),
    ...(await readWithWs([tail], { isServer: true, agreement: agreed(second) })),
  ]
  return said.map(({ payload }) => payload)
}

describe('between one client and two servers that know nothing of each other', () => {
  const expected = [...payloads(before), ...payloads(after)]

  test('messages pass both ways, both ends keeping their windows but the client told otherwise', async () => {
    expect(await readFromBoth(told, plain, plain)).toEqual(expected)
    expect(await readByBoth(told, plain, plain)).toEqual(expected)
  })

  test('a client that was not told refers back to what the second has never read', () => {
    expect(readByBoth(plain, plain, plain)).rejects.toThrow('invalid distance')
  })

  test('messages pass whenever there is no misfit', async () => {
    const bits = fc.constantFrom('', '9', '12', '15')
    const chosen = fc
      .record({
        server: bits,
        client: bits,
        serverTakeover: fc.boolean(),
        clientTakeover: fc.boolean(),
      })
      .map(({ server, client, serverTakeover, clientTakeover }) =>
        [
          plain,
          ...(server === '' ? [] : [`server_max_window_bits=${server}`]),
          ...(client === '' ? [] : [`client_max_window_bits=${client}`]),
          ...(serverTakeover ? [] : ['server_no_context_takeover']),
          ...(clientTakeover ? [] : ['client_no_context_takeover']),
        ].join('; '),
      )
    await fc.assert(
      fc.asyncProperty(chosen, chosen, async (first, second) => {
        const answer = withoutClientContext(first)
        fc.pre(passedMisfit(answer, second) === undefined)
        expect(await readFromBoth(answer, first, second)).toEqual(expected)
        expect(await readByBoth(answer, first, second)).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })
})
