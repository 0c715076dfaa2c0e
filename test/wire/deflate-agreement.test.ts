// What two ends agree on of permessage-deflate (RFC 7692 §7.1), each rule in each role, and that whatever our
// server answers is what our client takes it for.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  acceptOffer,
  offerOf,
  readAnswer,
  type DeflateAgreement,
  type DeflateTerms,
} from '../../src/wire/deflate-agreement.ts'
import { parseExtensions, type Extension } from '../../src/wire/extension-header.ts'

const all: DeflateTerms = { windowBits: 15, clientTakeover: true, serverTakeover: true }
const none: DeflateTerms = { windowBits: 15, clientTakeover: false, serverTakeover: false }
const name = 'permessage-deflate'

/** The whole of it: windows of 32 KB, kept between messages. */
const full: DeflateAgreement = {
  clientWindowBits: 15,
  serverWindowBits: 15,
  clientTakeover: true,
  serverTakeover: true,
}

function extensionsOf(header: string): Extension[] {
  const extensions = parseExtensions(header)
  if (extensions === undefined) throw new Error(`malformed: ${header}`)
  return extensions
}

/** Several offers are parted by `|`; each gets the extension's name before it. */
function accepted(offers: string, terms: Partial<DeflateTerms> = {}) {
  const header = offers.split('|').map((parameters) => name + parameters)
  return acceptOffer(extensionsOf(header.join(',')), { ...all, ...terms })
}

function read(parameters: string, terms: Partial<DeflateTerms> = {}): DeflateAgreement | string {
  const [answer] = extensionsOf(name + parameters)
  return answer === undefined ? 'nothing was read' : readAnswer(answer, { ...all, ...terms })
}

/** What neither an offer nor an answer may say (§7.1). */
const invalid = [
  ['an unknown parameter', '; client_max_window_bit'],
  ['a parameter in another case', '; Server_No_Context_Takeover'],
  ['a parameter twice', '; server_no_context_takeover; server_no_context_takeover'],
  ['a parameter twice with two values', '; server_max_window_bits=10; server_max_window_bits=11'],
  ['a value of server_no_context_takeover', '; server_no_context_takeover=1'],
  ['a value of client_no_context_takeover', '; client_no_context_takeover=true'],
  ['a window of 7 bits for the server', '; server_max_window_bits=7'],
  ['a window of 16 bits for the server', '; server_max_window_bits=16'],
  ['a window of 7 bits for the client', '; client_max_window_bits=7'],
  ['a window of 16 bits for the client', '; client_max_window_bits=16'],
  ['a leading zero', '; server_max_window_bits=010'],
  ['a leading zero before one digit', '; client_max_window_bits=09'],
  ['a sign', '; client_max_window_bits=+9'],
  ['a fraction', '; client_max_window_bits=9.0'],
  ['a number in hexadecimal digits', '; client_max_window_bits=0xa'],
  ['digits with something behind', '; client_max_window_bits=10a'],
  ['server_max_window_bits without value', '; server_max_window_bits'],
] as const

