/**
 * `listeners`: short forms, bounds, and who may listen where.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withListener } from '../checking.ts'

const routes = '\nroutes: [{ respond: {} }]\n'

describe('a listener may be', () => {
  test.each([
    ['8080', '::', 8080],
    ['"8080"', '::', 8080],
    ['"127.0.0.1:8080"', '127.0.0.1', 8080],
    ['"[::1]:8080"', '::1', 8080],
    ['"[0:0::0001]:8080"', '::1', 8080],
    ['"localhost:8080"', 'localhost', 8080],
    ['{ port: 0, address: "::1" }', '::1', 0],
    ['{ port: 65535 }', '::', 65535],
  ])('%s', (listener, address, port) => {
    expect(configOf(`listeners: [${listener}]${routes}`).listeners[0]).toMatchObject({
      address,
      port,
    })
  })
})

describe('a listener is refused', () => {
  test.each([
    ['70000', '1:13+5 listeners[0]: must be a whole number from 0 to 65535, not 70000'],
    ['-1', '1:13+2 listeners[0]: must be a whole number from 0 to 65535, not -1'],
    ['80.5', '1:13+4 listeners[0]: must be a whole number from 0 to 65535, not 80.5'],
    ['true', '1:13+4 listeners[0]: must be a port, "address:port" or a mapping, not true'],
    ['[8080]', '1:13+6 listeners[0]: must be a port, "address:port" or a mapping, not a list'],
    [
      '"example.com:80"',
      '1:13+16 listeners[0]: must be a port or "address:port" such as "127.0.0.1:8080" or "[::1]:8080", not "example.com:80"; names are matched by the host of a route',
    ],
    ['"::1:70000"', expect.stringContaining('not "::1:70000"')],
    [
      '"127.0.0.1:70000"',
      '1:13+17 listeners[0]: must be a whole number from 0 to 65535, not "70000"',
    ],
    [
      '{ name: a }',
      '1:13+11 listeners[0].port: is missing; a listener is at a port or at a Unix socket',
    ],
    ['{ port: }', '1:15+4 listeners[0].port: is empty; give it a value or leave the key out'],
    [
      '{ port: "08080" }',
      '1:21+7 listeners[0].port: must be a whole number from 0 to 65535, not "08080"',
    ],
    [
      '{ port: 1, address: eth0 }',
      '1:33+4 listeners[0].address: must be an IP address or localhost, not "eth0"',
    ],
    [
      '{ port: 1, address: "*" }',
      '1:33+3 listeners[0].address: must be an IP address or localhost, not "*"; leave the key out for every address',
    ],
    ['{ port: 1, address: "fe80::1%eth0" }', expect.stringContaining('not "fe80::1%eth0"')],
    ['{ port: 1, name: [] }', '1:30+2 listeners[0].name: must be a name, not a list'],
    [
      '{ port: 1, name: "a\\nb" }',
      '1:30+6 listeners[0].name: must be a name of 1 to 128 printable ASCII characters',
    ],
    [
      '{ port: 1, colour: {} }',
      '1:24+6 listeners[0].colour: unknown key; known here: name, port, unix, tls, redirect, address, proxy-protocol, trusted-proxies, limits, timeout',
    ],
    ['{ port: 1, prot: 2 }', '1:24+4 listeners[0].prot: unknown key; did you mean "port"?'],
  ])('as %s', (listener, sentence) => {
    expect(told(`listeners: [${listener}]${routes}`)).toEqual([sentence])
  })

  test.each([
    ['limits: { head: 1023B }', 'listeners[0].limits.head: must be from 1KB to 1MB, not 1023B'],
    ['limits: { head: 2MB }', 'listeners[0].limits.head: must be from 1KB to 1MB, not 2MB'],
    [
      'limits: { headers: 0 }',
      'listeners[0].limits.headers: must be a whole number from 1 to 1000, not 0',
    ],
    [
      'limits: { headers: 1001 }',
      'listeners[0].limits.headers: must be a whole number from 1 to 1000, not 1001',
    ],
    [
      'limits: { clients: 0 }',
      'listeners[0].limits.clients: must be a whole number from 1 to 1000000, or off, not 0',
    ],
    ['timeout: { head: 5ms }', 'listeners[0].timeout.head: must be from 10ms to 1h, not 5ms'],
    ['timeout: { body: 2d }', 'listeners[0].timeout.body: must be from 10ms to 1d, not 2d'],
    [
      'timeout: { idle: off }',
      'listeners[0].timeout.idle: cannot be off; it must be from 10ms to 1d',
    ],
    ['timeout: 5s', 'listeners[0].timeout: must be a mapping, not "5s"'],
  ])('with %s', (keys, sentence) => {
    expect(told(withListener(keys)).map((each) => each.replace(/^\S+ /, ''))).toEqual([sentence])
  })

  test('if there is none', () => {
    expect(told('routes: [{ respond: {} }]\n')).toEqual([
      '1:1+1 listeners: is missing; it must be a list such as [8080]',
    ])
    expect(told(`listeners: []${routes}`)).toEqual([
      '1:12+2 listeners: needs at least one listener, such as [8080]',
    ])
    expect(told(`listeners: 8080${routes}`)).toEqual([
      '1:12+4 listeners: must be a list such as [8080], not 8080',
    ])
  })
})

test('clients may be off, which is the default', () => {
  expect(
    configOf(withListener('limits: { clients: off }')).listeners[0]?.limits.clients,
  ).toBeUndefined()
})

describe('the name of a listener', () => {
  test('is its port, made unique, and gives way to a given name', () => {
    const text = `listeners: ["127.0.0.1:80", "[::1]:80", { port: 0 }, 0, { port: 1, name: 80-2 }]${routes}`
    expect(configOf(text).listeners.map((each) => each.name)).toEqual([
      '80',
      '80-3',
      '0',
      '0-2',
      '80-2',
    ])
  })

  test('has at most 128 characters', () => {
    expect(told(withListener(`name: ${'n'.repeat(128)}`))).toEqual([])
    expect(told(withListener(`name: ${'n'.repeat(129)}`))).toHaveLength(1)
  })

  test('cannot be given twice', () => {
    const text = `listeners:\n  - { port: 1, name: a }\n  - { port: 2, name: a }${routes}`
    expect(told(text)).toEqual([
      '3:22+1 listeners[1].name: "a" is already the name of listeners[0] (line 2)',
    ])
  })
})

describe('one port', () => {
  const both = (first: string, second: string) =>
    told(`listeners:\n  - ${first}\n  - ${second}${routes}`)

  test.each([
    ['8080', '8080', 'port 8080'],
    ['127.0.0.1:8080', '127.0.0.1:8080', 'port 8080'],
    ['"[::1]:8080"', '"[0::1]:8080"', 'port 8080'],
    ['8080', '127.0.0.1:8080', 'port 8080 of 127.0.0.1'],
    ['"[::1]:8080"', '8080', 'port 8080 of ::'],
    ['0.0.0.0:8080', '127.0.0.1:8080', 'port 8080 of 127.0.0.1'],
  ])('cannot be taken by %s and %s', (first, second, what) => {
    expect(both(first, second)).toEqual([
      `3:5+${second.length} listeners[1]: ${what} is already taken by listeners[0] (line 2)`,
    ])
  })

  test.each([
    ['127.0.0.1:8080', '127.0.0.2:8080'],
    ['0.0.0.0:8080', '"[::1]:8080"'],
    ['8080', '8081'],
    ['0', '0'],
  ])('may be had by %s and %s', (first, second) => {
    expect(both(first, second)).toEqual([])
  })
})
