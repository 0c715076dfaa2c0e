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
