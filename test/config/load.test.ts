/**
 * Loading never throws: whatever the text, the answer is a configuration or problems with true places.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatProblems } from '../../src/config/report.ts'
import type { Config } from '../../src/config/config.ts'
import { configOf, load } from './checking.ts'

const valid = `
listeners:
  - 8080
  - { name: public, port: "\${env:PORT:-8443}", address: 127.0.0.1, limits: { head: 16KB, clients: off } }
  - { unix: /run/a.sock, proxy-protocol: true, trusted-proxies: [10.0.0.0/8, private], redirect: https }
defaults: { route: { timeout: { send: 5s } }, upstream: { timeout: { connect: 1s } } }
upstreams:
  chat: &chat [ws://a:9000, "ws://[::1]:9000/base"]
  spare: *chat
  orders: { endpoints: [{ url: http://o, weight: 2 }], timeout: { answer: 5s }, keep-alive: { idle: 2s } }
  found: { discover: { dns: a.internal, port: 1 }, balancer: { hash: $request.host }, sticky: { by: engine.io } }
  asked: { endpoints: [ws://d], health: { path: /a }, eject: off, retry: { budget: 5% }, queue: { wait: 1s } }
routes:
  - host: [chat.example.com, "*.chat.example.com"]
    path: /chat/:room
    upstream: chat
    origins: [https://app.example.com]
    timeout: { idle: off, age: 1d }
    limits: { messages: 50/s, bytes: { rate: 1MB/s, over: close } }
  - path: /rooms/:room/*
    match: { header: { x-a: [1, two] }, query: { v: true }, subprotocol: [mqtt] }
    upstream: { chat: 95, "ws+unix:/run/b.sock:/base": 5 }
    split-by: $request.cookie.user
    forward: { path: "/{request.path.*}?r={request.path.room}", host: endpoint, headers: { set: { x-b: $request.address }, remove: [cookie] } }
  - { path: /old, redirect: { to: "https://a.com{request.target}", status: 308 } }
  - { path: /ping, listeners: [public], respond: { status: 200, body: { ok: true }, headers: { x-a: b } } }
leave: { delay: 0s }
admin: { port: 9090, token: 0123456789abcdef }
log: { level: off }
`

/** What a person's slip may put into a file, or take its place. */
const slip = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    '\t',
    '\n',
    '\r',
    '\0',
    '\ufeff',
    '\ud800',
    '\u2028',
    '---\n',
    ': ',
    '- ',
    '? ',
    '!x ',
  ),
  fc.constantFrom(
    ':',
    '{',
    '}',
    '[',
    ']',
    '*',
    '&a ',
    '"',
    "'",
    '#',
    '|',
    '>',
    '%',
    '@',
    '://',
    '~',
  ),
  fc.constantFrom(
    '${env:',
    '${file:/x}',
    '<<: ',
    '__proto__: ',
    'constructor: ',
    'off',
    '-1',
    '1e999',
    '.inf',
  ),
)

/** The valid file with a few stretches replaced. */
const mutated = fc
  .array(fc.tuple(fc.nat(valid.length), fc.nat(12), slip), { minLength: 1, maxLength: 4 })
  .map((edits) =>
    edits.reduce(
      (text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length),
      valid,
    ),
  )

/** Throws unless every place is true: that line has that text, and the mark lies within it. */
function checkPlaces(text: string): void {
  const loaded = load(text)
  if (loaded.ok) return checkWhole(loaded.config)
  const lines = text.replace(/^\ufeff/, '').split('\n')
  expect(loaded.problems.length).toBeGreaterThan(0)
  for (const { place, message } of loaded.problems) {
    const line = lines[(place?.line ?? 0) - 1]
    expect(line).toStartWith(place?.text ?? '?')
    expect(place?.column).toBeGreaterThan(0)
    expect((place?.column ?? 0) - 1).toBeLessThanOrEqual(line?.length ?? 0)
    expect(message).not.toContain('[object')
    expect(message).not.toContain('Invalid input') // a sentence of zod's own
  }
  expect(formatProblems(loaded.problems, { colours: false })).toContain('sluice.yaml')
}

/** What everybody who is handed a Config relies on. */
function checkWhole({ listeners, upstreams, routes }: Config): void {
  const listenerNames = new Set(listeners.map((each) => each.name))
  const upstreamNames = new Set(upstreams.map((each) => each.name))
  expect(listenerNames.size).toBe(listeners.length)
  expect(upstreamNames.size).toBe(upstreams.length)
  expect(new Set(routes.map((each) => each.name)).size).toBe(routes.length)
  for (const { endpoints, discover } of upstreams)
    expect(discover !== undefined || endpoints.length > 0).toBe(true)
  for (const { upstreams: shares, respond, redirect, listeners: named } of routes) {
    expect(shares.length === 0).toBe(respond !== undefined || redirect !== undefined)
    for (const { name } of shares) expect(upstreamNames).toContain(name)
    for (const name of named) expect(listenerNames).toContain(name)
  }
}

// zod compared the list's `length` without asking for a list first, and threw on this one.
test('a mapping with a key length is no list', () => {
  checkPlaces('listeners: { length: {} }\nroutes: { length: 0 }\n')
  const loaded = load('listeners: { length: {} }\nroutes: { length: 0 }\n')
  expect(loaded).toMatchObject({ ok: false, problems: [{ path: 'listeners' }, { path: 'routes' }] })
})

describe('loading never throws, and its places are true,', () => {
  test('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), checkPlaces), {
      numRuns: 500,
    })
  })

  test('for a valid file with slips in it', () => {
    expect(configOf(valid).routes).toHaveLength(4)
    fc.assert(fc.property(mutated, checkPlaces), { numRuns: 500 })
  }, 60_000)

  test('for any value in any place of a file', () => {
    const places = `
      listeners listeners.0 listeners.0.limits listeners.0.timeout.head upstreams upstreams.chat
      upstreams.chat.endpoints upstreams.chat.endpoints.0 routes routes.0 routes.0.host
      routes.0.listeners routes.0.respond routes.0.respond.headers routes.0.origins
      routes.0.limits.sessions routes.0.path routes.0.upstream leave log listeners.0.tls
      listeners.0.trusted-proxies upstreams.chat.tls routes.0.match.header.x-a routes.0.forward
      routes.0.forward.headers.set routes.0.redirect routes.0.limits.messages admin defaults
      defaults.route defaults.upstream.tls plugins plugins.0 secret upstreams.chat.balancer
      upstreams.chat.balancer.hash upstreams.chat.discover upstreams.chat.health upstreams.chat.sticky
      upstreams.chat.sticky.cookie upstreams.chat.eject upstreams.chat.retry.statuses upstreams.chat.queue
      defaults.upstream defaults.upstream.balancer defaults.upstream.health
    `
    const file = () => ({
      listeners: [{ port: 1, limits: {}, timeout: {} }],
      upstreams: { chat: { endpoints: ['ws://a'] } },
      routes: [{ respond: {}, limits: {} }],
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...places.trim().split(/\s+/)),
        fc.jsonValue({ maxDepth: 3 }),
        (place, value) => {
          checkPlaces(JSON.stringify(replaced(file(), place.split('.'), value)))
        },
      ),
      { numRuns: 500 },
    )
  }, 60_000)
})

function replaced(holder: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(holder)) return holder.map((item) => replaced(item, rest, value))
  const mapping = Object.entries(holder ?? {})
  const inner: unknown = mapping.find(([name]) => name === key)?.[1]
  return { ...Object.fromEntries(mapping), [key]: replaced(inner, rest, value) }
}
