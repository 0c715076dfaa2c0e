/**
 * Whether another server can go on with what was agreed with the first, where the gateway compresses for both.
 */
import { expect, test } from 'bun:test'
import { ExtensionOffer, renewalOf } from '../../../src/proxy/framing.ts'
import { Compression } from '../../../src/wire/compression.ts'
import { inflaterBytes } from '../../../src/wire/raw-deflate.ts'
import { factsOf } from '../../support/facts.ts'
import { movingPlan } from '../../support/moving.ts'

const ours = 'permessage-deflate; client_no_context_takeover'
const without = `${ours}; server_no_context_takeover`

/** @param windows how many there is memory for. @param now what the second server agrees to, the first having kept one. */
function renew(windows: number, now: string | undefined) {
  const keys = 'compression: { upstream: true, context-takeover: true }'
  const { route } = movingPlan({ route: keys })
  // Three quarters of it are for what is kept.
  const compression = new Compression(1.5 * windows * inflaterBytes(15))
  const first = new ExtensionOffer(factsOf(), route, compression, true)
  expect(first.texts[0]).not.toContain('server_no_context_takeover')
  const offer = new ExtensionOffer(factsOf(), route, compression, true)
  const renewal = renewalOf({ before: ours, now }, { route, compression, offer })
  renewal.release()
  first.withdraw()
  return { text: offer.texts[0], compression }
}

// The first server's answer was read as one to the new offer, which grants no window, and fitted no server any more.
test('a server is gone on at without a window, where the first had one and there is no memory for a second', () => {
  const { text, compression } = renew(1, without)
  expect(text).toContain('server_no_context_takeover')
  expect(compression.usedBytes).toBe(0)
})

test('and with one where there is', () => {
  const { text, compression } = renew(2, ours)
  expect(text).not.toContain('server_no_context_takeover')
  expect(compression.usedBytes).toBe(0)
})

test('one that takes a window that it was not offered is passed over', () => {
  expect(() => renew(1, ours)).toThrow('server_no_context_takeover')
})

test('one that compresses no more is passed over, as the client goes on compressing', () => {
  expect(() => renew(2, undefined)).toThrow('another compression')
})
