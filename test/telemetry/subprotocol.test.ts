/**
 * Which subprotocols may be shown, and which may be a token in disguise.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { publicSubprotocol, withheld } from '../../src/telemetry/subprotocol.ts'

describe('a subprotocol', () => {
  test.each([
    'graphql-transport-ws',
    'graphql-ws',
    'mqtt',
    'mqttv3.1',
    'v12.stomp',
    'ocpp2.0.1',
    'wamp.2.msgpack.batched',
    'actioncable-v1-json',
    'json.reliable.webpubsub.azure.v1',
    'v5.channel.k8s.io',
    'xmpp',
    'soap',
    'lws-mirror-protocol',
    'com.example.chat',
  ])('%s reads like a name and is shown', (name) => {
    expect(publicSubprotocol(name)).toBe(name)
  })

  test.each([
    'bearer.s3cret',
    'access_token-abc',
    'base64url.bearer.authorization.k8s.io.ZXlKaGJHY2lPaUpTVXpJMU5pSjk',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N',
    '550e8400-e29b-41d4-a716-446655440000',
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    '0123456789abcdef',
    'x'.repeat(49),
  ])('%s may be a secret and is withheld', (name) => {
    expect(publicSubprotocol(name)).toBe(withheld)
  })

  test('that is the digest or the signature of anything is withheld', () => {
    const secrets = fc.uint8Array({ minLength: 16, maxLength: 64 })
    fc.assert(
      fc.property(
        secrets,
        fc.constantFrom('hex' as const, 'base64url' as const),
        (bytes, coding) => {
          const text = Buffer.from(bytes).toString(coding)
          // Bytes that happen to be letters alone are not what a random generator gives.
          fc.pre(/\d/.test(text) && new Set(text).size > 8)
          expect(publicSubprotocol(text)).toBe(withheld)
        },
      ),
    )
  })

  test('that was not agreed on is none', () => {
    expect(publicSubprotocol(undefined)).toBeUndefined()
  })
})
