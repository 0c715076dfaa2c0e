/**
 * `defaults`: merged under every listener, upstream and route.
 */
import { describe, expect, test } from 'bun:test'
import { certificates, configOf, told } from './checking.ts'

const file = (defaults: string, rest: string) => `defaults: ${defaults}\n${rest}`
const listeners = 'listeners: [8080]\n'
const routes = 'routes: [{ upstream: "ws://a" }]\n'

describe('defaults', () => {
  test('are had by every form of a listener, and what one says itself wins', () => {
    const text = file(
      '{ listener: { address: "::1", limits: { head: 2KB, headers: 5 } } }',
      `listeners: [1, "127.0.0.1:2", { port: 3, limits: { headers: 7 } }, unix:/a]\n${routes}`,
    )
    const all = configOf(text).listeners
    expect(all.map((each) => each.address)).toEqual(['::1', '127.0.0.1', '::1', '::1'])
    expect(all.map(({ limits }) => [limits.headBytes, limits.headers])).toEqual([
      [2_048, 5],
      [2_048, 5],
      [2_048, 7],
      [2_048, 5],
    ])
  })

  test('are had by every form of an upstream, those that a route names by URL too', () => {
    const text = file(
      '{ upstream: { timeout: { connect: 1s, answer: 2s } } }',
      `${listeners}upstreams: { a: ws://a, b: [ws://b], c: { endpoints: [ws://c], timeout: { answer: 3s } } }\n${routes}`,
    )
    expect(configOf(text).upstreams.map(({ name, timeout }) => [name, timeout])).toEqual([
      ['a', { connectMs: 1_000, answerMs: 2_000 }],
      ['b', { connectMs: 1_000, answerMs: 2_000 }],
      ['c', { connectMs: 1_000, answerMs: 3_000 }],
      ['ws://a', { connectMs: 1_000, answerMs: 2_000 }],
    ])
  })

  test('of what is one of several give way to an upstream that chooses another', () => {
    const text = file(
      '{ upstream: { balancer: { hash: { by: $request.host, bound: 150% } }, sticky: { cookie: at }, health: { path: /a, interval: 9s } } }',
      `${listeners}upstreams:
  same: { endpoints: [ws://a], balancer: { hash: { bound: 200% } }, health: { timeout: 1s } }
  other: { endpoints: [ws://a], balancer: { first: true }, sticky: { by: engine.io }, health: { tcp: true } }
  none: { endpoints: [ws://a], balancer: round-robin, sticky: off, health: off }
${routes}`,
    )
    const [same, other, none, given] = configOf(text).upstreams
    expect(same).toMatchObject({
      balancer: { type: 'hash', options: { by: { source: '$request.host' }, bound: 2 } },
      sticky: { kind: 'cookie', name: 'at' },
      health: { check: { type: 'path' }, intervalMs: 9_000, timeoutMs: 1_000 },
    })
    expect(other).toMatchObject({
      balancer: { type: 'first' },
      sticky: { kind: 'engine.io' },
      health: { check: { type: 'tcp' }, intervalMs: 9_000 },
    })
    expect(none).toMatchObject({
      balancer: { type: 'round-robin' },
      sticky: undefined,
      health: undefined,
    })
    expect(given).toMatchObject({
      balancer: { options: { bound: 1.5 } },
      health: { intervalMs: 9_000 },
    })
  })

  test('may be turned off by an upstream, and turned on again with the usual rest', () => {
    const text = file(
      '{ upstream: { eject: off, queue: { sessions: 5 }, slow-start: 10s } }',
      `${listeners}upstreams: { a: { endpoints: [ws://a], eject: { failures: 2 }, queue: off, slow-start: off } }\n${routes}`,
    )
    expect(configOf(text).upstreams).toMatchObject([
      { eject: { failures: 2, forMs: 30_000 }, queue: undefined, slowStartMs: undefined },
      { eject: undefined, queue: { sessions: 5, waitMs: 2_000 }, slowStartMs: 10_000 },
    ])
  })

  test('are merged deeply under a route, headers whatever their case', () => {
    const text = file(
      '{ route: { timeout: { idle: 1h, send: 5s }, answer: { headers: { set: { x-a: one, Server: two } } } } }',
      `${listeners}routes: [{ upstream: "ws://a", timeout: { idle: off }, answer: { headers: { set: { server: "" } } } }]\n`,
    )
    const [route] = configOf(text).routes
    expect(route?.timeout).toMatchObject({ idleMs: undefined, sendMs: 5_000 })
    expect(route?.answer.headers.set.map(({ name, value }) => [name, value.source])).toEqual([
      ['x-a', 'one'],
      ['server', ''],
    ])
  })

  test('mean nothing, and are no fault, for a route that answers by itself', () => {
    const text = file(
      '{ route: { origins: "*", forward: { host: endpoint } } }',
      `${listeners}routes: [{ respond: {} }, { path: /a, redirect: /b }]\n`,
    )
    expect(told(text)).toEqual([])
  })

  test('for TLS are no fault of an upstream without it', () => {
    const text = file(
      '{ upstream: { tls: { ca: ca.pem } } }',
      `${listeners}upstreams: { a: ws://a, b: wss://b }\n${routes}`,
    )
    expect(configOf(text, certificates).upstreams[1]?.tls.ca).toBe('/etc/sluice/ca.pem')
  })

  test.each([
    [
      '{ route: { timeout: { idle: 5 } } }',
      'route.timeout.idle: a duration needs a unit: 5ms, 5s, 5m, 5h or 5d',
    ],
    [
      '{ route: { colour: red } }',
      'route.colour: unknown key; known here: listeners, host, match, forward, answer, origins, framed, compression, limits, timeout, heartbeat',
    ],
    ['{ route: { path: /a } }', 'route.path: has no default: every route gives its own'],
    [
      '{ route: { listeners: [nine] } }',
      'route.listeners[0]: unknown listener "nine"; the listeners are 8080',
    ],
    ['{ route: { origins: [] } }', 'route.origins: must not be empty; "*" lets every origin in'],
    [
      '{ upstream: { endpoints: [ws://a] } }',
      'upstream.endpoints: has no default: every upstream gives its own',
    ],
    [
      '{ upstream: { health: { interval: 5s } } }',
      'upstream.health: needs one of path, tcp, websocket',
    ],
    [
      '{ upstream: { balancer: hahs } }',
      'upstream.balancer: unknown balancer "hahs"; did you mean "hash"?',
    ],
    ['{ listener: { tls: {} } }', 'listener.tls: has no default: every listener gives its own'],
    ['{ listener: [] }', 'listener: must be a mapping, not a list'],
    ['{ listeners: {} }', 'listeners: unknown key; did you mean "listener"?'],
  ])('with a fault, %s, tell it once and at its own place', (defaults, sentence) => {
    const text = file(
      defaults,
      `${listeners}upstreams: { a: ws://a, b: ws://b }\nroutes: [{ path: /a, upstream: a }, { path: /b, upstream: b }]\n`,
    )
    expect(told(text).map((each) => each.replace(/^\S+ /, ''))).toEqual([`defaults.${sentence}`])
  })

  test('tell a missing file of many upstreams once', () => {
    const text = file(
      '{ upstream: { tls: { ca: none.pem } } }',
      `${listeners}upstreams: { a: wss://a, b: wss://b }\n${routes}`,
    )
    expect(told(text, certificates).map((each) => each.split(': ')[0])).toEqual([
      '1:36+8 defaults.upstream.tls.ca',
    ])
  })

  test('are held against a route that cannot have them, at that route', () => {
    const text = file(
      '{ route: { forward: { path: "/{request.path.room}" } } }',
      `${listeners}routes: [{ path: /a, upstream: "ws://a" }, { path: "/b/:room", upstream: "ws://a" }]\n`,
    )
    expect(told(text)).toEqual([
      '3:10+32 routes[0].forward.path: uses request.path.room, and the path "/a" has no :room; write the path like /chat/:room',
    ])
  })
})
