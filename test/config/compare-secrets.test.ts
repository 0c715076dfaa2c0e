/**
 * What is never told of a difference, though the difference is.
 */
import { describe, expect, test } from 'bun:test'
import { compareConfigs } from '../../src/config/compare.ts'
import { configOf, withRoutes, type World } from './checking.ts'

function changes(before: string, after: string, was: World, is: World): string[] {
  return compareConfigs(configOf(before, was), configOf(after, is)).map(
    ({ part, words }) => `${part}: ${words}`,
  )
}

const world = (env: Readonly<Record<string, string>>): World => ({ env, file: '/s.yaml' })

describe('a value is not told that came from a variable', () => {
  const rest = 'listeners: [8080]\nroutes: [{ upstream: chat }]\n'
  test.each([
    ['upstreams: { chat: "ws://a/${env:X}" }', '1', '2', 'upstream: endpoints changed'],
    ['upstreams: { chat: ["ws://b", "ws://a/${env:X}"] }', '1', '2', 'upstream: endpoints changed'],
    [
      'upstreams: { chat: [{ url: ws://b, weight: "${env:X}" }] }',
      '1',
      '2',
      'upstream: endpoints ws://b weight changed',
    ],
    [
      'upstreams: { chat: ws://a }\ndefaults: { upstream: { balancer: { hash: "$request.header.${env:X}" } } }',
      'a',
      'b',
      'upstream: balancer.hash changed',
    ],
    [
      'upstreams: { chat: ws://a }\ndefaults: { route: { origins: ["https://${env:X}.com"] } }',
      'a',
      'b',
      'route: origins changed',
    ],
    [
      'upstreams: { chat: ws://a }\nleave: { window: "${env:X}" }',
      '1s',
      '2s',
      'leave: window changed',
    ],
    [
      'upstreams: { chat: ws://a }\nadmin: "127.0.0.1:${env:X}"',
      '9090',
      '9091',
      'admin: port changed',
    ],
    [
      'x: 1\nupstreams: { chat: { endpoints: &e ["ws://${env:X}"] }, other: { endpoints: *e } }'.slice(
        5,
      ),
      'a',
      'b',
      'upstream: endpoints changed',
    ],
  ])('in %s', (keys, before, after, told) => {
    const file = `${keys}\n${rest}`
    const lines = changes(file, file, world({ X: before }), world({ X: after }))
    expect([...new Set(lines)]).toEqual([told])
  })

  test('nor what took its place, while what stands beside it is', () => {
    const file = (limits: string) => withRoutes(`{ name: a, upstream: chat, limits: ${limits} }`)
    const before = file('{ sessions: "${env:X}", message: 1KB }')
    const after = file('{ sessions: 7, message: 2KB }')
    expect(changes(before, after, world({ X: '5' }), world({}))).toEqual([
      'route: limits.sessions changed, limits.message 1KB → 2KB',
    ])
  })

  test('though an own value beside a default from one is', () => {
    const file = (sessions: string) =>
      `${withRoutes(`{ name: a, upstream: chat, limits: { message: ${sessions} } }`)}defaults: { route: { limits: { sessions: "\${env:X}" } } }`
    expect(changes(file('1KB'), file('2KB'), world({ X: '5' }), world({ X: '5' }))).toEqual([
      'route: limits.message 1KB → 2KB',
    ])
  })
})

test('what is in a file of ${file:…} is compared, and not told', () => {
  const file = withRoutes('{ name: a, upstream: chat, limits: { messages: "${file:rate}" } }')
  const was = { file: '/etc/s.yaml', files: { '/etc/rate': '5/s\n' } }
  const is = { file: '/etc/s.yaml', files: { '/etc/rate': '6/s\n' } }
  expect(changes(file, file, was, is)).toEqual(['route: limits.messages changed'])
  expect(configOf(file, was).written.files).toEqual(['/etc/rate'])
})

test.each([
  ['forward: { headers: { set: { authorization: ZZ } } }', 'forward.headers.set.authorization'],
  ['answer: { headers: { set: { x-key: ZZ } } }', 'answer.headers.set.x-key'],
  ['match: { header: { x-key: ZZ } }', 'match.header.x-key'],
  ['match: { cookie: { key: [ZZ] } }', 'match.cookie.key'],
  ['match: { query: { key: ZZ } }', 'match.query.key'],
])('of %s only the name is told', (keys, name) => {
  const route = (each: string) => withRoutes(`{ name: a, upstream: chat, ${each} }`)
  const [first, second] = [keys.replace('ZZ', 'hush1'), keys.replace('ZZ', 'hush2')]
  const without = route('limits: {}')
  const nowhere = world({})
  expect(changes(route(first), route(second), nowhere, nowhere)).toEqual([`route: ${name} changed`])
  expect(changes(without, route(first), nowhere, nowhere)).toEqual([`route: ${name} added`])
  expect(changes(route(first), without, nowhere, nowhere)).toEqual([`route: ${name} removed`])
})

test.each([
  ['redirect: https://a.com/', 'redirect: "https://hush:hush@b.com/"', 'https://…@b.com/'],
  ['redirect: https://a.com/', 'redirect: "https://a.com/b?key=hush"', 'https://a.com/b?…'],
])('of the URL in %s → %s neither user nor query is told', (before, after, told) => {
  const [line] = changes(
    withRoutes(`{ name: a, ${before} }`),
    withRoutes(`{ name: a, ${after} }`),
    world({}),
    world({}),
  )
  expect(line).toBe(`route: redirect https://a.com/ → ${told}`)
})

test.each([
  ['forward: { path: "/a?key=hush" }', 'forward: { path: "/a?key=hush2" }', 'forward.path changed'],
  [
    'forward: { path: "{request.path}?key=hush" }',
    'forward: { path: "{request.path}" }',
    'forward.path {request.path}?… → {request.path}',
  ],
])('of the path in %s → %s no query is told', (before, after, told) => {
  const route = (keys: string) => withRoutes(`{ name: a, upstream: chat, ${keys} }`)
  expect(changes(route(before), route(after), world({}), world({}))).toEqual([`route: ${told}`])
})

test('headers of an answer of one`s own are not told, nor the token of the admin port', () => {
  const answer = (value: string) =>
    withRoutes(`{ name: a, respond: { headers: { x-a: ${value} } } }`)
  const nowhere = world({})
  expect(changes(answer('hush1'), answer('hush2'), nowhere, nowhere)).toEqual([
    'route: respond.headers.x-a changed',
  ])
  const redirect = withRoutes('{ name: a, redirect: /b }')
  expect(changes(redirect, answer('hush'), nowhere, nowhere)).toEqual([
    'route: respond added, redirect /b → none',
  ])
  const admin = (token: string) =>
    `listeners: [1]\nroutes: [{ respond: {} }]\nadmin: { port: 9090, token: ${token} }\n`
  expect(changes(admin('hushhushhushhush1'), admin('hushhushhushhush2'), nowhere, nowhere)).toEqual(
    ['admin: token changed'],
  )
})
