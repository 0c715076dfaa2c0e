/**
 * `framed` and `compression`: what each means for the other, for heartbeats, and above defaults.
 */
import { describe, expect, test } from 'bun:test'
import type { CompressionConfig, RouteConfig } from '../../src/config/config.ts'
import { configOf, load, told, type World } from './checking.ts'

const asGateway: CompressionConfig = {
  thresholdBytes: 1_024,
  windowBits: 15,
  clientTakeover: false,
  serverTakeover: false,
  level: 2,
  upstream: false,
}

/** The keys of a route as they stand in a file, behind its upstream. */
const fileOf = (route: string, defaults = '') =>
  `defaults: { route: { ${defaults} } }\nlisteners: [8080]\nroutes:\n  - { upstream: "ws://a", ${route} }\n`

function routeOf(route: string, defaults?: string, world?: World): RouteConfig {
  const [found] = configOf(fileOf(route, defaults), world).routes
  if (found === undefined) throw new Error('there is no route')
  return found
}

describe('a route', () => {
  test.each<[string, Pick<RouteConfig, 'framed' | 'compression'>]>([
    ['', { framed: false, compression: 'pass' }],
    ['framed: false', { framed: false, compression: 'pass' }],
    ['compression: off', { framed: false, compression: 'off' }],
    ['framed: true', { framed: true, compression: asGateway }],
    ['compression: gateway', { framed: true, compression: asGateway }],
    ['compression: {}', { framed: true, compression: asGateway }],
    ['framed: true, compression: off', { framed: true, compression: 'off' }],
    ['framed: true, compression: gateway', { framed: true, compression: asGateway }],
    ['framed: false, compression: pass', { framed: false, compression: 'pass' }],
    [
      'compression: { threshold: 0, level: 9 }',
      { framed: true, compression: { ...asGateway, thresholdBytes: 0, level: 9 } },
    ],
  ])('that says { %s } has the rest that goes with it', (route, expected) => {
    const { framed, compression } = routeOf(route)
    expect({ framed, compression }).toEqual(expected)
  })

  test.each([
    ['false', false, false],
    ['true', true, true],
    ['client', true, false],
    ['server', false, true],
  ])('keeps with context-takeover: %s the windows of these sides', (word, client, server) => {
    const expected = { ...asGateway, clientTakeover: client, serverTakeover: server }
    expect(routeOf(`compression: { context-takeover: ${word} }`).compression).toEqual(expected)
    const env = { WORD: word }
    const asked = 'compression: { context-takeover: "${env:WORD}" }'
    expect(routeOf(asked, '', { env }).compression).toEqual(expected)
  })

  test.each([
    ['gateway', [30_000, 30_000]],
    ['pass', [undefined, undefined]],
    ['off', [undefined, undefined]],
    ['gateway, heartbeat: { client: off }', [undefined, 30_000]],
    ['gateway, heartbeat: { upstream: off }', [30_000, undefined]],
    ['gateway, heartbeat: { client: 5s, timeout: 1s }', [5_000, 30_000]],
    ['pass, heartbeat: { upstream: 5s }', [undefined, 5_000]],
    ['off, framed: true', [30_000, 30_000]],
  ])('with compression: %s pings silent clients and endpoints after %p', (keys, expected) => {
    const { clientMs, upstreamMs } = routeOf(`compression: ${keys}`).heartbeat
    expect([clientMs, upstreamMs]).toEqual(expected)
  })

  test('keeps what its defaults say of heartbeats', () => {
    const { heartbeat } = routeOf('framed: true', 'heartbeat: { client: off, upstream: 5s }')
    expect(heartbeat).toEqual({ clientMs: undefined, upstreamMs: 5_000, timeoutMs: 10_000 })
  })
})

