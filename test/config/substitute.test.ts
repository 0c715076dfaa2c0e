/**
 * References to the environment and to files, on the parsed tree.
 */
import { describe, expect, test } from 'bun:test'
import { substitute } from '../../src/config/substitute.ts'
import { configOf, told, withListener } from './checking.ts'

const sources = {
  folder: '/etc/sluice',
  env: { NAME: 'value', EMPTY: '', TRICKY: '${file:/etc/passwd}' },
  readFile: (path: string) => {
    if (path === '/secret') return 's3cret\n'
    if (path === '/dev/zero') return '\0'.repeat(1024 * 1024 + 1)
    throw Object.assign(new Error('no'), { code: 'ENOENT' })
  },
}

describe('a reference', () => {
  test.each([
    ['plain', 'plain'],
    ['${env:NAME}', 'value'],
    ['a-${env:NAME}-${env:NAME}', 'a-value-value'],
    ['${env:UNSET:-other}', 'other'],
    ['${env:UNSET:-}', ''],
    ['${env:UNSET:-a:-b}', 'a:-b'],
    ['${env:EMPTY:-other}', 'other'],
    ['${env:EMPTY}', ''],
    ['${env:NAME:-other}', 'value'],
    ['${file:/secret}', 's3cret'],
    ['$${env:NAME}', '${env:NAME}'],
    ['${request.path.room}', '${request.path.room}'],
    ['$5', '$5'],
  ])('%p stands for %p', (text, value) => {
    expect(substitute(text, sources)).toEqual({ value })
  })

  test('in what another stands for is left alone', () => {
    expect(substitute('${env:TRICKY}', sources)).toEqual({ value: '${file:/etc/passwd}' })
  })

  test.each([
    ['${env:UNSET}', 'the environment variable UNSET is not set'],
    ['${env:constructor}', 'the environment variable constructor is not set'],
    ['${env:1}', '"${env:1}" is not ${env:NAME} or ${env:NAME:-default}'],
    ['${env:A-b}', '"${env:A-b}" is not ${env:NAME} or ${env:NAME:-default}'],
    ['${env:NAME', '"${env:NAME" has no closing brace'],
    ['${file:}', '${file:} names no file'],
    ['${file:/none}', 'cannot read the file "/none" (ENOENT)'],
    ['${file:/dev/zero}', 'the file "/dev/zero" is longer than 1MB'],
  ])('%p is refused', (text, problem) => {
    expect(substitute(text, sources).problem).toBe(problem)
  })

  test('to an unset variable suggests a default', () => {
    expect(substitute('${env:UNSET}', sources)).toHaveProperty(
      'suggestion',
      'set it, or give a default: ${env:UNSET:-default}',
    )
  })

  test('to a misspelt source suggests the right one', () => {
    expect(substitute('${evn:NAME}', sources)).toEqual({
      problem: 'unknown source "evn" in "${evn:NAME}"; the sources are env and file',
      suggestion: 'did you mean "${env:NAME}"?',
    })
  })
})

describe('in a file', () => {
  test('a number may come from the environment, with and without quotes', () => {
    const text = 'listeners:\n  - port: ${env:PORT:-8080}\n  - { port: "${env:OTHER}" }\n'
    const { listeners } = configOf(`${text}routes: [{ respond: {} }]`, { env: { OTHER: '81' } })
    expect(listeners.map((each) => each.port)).toEqual([8080, 81])
  })

  test('durations, sizes and short forms may come from the environment', () => {
    const env = { SILENCE: '7s', HEAD: '2KB', PORT: '127.0.0.1:8080' }
    const listener =
      '{ port: 1, timeout: { head: "${env:SILENCE}" }, limits: { head: "${env:HEAD}" } }'
    const text = `listeners: [${listener}, "\${env:PORT}"]\nroutes: [{ respond: {} }]`
    const { listeners } = configOf(text, { env })
    expect(listeners[0]?.timeout.headMs).toBe(7_000)
    expect(listeners[0]?.limits.headBytes).toBe(2_048)
    expect(listeners[1]).toMatchObject({ address: '127.0.0.1', port: 8080 })
  })

  test('the type is checked after the reference is replaced', () => {
    expect(told(withListener('limits: { headers: "${env:N}" }'), { env: { N: 'many' } })).toEqual([
      '1:43+10 listeners[0].limits.headers: must be a whole number from 1 to 1000, not "many"',
    ])
  })

  test('text stays text, even where a variable looks like a number', () => {
    const text = 'listeners: [1]\nroutes: [{ respond: { body: "${env:CODE}" } }]'
    expect(configOf(text, { env: { CODE: '007' } }).routes[0]?.respond?.body).toBe('007')
  })

  test('an unset variable is told once, where it is used, with the other problems of the file', () => {
    const text = 'listeners: [1]\nroutes:\n  - upstream: ${env:CHAT}\n    path: chat\n'
    expect(told(text)).toEqual([
      '3:15+11 routes[0].upstream: the environment variable CHAT is not set; set it, or give a default: ${env:CHAT:-default}',
      '4:11+4 routes[0].path: must start with "/", not "chat"; did you mean "/chat"?',
    ])
  })

  test('a path that could not be read ties with no other', () => {
    const text =
      'listeners: [1]\nroutes:\n  - { respond: {} }\n  - { respond: {}, path: "${env:P}" }\n'
    expect(told(text)).toHaveLength(1)
  })

  test('a line break in a variable cannot add a key', () => {
    const text = 'listeners: [1]\nroutes:\n  - respond: { body: "${env:BODY}" }\n'
    const { routes } = configOf(text, { env: { BODY: 'a\nlog: { level: off }' } })
    expect(routes[0]?.respond?.body).toBe('a\nlog: { level: off }')
  })
})
