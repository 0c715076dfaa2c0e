/**
 * `upstreams`: short forms, endpoint URLs, and what the endpoints of one upstream have in common.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withUpstream } from '../checking.ts'

const endpointsOf = (upstream: string) =>
  configOf(withUpstream(upstream)).upstreams[0]?.endpoints.map((each) => each.url)

describe('an upstream may be', () => {
  test.each([
    ['ws://a:9000', ['ws://a:9000']],
    ['[ws://a:9000, ws://b:9000]', ['ws://a:9000', 'ws://b:9000']],
    ['{ endpoints: [ws://a, { url: ws://b }] }', ['ws://a', 'ws://b']],
    ['[{ url: http://a }]', ['http://a']],
  ])('%s', (upstream, urls) => {
    expect(endpointsOf(upstream)).toEqual(urls)
  })

  test('in a short form, with the defaults of the long one', () => {
    const [short] = configOf(withUpstream('ws://a')).upstreams
    const [long] = configOf(withUpstream('{ endpoints: [ws://a] }')).upstreams
    expect(JSON.stringify(short)).toBe(JSON.stringify(long)) // two functions are never equal
  })
})

describe('an upstream is refused', () => {
  test.each([
    ['[]', '1:20+2 upstreams.chat: needs at least one endpoint'],
    ['{ endpoints: [] }', '1:33+2 upstreams.chat.endpoints: needs at least one endpoint'],
    [
      '{}',
      '1:14+4 upstreams.chat.endpoints: is missing; it must be a list of URLs; or give it discover, which finds them',
    ],
    [
      '{ endpoints: ws://a }',
      '1:33+6 upstreams.chat.endpoints: must be a list of URLs, not "ws://a"',
    ],
    ['5', '1:20+1 upstreams.chat: must be a URL, a list of URLs or a mapping, not 5'],
    ['[ws://a, 5]', '1:29+1 upstreams.chat[1]: must be a URL or a mapping, not 5'],
    [
      '{ endpoints: [{ url: ws://a, wieght: 2 }] }',
      '1:49+6 upstreams.chat.endpoints[0].wieght: unknown key; did you mean "weight"?',
    ],
    ['[ws://a, ws://b, ws://a/]', '1:37+7 upstreams.chat[2]: "ws://a" is listed twice'],
    [
      '[ws://a, http://b]',
      '1:29+8 upstreams.chat[1]: the endpoints of one upstream speak the same; the first speaks ws, this one http',
    ],
    [
      '{ endpoints: [ws://a], replay: off }',
      '1:43+6 upstreams.chat.replay: unknown key; known here: endpoints, discover, balancer, slow-start, queue, sticky, health, eject, retry, failover, drain, rebalance, tls, timeout, keep-alive',
    ],
    [
      '{ endpoints: [ws://a], timeout: { connect: 11m } }',
      '1:63+3 upstreams.chat.timeout.connect: must be from 10ms to 10m, not 11m',
    ],
    [
      '{ endpoints: [ws://a], timeout: { answer: off } }',
      '1:62+3 upstreams.chat.timeout.answer: cannot be off; it must be from 10ms to 1d',
    ],
    [
      '{ endpoints: [ws://a], keep-alive: { connections: 1025 } }',
      '1:70+4 upstreams.chat.keep-alive.connections: must be a whole number from 0 to 1024, not 1025',
    ],
    [
      '{ endpoints: [ws://a], keep-alive: { idle: 2h } }',
      '1:63+2 upstreams.chat.keep-alive.idle: must be from 10ms to 1h, not 2h',
    ],
  ])('as %s', (upstream, sentence) => {
    expect(told(withUpstream(upstream))).toEqual([sentence])
  })

  test('under a name that could be taken for a URL', () => {
    const text = 'listeners: [1]\nroutes: [{ respond: {} }]\nupstreams:\n  "a:b": ws://a\n'
    expect(told(text)).toEqual([
      '4:3+5 upstreams["a:b"]: an upstream name has letters, digits, ".", "-" and "_" only, at most 128; a space is missing: a: b',
    ])
  })

  test('in a list, which has no names', () => {
    expect(told('listeners: [1]\nroutes: [{ upstream: chat }]\nupstreams: [ws://a]\n')).toEqual([
      '3:12+8 upstreams: must be a mapping of names to endpoints, not a list',
    ])
  })
})
