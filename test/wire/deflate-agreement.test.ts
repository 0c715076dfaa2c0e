// Whatever our server answers of permessage-deflate is what our client takes it for (RFC 7692 §7.1).

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { acceptOffer, offerOf, readAnswer } from '../../src/wire/deflate-agreement.ts'
import { all, extensionsOf, name } from '../support/deflate-offers.ts'

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