describe('a server', () => {
  test.each([
    ['§7: nothing said is everything', '', {}, '', {}],
    [
      '§7.1.1.1: server_no_context_takeover is answered where offered',
      '; server_no_context_takeover',
      {},
      '; server_no_context_takeover',
      { serverTakeover: false },
    ],
    [
      '§7.1.1.1: server_no_context_takeover may be answered unasked',
      '',
      { serverTakeover: false },
      '; server_no_context_takeover',
      { serverTakeover: false },
    ],
    [
      '§7.1.1.2: client_no_context_takeover is answered where offered',
      '; client_no_context_takeover',
      {},
      '; client_no_context_takeover',
      { clientTakeover: false },
    ],
    [
      '§7.1.1.2: client_no_context_takeover may be answered unasked',
      '',
      { clientTakeover: false },
      '; client_no_context_takeover',
      { clientTakeover: false },
    ],
    [
      '§7.1.2.1: server_max_window_bits is answered where offered',
      '; server_max_window_bits=10',
      {},
      '; server_max_window_bits=10',
      { serverWindowBits: 10 },
    ],
    [
      '§7.1.2.1: server_max_window_bits is answered where 15 is offered',
      '; server_max_window_bits=15',
      {},
      '; server_max_window_bits=15',
      {},
    ],
    [
      '§7.1.2.1: server_max_window_bits may be answered with less',
      '; server_max_window_bits=12',
      { windowBits: 11 },
      '; server_max_window_bits=11',
      { serverWindowBits: 11 },
    ],
    [
      '§7.1.2.1: server_max_window_bits may be answered unasked',
      '',
      { windowBits: 12 },
      '; server_max_window_bits=12',
      { serverWindowBits: 12 },
    ],
    [
      '§7.1.2.1: a quoted value is the value',
      '; server_max_window_bits="9"',
      {},
      '; server_max_window_bits=9',
      { serverWindowBits: 9 },
    ],
    ['§7.1.2.2: client_max_window_bits needs no answer', '; client_max_window_bits', {}, '', {}],
    [
      '§7.1.2.2: client_max_window_bits=15 needs no answer',
      '; client_max_window_bits=15',
      {},
      '',
      {},
    ],
    [
      '§7.1.2.2: client_max_window_bits is answered with less where offered',
      '; client_max_window_bits',
      { windowBits: 12 },
      '; server_max_window_bits=12; client_max_window_bits=12',
      { clientWindowBits: 12, serverWindowBits: 12 },
    ],
    [
      '§7.1.2.2: the value of client_max_window_bits is taken up',
      '; client_max_window_bits=10',
      {},
      '; client_max_window_bits=10',
      { clientWindowBits: 10 },
    ],
    [
      '§7.1.2.2: client_max_window_bits=8 can be read',
      '; client_max_window_bits=8',
      {},
      '; client_max_window_bits=8',
      { clientWindowBits: 8 },
    ],
    [
      '§7.1.2.2: client_max_window_bits is never answered with more',
      '; client_max_window_bits=10',
      { windowBits: 13 },
      '; server_max_window_bits=13; client_max_window_bits=10',
      { clientWindowBits: 10, serverWindowBits: 13 },
    ],
    [
      '§7.1.2.2: a client that does not offer it is not limited',
      '',
      { windowBits: 9 },
      '; server_max_window_bits=9',
      { clientWindowBits: 15, serverWindowBits: 9 },
    ],
  ])('%s', (_, offer, terms, header, agreement) => {
    expect(accepted(offer, terms)).toEqual({
      header: name + header,
      agreement: { ...full, ...agreement },
    })
  })

  test.each(invalid)('§7.1: declines an offer with %s', (_, offer) => {
    expect(accepted(offer)).toBeUndefined()
  })

  test('§7.1.2.1: declines an offer of a window that zlib cannot compress within', () => {
    expect(accepted('; server_max_window_bits=8')).toBeUndefined()
  })

  test.each([
    ...invalid,
    ['a window of 8 bits for the server', '; server_max_window_bits=8'],
  ] as const)('§5: takes the next offer where the first has %s', (_, offer) => {
    expect(accepted(`${offer}|; client_no_context_takeover|`)?.header).toBe(
      `${name}; client_no_context_takeover`,
    )
  })

  test('§5: takes the first of several offers that it can accept', () => {
    const offers =
      '; server_max_window_bits=10; client_max_window_bits|; server_max_window_bits=12|'
    expect(accepted(offers)?.agreement.serverWindowBits).toBe(10)
  })

  test('RFC 6455 §9.1: passes over extensions it does not know', () => {
    const offers = extensionsOf('x-webkit-deflate-frame, permessage-bzip2; a=1, permessage-deflate')
    expect(acceptOffer(offers, all)?.header).toBe(name)
    expect(acceptOffer(offers.slice(0, 2), all)).toBeUndefined()
    expect(acceptOffer([], all)).toBeUndefined()
  })
})

