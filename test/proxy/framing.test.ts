/** What an endpoint is offered of compression, and the memory that is kept for it. */
import { describe, expect, test } from 'bun:test'
import { loadConfig } from '../support/load-config.ts'
import { ExtensionOffer } from '../../src/proxy/framing.ts'
import { planOf } from '../../src/proxy/plan.ts'
import { Compression } from '../../src/wire/compression.ts'
import { inflaterBytes } from '../../src/wire/raw-deflate.ts'
import { quietHost } from '../support/pool-host.ts'
import { factsOf } from '../support/facts.ts'
import { relayTo } from '../support/gateway.ts'

function offer(keys: string, limitBytes: number) {
  const yaml = relayTo('ws://127.0.0.1:1', `compression: ${keys}`)
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error('the configuration is not one')
  const [route] = planOf(loaded.config, quietHost).all
  if (route === undefined) throw new Error('there is no route')
  const compression = new Compression(limitBytes)
  const facts = factsOf(['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'])
  return { compression, made: new ExtensionOffer(facts, route, compression) }
}

const kept = '{ upstream: true, context-takeover: true, window-bits: 12 }'
const oneWindow = inflaterBytes(12)
const agreement = {
  clientWindowBits: 12,
  serverWindowBits: 12,
  clientTakeover: true,
  serverTakeover: true,
}

describe('an endpoint is offered', () => {
  test.each([
    ['pass', ['permessage-deflate; client_max_window_bits']],
    ['off', []],
    ['gateway', []],
    [kept, ['permessage-deflate; server_max_window_bits=12; client_max_window_bits=12']],
  ])('with compression: %s', (keys, texts) => {
    const { texts: made } = offer(keys, 1e7).made
    expect(made.map((each) => each.split('; ').toSorted())).toEqual(
      texts.map((each) => each.split('; ').toSorted()),
    )
  })

  // Where there was none it was offered all the same, and sessions were refused with 503.
  test('to keep a window only where there is memory for it', () => {
    const { made, compression } = offer(kept, oneWindow)
    expect(made.texts[0]).toContain('server_no_context_takeover')
    expect(compression.usedBytes).toBe(0)
  })
})

describe('the memory for its window', () => {
  test('is taken with the offer, and given back if nothing comes of it', () => {
    const { made, compression } = offer(kept, 1e7)
    expect(compression.usedBytes).toBe(oneWindow)
    made.withdraw()
    made.withdraw()
    expect(compression.usedBytes).toBe(0)
  })

  test.each([
    ['that it keeps', agreement, oneWindow],
    ['that is smaller than offered', { ...agreement, serverWindowBits: 9 }, inflaterBytes(9)],
    ['that it does not keep', { ...agreement, serverTakeover: false }, 0],
    ['of an endpoint that declines', undefined, 0],
  ])('%s is what the session has from then on', (_, agreed, bytes) => {
    const { made, compression } = offer(kept, 1e7)
    made.settle(agreed)
    made.withdraw()
    expect(compression.usedBytes).toBe(bytes)
  })
})
