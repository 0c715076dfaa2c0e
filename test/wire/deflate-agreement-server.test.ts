// What a server answers to offers of permessage-deflate (RFC 7692 §5, §7.1).

import { expect, test } from 'bun:test'
import { acceptOffer, type DeflateTerms } from '../../src/wire/deflate-agreement.ts'
import { all, extensionsOf, full, invalid, name } from '../support/deflate-offers.ts'

/** Several offers are parted by `|`; each gets the extension's name before it. */
function accepted(offers: string, terms: Partial<DeflateTerms> = {}) {
  const header = offers.split('|').map((parameters) => name + parameters)
  return acceptOffer(extensionsOf(header.join(',')), { ...all, ...terms })
}

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
  const offers = '; server_max_window_bits=10; client_max_window_bits|; server_max_window_bits=12|'
  expect(accepted(offers)?.agreement.serverWindowBits).toBe(10)
})

test('RFC 6455 §9.1: passes over extensions it does not know', () => {
  const offers = extensionsOf('x-webkit-deflate-frame, permessage-bzip2; a=1, permessage-deflate')
  expect(acceptOffer(offers, all)?.header).toBe(name)
  expect(acceptOffer(offers.slice(0, 2), all)).toBeUndefined()
  expect(acceptOffer([], all)).toBeUndefined()
})