describe('a client', () => {
  test.each([
    ['everything', all, '; client_max_window_bits'],
    [
      'smaller windows',
      { windowBits: 12 },
      '; server_max_window_bits=12; client_max_window_bits=12',
    ],
    [
      'the smallest windows',
      { windowBits: 9 },
      '; server_max_window_bits=9; client_max_window_bits=9',
    ],
    [
      'to keep no window',
      { clientTakeover: false },
      '; client_no_context_takeover; client_max_window_bits',
    ],
    [
      'that the server keeps none',
      { serverTakeover: false },
      '; server_no_context_takeover; client_max_window_bits',
    ],
    [
      'that nobody keeps one',
      none,
      '; server_no_context_takeover; client_no_context_takeover; client_max_window_bits',
    ],
  ])('§7.1: offers %s', (_, terms, offer) => {
    expect(offerOf({ ...all, ...terms })).toBe(name + offer)
  })

  test.each([
    ['§7: nothing said is everything', '', {}, {}],
    [
      '§7.1.1.1: a server need not keep its window',
      '; server_no_context_takeover',
      {},
      { serverTakeover: false },
    ],
    [
      '§7.1.1.1: a server that was asked to keep none says so',
      '; server_no_context_takeover',
      none,
      { serverTakeover: false, clientTakeover: false },
    ],
    [
      '§7.1.1.2: a client may be told to keep no window',
      '; client_no_context_takeover',
      {},
      { clientTakeover: false },
    ],
    [
      '§7.1.1.2: a client may keep none without a word of the server',
      '',
      { clientTakeover: false },
      { clientTakeover: false },
    ],
    [
      '§7.1.2.1: a server may limit its window unasked',
      '; server_max_window_bits=8',
      {},
      { serverWindowBits: 8 },
    ],
    [
      '§7.1.2.1: a server may limit it to what was offered',
      '; server_max_window_bits=12',
      { windowBits: 12 },
      { clientWindowBits: 12, serverWindowBits: 12 },
    ],
    [
      '§7.1.2.1: a server may limit it to less',
      '; server_max_window_bits=10',
      { windowBits: 12 },
      { clientWindowBits: 12, serverWindowBits: 10 },
    ],
    [
      '§7.1.2.2: a client may be limited',
      '; client_max_window_bits=9',
      {},
      { clientWindowBits: 9 },
    ],
    [
      '§7.1.2.2: a client may be limited to 256 bytes',
      '; client_max_window_bits=8',
      {},
      { clientWindowBits: 8 },
    ],
    [
      '§7.1.2.2: a client may do with less than the server can read',
      '; server_max_window_bits=9; client_max_window_bits=13',
      { windowBits: 11 },
      { clientWindowBits: 11, serverWindowBits: 9 },
    ],
  ])('%s', (_, answer, terms, agreement) => {
    expect(read(answer, terms)).toEqual({ ...full, ...agreement })
  })

  test.each(invalid)('§7.1: fails on an answer with %s', (_, answer) => {
    expect(read(answer)).toBeString()
  })

  test.each([
    ['§7.1: an unknown parameter', '; x=1', {}, 'x=1 is no parameter of permessage-deflate'],
    ['§7.1: a parameter twice', '; x; x', {}, 'a parameter of permessage-deflate comes twice'],
    [
      '§7.1.2.2: client_max_window_bits without value',
      '; client_max_window_bits',
      {},
      'client_max_window_bits has no value',
    ],
    [
      '§7.1.2.1: a larger window than offered',
      '; server_max_window_bits=13',
      { windowBits: 12 },
      'server_max_window_bits is 13, at most 12 was offered',
    ],
    [
      '§7.1.2.1: no word of the window that was offered',
      '',
      { windowBits: 12 },
      'server_max_window_bits is 15, at most 12 was offered',
    ],
    [
      '§7.1.1.1: no word of a window that is not to be kept',
      '',
      { serverTakeover: false },
      'server_no_context_takeover was offered and is not in the answer',
    ],
  ])('fails on %s with a sentence', (_, answer, terms, sentence) => {
    expect(read(answer, terms)).toBe(sentence)
  })

  test('fails on another extension', () => {
    const [answer] = extensionsOf('permessage-bzip2')
    expect(answer && readAnswer(answer, all)).toBe('the extension is not permessage-deflate')
  })
})

describe('any two ends', () => {
  const termsOfAny = fc.record({
    windowBits: fc.integer({ min: 9, max: 15 }),
    clientTakeover: fc.boolean(),
    serverTakeover: fc.boolean(),
  })

  test('of ours agree on the same, and on no more than either wants', () => {
    fc.assert(
      fc.property(termsOfAny, termsOfAny, (client, server) => {
        const answered = acceptOffer(extensionsOf(offerOf(client)), server)
        const [answer] = extensionsOf(answered?.header ?? '')
        if (answered === undefined || answer === undefined) throw new Error('declined')
        const agreement = readAnswer(answer, client)
        expect(agreement).toEqual(answered.agreement)
        for (const terms of [client, server]) {
          const { clientWindowBits, serverWindowBits } = answered.agreement
          expect(Math.max(clientWindowBits, serverWindowBits)).toBeLessThanOrEqual(terms.windowBits)
          expect(answered.agreement.clientTakeover && !terms.clientTakeover).toBe(false)
          expect(answered.agreement.serverTakeover && !terms.serverTakeover).toBe(false)
        }
      }),
    )
  })

  const bits = fc.integer({ min: 7, max: 16 }).map(String)
  const offered = fc
    .record(
      {
        server_no_context_takeover: fc.constant(''),
        client_no_context_takeover: fc.constant(''),
        server_max_window_bits: bits,
        client_max_window_bits: fc.oneof(bits, fc.constant('')),
        unheard_of: fc.constant(''),
      },
      { requiredKeys: [] },
    )
    .map((record) =>
      Object.entries(record).map(([key, value]) => (value === '' ? key : `${key}=${value}`)),
    )

  test('agree on what the server says, and it says nothing that was not allowed', () => {
    fc.assert(
      fc.property(offered, termsOfAny, (parameters, terms) => {
        const [offer] = extensionsOf([name, ...parameters].join(';'))
        const answered = offer && acceptOffer([offer], terms)
        fc.pre(offer !== undefined && answered !== undefined)
        const [answer] = extensionsOf(answered.header)
        fc.pre(answer !== undefined)
        // A client that wants nothing else than what this one offered.
        expect(readAnswer(answer, all)).toEqual(answered.agreement)
        const [wanted, said] = [offer.parameters, answer.parameters]
        const limit = Number(wanted.get('server_max_window_bits') ?? 15)
        expect(answered.agreement.serverWindowBits).toBeLessThanOrEqual(limit)
        expect(answered.agreement.serverWindowBits).toBeGreaterThanOrEqual(9)
        for (const key of ['server_no_context_takeover', 'server_max_window_bits'])
          if (wanted.has(key)) expect(said.has(key)).toBe(true)
        if (!wanted.has('client_max_window_bits'))
          expect(said.has('client_max_window_bits')).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})
