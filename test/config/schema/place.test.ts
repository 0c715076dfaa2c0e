/**
 * Unix sockets, redirecting listeners and `admin`: where the gateway can be reached, and by whom.
 */
import { describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { configOf, told } from '../checking.ts'

const routes = '\nroutes: [{ respond: {} }]\n'
const listenersOf = (listeners: string) => configOf(`listeners: [${listeners}]${routes}`).listeners

describe('a listener at a Unix socket', () => {
  test.each([
    ['unix:/run/a.sock', '/run/a.sock'],
    ['"unix:///run/a.sock"', '/run/a.sock'],
    ['{ unix: /run/a.sock }', '/run/a.sock'],
    ['unix:run/a.sock', resolve('run/a.sock')],
  ])('may be %s', (listener, unix) => {
    expect(listenersOf(listener)[0]).toMatchObject({ unix, port: 0 })
  })

  test('is called by its path', () => {
    expect(listenersOf('unix:/run/a.sock')[0]?.name).toBe('/run/a.sock')
  })

  test.each([
    ['"unix:"', 'listeners[0]: must be the path of a file, not ""'],
    ['{ unix: /run/ }', 'listeners[0].unix: must be the path of a file, not "/run/"'],
    [
      '{ unix: /a.sock, address: "::1" }',
      'listeners[0].address: a listener is at a port or at a Unix socket, not at both',
    ],
    [
      'unix:/run/a.sock, { unix: /run/./a.sock }',
      'listeners[1]: its socket is already taken by listeners[0] (line 1)',
    ],
  ])('is refused as %s', (listener, sentence) => {
    expect(
      told(`listeners: [${listener}]${routes}`).map((each) => each.replace(/^\S+ /, '')),
    ).toEqual([sentence])
  })
})

describe('a redirecting listener', () => {
  test.each([
    ['https', 443],
    ['https:8443', 8443],
  ])('may say %s', (redirect, port) => {
    expect(listenersOf(`{ port: 1, redirect: ${redirect} }`)[0]?.redirectPort).toBe(port)
  })

  test.each([
    ['http', 'must be https or https:PORT, not "http"'],
    ['https:0', 'must be a whole number from 1 to 65535, not "0"'],
    ['true', 'must be https or https:PORT, not true; did you mean "https"?'],
    [
      'https://a.com',
      'must be https or https:PORT, not "https://a.com"; a redirect to one place is a route with redirect',
    ],
  ])('cannot say %s', (redirect, sentence) => {
    const text = `listeners: [{ port: 1, redirect: "${redirect}" }]${routes}`.replace(
      '"true"',
      'true',
    )
    expect(told(text)[0]?.replace(/^\S+ /, '')).toBe(`listeners[0].redirect: ${sentence}`)
  })
})

describe('admin', () => {
  const text = (admin: string) => `listeners: [1]\nroutes: [{ respond: {} }]\nadmin: ${admin}\n`
  const adminOf = (admin: string) => configOf(text(admin)).admin
  const token = '0123456789abcdef'

  test.each([
    ['9090', { address: '127.0.0.1', port: 9090 }],
    ['"[::1]:9090"', { address: '::1', port: 9090 }],
    ['{ port: 0 }', { address: '127.0.0.1', port: 0 }],
    ['{ address: localhost, port: 9090 }', { address: 'localhost', port: 9090 }],
    ['{ address: 127.1.2.3, port: 9090 }', { address: '127.1.2.3', port: 9090 }],
    [`{ address: "::", port: 9090, token: ${token} }`, { address: '::', port: 9090, token }],
    ['unix:/run/admin.sock', { address: '127.0.0.1', port: 0, unix: '/run/admin.sock' }],
    [`{ unix: /run/a, token: ${token} }`, { address: '127.0.0.1', port: 0, unix: '/run/a', token }],
  ])('may be %s', (admin, config) => {
    expect(adminOf(admin)).toEqual({ unix: undefined, token: undefined, ...config })
  })

  test.each([
    ['{}', 'admin.port: is missing; admin is at a port or at a Unix socket'],
    ['{ port: 1, unix: /a }', 'admin.port: admin is at a port or at a Unix socket, not at both'],
    [
      '{ port: 2, token: short }',
      'admin.token: must have 16 to 1024 characters, not 5; openssl rand -hex 32 makes one',
    ],
    [
      '{ port: 2, token: 1234567890123456 }',
      'admin.token: must be text, not a number; put it in quotes',
    ],
    [
      '{ port: 2, token: "0123456789 abcdef" }',
      'admin.token: must be ASCII characters without spaces: it is sent in a header',
    ],
    [
      '"0.0.0.0:9090"',
      'admin: can be reached from other machines at 0.0.0.0, so it needs a token; add token: ${env:SLUICE_TOKEN}',
    ],
    ['1', 'admin: port 1 of 127.0.0.1 is already taken by listeners[0] (line 1)'],
    [
      'off',
      'admin: must be a port or "address:port" such as "127.0.0.1:8080" or "[::1]:8080", not "off"',
    ],
  ])('is refused as %s', (admin, sentence) => {
    expect(told(text(admin)).map((each) => each.replace(/^\S+ /, ''))).toEqual([sentence])
  })

  test('nowhere unless asked for', () => {
    expect(configOf('listeners: [1]\nroutes: [{ respond: {} }]\n').admin).toBeUndefined()
  })
})
