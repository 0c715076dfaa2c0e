// What a client offers of permessage-deflate, and what it makes of the answer (RFC 7692 §7.1).

import { expect, test } from 'bun:test'
import {
  offerOf,
  readAnswer,
  type DeflateAgreement,
  type DeflateTerms,
} from '../../src/wire/deflate-agreement.ts'
import { all, extensionsOf, full, invalid, name } from '../support/deflate-offers.ts'

const none: DeflateTerms = { windowBits: 15, clientTakeover: false, serverTakeover: false }

function read(parameters: string, terms: Partial<DeflateTerms> = {}): DeflateAgreement | string {
  const [answer] = extensionsOf(name + parameters)
  return answer === undefined ? 'nothing was read' : readAnswer(answer, { ...all, ...terms })
}

test.each([
  ['everything', all, '; client_max_window_bits'],
  ['smaller windows', { windowBits: 12 }, '; server_max_window_bits=12; client_max_window_bits=12'],
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
  ['§7.1.2.2: a client may be limited', '; client_max_window_bits=9', {}, { clientWindowBits: 9 }],
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