describe('above defaults, what a route says itself wins:', () => {
  const level6 = { ...asGateway, level: 6 }

  test.each<[string, string, Pick<RouteConfig, 'framed' | 'compression'>]>([
    ['', 'compression: { level: 6 }', { framed: true, compression: level6 }],
    ['framed: true', 'compression: { level: 6 }', { framed: true, compression: level6 }],
    ['compression: gateway', 'compression: { level: 6 }', { framed: true, compression: level6 }],
    [
      'compression: { threshold: 0 }',
      'compression: { level: 6 }',
      { framed: true, compression: { ...level6, thresholdBytes: 0 } },
    ],
    ['compression: { level: 6 }', 'compression: gateway', { framed: true, compression: level6 }],
    ['compression: gateway', 'compression: pass', { framed: true, compression: asGateway }],
    ['compression: gateway', 'framed: false', { framed: true, compression: asGateway }],
    ['framed: true', 'compression: pass', { framed: true, compression: asGateway }],
    ['framed: true', 'compression: off', { framed: true, compression: 'off' }],
    ['framed: false', 'compression: gateway', { framed: false, compression: 'pass' }],
    ['framed: false', 'framed: true, compression: off', { framed: false, compression: 'off' }],
    ['compression: pass', 'framed: true', { framed: false, compression: 'pass' }],
    ['compression: pass', 'compression: { level: 6 }', { framed: false, compression: 'pass' }],
    ['compression: off', 'compression: gateway', { framed: false, compression: 'off' }],
    ['compression: off', 'framed: true', { framed: true, compression: 'off' }],
  ])('{ %s } above { %s }', (route, defaults, expected) => {
    const { framed, compression } = routeOf(route, defaults)
    expect({ framed, compression }).toEqual(expected)
  })

  const framings = ['', 'framed: true, ', 'framed: false, ']
  const compressions = ['', 'pass', 'off', 'gateway', '{ level: 6 }']
  const all = framings.flatMap((framed) =>
    compressions.map((word) => framed + (word === '' ? '' : `compression: ${word}`)),
  )
  const contradicts = (keys: string) => told(fileOf(keys)).length > 0

  test('only what contradicts itself is refused, and a Config never does', () => {
    expect(all.filter(contradicts)).toEqual([
      'framed: true, compression: pass',
      'framed: false, compression: gateway',
      'framed: false, compression: { level: 6 }',
    ])
    for (const route of all)
      for (const defaults of all) {
        const loaded = load(fileOf(route, defaults))
        const name = `{ ${route} } above { ${defaults} }`
        expect(loaded.ok, name).toBe(!contradicts(route) && !contradicts(defaults))
        if (!loaded.ok) continue
        const { framed, compression } = loaded.config.routes[0] ?? {}
        expect(framed ? compression !== 'pass' : typeof compression === 'string', name).toBe(true)
      }
  })
})

test('values from the environment contradict each other too', () => {
  const env = { FRAMED: 'true', COMPRESSION: 'pass' }
  const route = 'framed: "${env:FRAMED}", compression: "${env:COMPRESSION}"'
  expect(told(fileOf(route), { env })[0]).toContain('compression: pass is for a tunnel')
  expect(told(fileOf(route), { env: { ...env, FRAMED: 'false' } })).toEqual([])
})

test('a fault in one of the two hides none in the other', () => {
  const sentences = told(fileOf('framed: yes, compression: { level: 0 }'))
  expect(sentences.map((each) => each.replace(/^\S+ routes\[0\]\./, ''))).toEqual([
    'framed: must be true or false, not "yes"; write true',
    'compression.level: must be a whole number from 1 to 9, not 0',
  ])
})

test('defaults mean nothing, and are no fault, where a route has no sessions', () => {
  const rest = 'routes: [{ path: /a, respond: {} }, { path: /b, upstream: "http://a" }]\n'
  expect(told(`defaults: { route: { framed: true } }\nlisteners: [8080]\n${rest}`)).toEqual([])
})

describe('limits of all sessions together', () => {
  const refused = (limits: string) =>
    told(`limits: ${limits}\nlisteners: [8080]\nroutes: [{ respond: {} }]\n`).map((each) =>
      each.replace(/^\S+ /, ''),
    )

  test.each([
    ['{ compression-memory: 512KB }', 'must be from 1MB to 64GB, not 512KB'],
    ['{ compression-memory: off }', 'must be a size, one whole number and one unit'],
    ['{ message: 1MB }', 'is a limit of routes: give it there, or in defaults.route.limits'],
    ['{ clients: 5 }', 'is a limit of listeners: give it there, or in defaults.listener.limits'],
  ])('are refused in %s', (limits, sentence) => {
    expect(refused(limits)).toEqual([expect.stringContaining(sentence)])
  })

  test('do not stand in a route', () => {
    expect(told(fileOf('limits: { compression-memory: 1MB }'))[0]).toEndWith(
      'is for all routes together: it stands in limits at the top',
    )
  })
})
