/**
 * The configuration without a file.
 */
import { expect, test } from 'bun:test'
import { defaultConfigFor } from '../../src/config/default-config.ts'
import { formatProblems } from '../../src/config/report.ts'
import { builtIn as registry } from '../../src/registry.ts'
import { configOf } from './checking.ts'

test('is what the smallest file says', () => {
  const text = 'listeners: [8080]\nroutes: [{ upstream: ws://localhost:9000/ws }]\n'
  const loaded = defaultConfigFor({ registry, to: 'ws://localhost:9000/ws', port: 8080 })
  // What makes a balancer is a function, and no two are equal.
  expect(JSON.stringify(loaded.ok && loaded.config)).toBe(JSON.stringify(configOf(text)))
})

test('may listen on one address', () => {
  const loaded = defaultConfigFor({
    registry,
    to: 'ws://localhost:9000',
    port: 0,
    address: '127.0.0.1',
  })
  expect(loaded.ok && loaded.config.listeners[0]).toMatchObject({ address: '127.0.0.1', port: 0 })
})

test('tells what is wrong by the options of the command line, in the words of a file', () => {
  const loaded = defaultConfigFor({
    registry,
    to: 'ws://a?b',
    port: Number('http'),
    address: 'eth0',
  })
  expect(loaded.ok ? '' : formatProblems(loaded.problems, { colours: false })).toBe(
    `✖ --port: must be a whole number from 0 to 65535, not NaN

✖ --address: must be an IP address or localhost, not "eth0"

✖ --to: an endpoint URL cannot carry a query

3 problems in the command line
`,
  )
})

test('knows no upstream by what every object has', () => {
  const loaded = defaultConfigFor({ registry, to: 'constructor', port: 8080 })
  expect(loaded).toMatchObject({
    problems: [{ message: '"constructor" is not a URL such as ws://localhost:9000' }],
  })
})

test('suggests the URL that was meant by a host and port', () => {
  const loaded = defaultConfigFor({ registry, to: 'localhost:9000', port: 8080 })
  expect(loaded).toMatchObject({
    problems: [{ path: '--to', suggestion: 'did you mean "ws://localhost:9000"?' }],
  })
})
