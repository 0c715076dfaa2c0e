/**
 * The schema as a whole: its defaults, its documentation, and the JSON Schema that is made from it.
 */
import { expect, test } from 'bun:test'
import { z } from 'zod'
import { configSchema, type Config } from '../../src/config/schema.ts'
import { configOf } from './checking.ts'

test('the smallest file gives a whole configuration, every default filled in', () => {
  const config: Config = {
    listeners: [
      {
        name: '8080',
        address: '::',
        port: 8080,
        limits: { headBytes: 16_384, headers: 100, clients: undefined },
        timeout: { headMs: 10_000, bodyMs: 60_000, idleMs: 75_000 },
      },
    ],
    upstreams: [
      {
        name: 'ws://localhost:9000',
        endpoints: [
          { url: 'ws://localhost:9000', scheme: 'ws', host: 'localhost', port: 9000, path: '' },
        ],
        timeout: { connectMs: 5_000, answerMs: 30_000 },
        keepAlive: { connections: 64, idleMs: 4_000 },
      },
    ],
    routes: [
      {
        name: '/*',
        listeners: [],
        host: [],
        path: '/*',
        upstream: 'ws://localhost:9000',
        respond: undefined,
        origins: undefined,
        limits: {
          sessions: undefined,
          messageBytes: 1_048_576,
          frameBytes: 1_048_576,
          pendingBytes: 262_144,
        },
        timeout: {
          handshakeMs: 10_000,
          idleMs: undefined,
          sendMs: 60_000,
          closeMs: 5_000,
          ageMs: undefined,
        },
      },
    ],
    leave: { delayMs: 0, windowMs: 10_000 },
    log: { level: 'info', format: undefined },
  }
  const text = 'listeners: [8080]\nroutes: [{ upstream: ws://localhost:9000 }]\n'
  expect(configOf(text)).toEqual(config)
})

test('every key that can be given is taken over, in the unit of its name', () => {
  const text = `
listeners:
  - name: public
    address: 127.0.0.1
    port: 8443
    limits: { head: 32KB, headers: 50, clients: 9000 }
    timeout: { head: 1s, body: 2s, idle: 3s }
upstreams:
  chat:
    endpoints: [ws://10.0.0.1:9000/base, { url: "ws://[::1]:9000" }]
    timeout: { connect: 4s, answer: 5s }
    keep-alive: { connections: 8, idle: 6s }
routes:
  - name: chat
    listeners: [public]
    host: [Chat.example.com, "*.chat.example.com"]
    path: /chat/:room
    upstream: chat
    origins: [https://app.example.com, "http://localhost:3000"]
    limits: { sessions: 10000, message: 2MB, frame: 3MB, pending: 64KB }
    timeout: { handshake: 7s, idle: 1h, send: 8s, close: 9s, age: 1d }
leave: { delay: 5s, window: 1m }
log: { level: debug, format: json }
`
  const endpoint = { scheme: 'ws', port: 9000 }
  expect(configOf(text)).toEqual({
    listeners: [
      {
        name: 'public',
        address: '127.0.0.1',
        port: 8443,
        limits: { headBytes: 32_768, headers: 50, clients: 9_000 },
        timeout: { headMs: 1_000, bodyMs: 2_000, idleMs: 3_000 },
      },
    ],
    upstreams: [
      {
        name: 'chat',
        endpoints: [
          { ...endpoint, url: 'ws://10.0.0.1:9000/base', host: '10.0.0.1', path: '/base' },
          { ...endpoint, url: 'ws://[::1]:9000', host: '::1', path: '' },
        ],
        timeout: { connectMs: 4_000, answerMs: 5_000 },
        keepAlive: { connections: 8, idleMs: 6_000 },
      },
    ],
    routes: [
      {
        name: 'chat',
        listeners: ['public'],
        host: ['chat.example.com', '*.chat.example.com'],
        path: '/chat/:room',
        upstream: 'chat',
        respond: undefined,
        origins: ['https://app.example.com', 'http://localhost:3000'],
        limits: {
          sessions: 10_000,
          messageBytes: 2_097_152,
          frameBytes: 3_145_728,
          pendingBytes: 65_536,
        },
        timeout: {
          handshakeMs: 7_000,
          idleMs: 3_600_000,
          sendMs: 8_000,
          closeMs: 9_000,
          ageMs: 86_400_000,
        },
      },
    ],
    leave: { delayMs: 5_000, windowMs: 60_000 },
    log: { level: 'debug', format: 'json' },
  } as Config)
})

interface JsonSchema {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly required?: readonly string[]
}

const json = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema

/** Every key that a person can write, by its path in the schema. */
function* keysOf(schema: JsonSchema, path: string): Generator<[string, JsonSchema]> {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${key}`, child]
    yield* keysOf(child, `${path}.${key}`)
  }
  const inner = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
  for (const child of [...inner, ...(schema.items === undefined ? [] : [schema.items])]) {
    yield* keysOf(child, `${path}[]`)
  }
  for (const child of schema.anyOf ?? []) yield* keysOf(child, path)
}

const keys = new Map(keysOf(json, ''))

test('every key has one sentence of documentation', () => {
  expect(keys.size).toBeGreaterThan(45)
  const undocumented = [...keys].filter(
    ([, key]) => !/^["A-Z].*[^.]\.$/.test(key.description ?? ''),
  )
  expect(undocumented.map(([path]) => path)).toEqual([])
})

test('only the listeners, the routes, a port and an endpoint have no default', () => {
  const required = new Set<string>()
  for (const [path, key] of [['', json] as const, ...keys]) {
    const holders = [key, key.items, ...(key.anyOf ?? []), ...(key.items?.anyOf ?? [])]
    const inner = typeof key.additionalProperties === 'object' ? key.additionalProperties.anyOf : []
    for (const holder of [...holders, ...(inner ?? [])]) {
      for (const name of holder?.required ?? []) required.add(`${path} ${name}`.trim())
    }
  }
  expect([...required].toSorted()).toEqual([
    '.listeners port',
    '.upstreams endpoints',
    '.upstreams[].endpoints url',
    'listeners',
    'routes',
  ])
})
