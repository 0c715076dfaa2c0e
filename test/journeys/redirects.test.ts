/** Redirects of routes and listeners, and the ways to be led astray by them. */
import { describe, expect, test } from 'bun:test'
import { ask, pageRequest, startRouting } from '../support/routing.ts'
import { template } from '../support/template.ts'
import { dialTcp } from '../support/tcp.ts'
import { upgradeRequest } from '../support/websocket.ts'

const nobody = '127.0.0.1:1'

function startRedirecting(to: string, path = '/*') {
  return startRouting(nobody, { path, redirect: { status: 302, to: template(to) } })
}

describe('a route that redirects', () => {
  test.each<[string, string, string]>([
    ['https://www.example.com{request.target}', '/a?b=1', 'https://www.example.com/a?b=1'],
    ['https://www.example.com/{request.path.*}', '/a/b?c', 'https://www.example.com/a/b'],
    ['https://{request.host}{request.target}', '/a', 'https://gateway.test/a'],
    ['https://{request.hostname}:8443{request.target}', '/a', 'https://gateway.test:8443/a'],
    ['/new/{request.path.*}?{request.query}', '/a?b=1', '/new/a?b=1'],
    ['https://example.com/', '/a', 'https://example.com/'],
    ['https://example.com', '/a', 'https://example.com'],
    ['https://{request.header.x-t}.example.com/', '/a', 'https://tenant.example.com/'],
  ])('to %s sends %s to %s', async (to, asked, location) => {
    await using gateway = startRedirecting(to)
    for (const request of [
      pageRequest(asked, 'X-T: tenant'),
      upgradeRequest(asked, { 'X-T': 'tenant' }),
    ]) {
      const answer = await ask(gateway, request)
      expect(answer).toMatchObject({ status: 302, headers: { location, 'content-length': '0' } })
    }
  })

  test('may name the host as routes read it, however it was written', async () => {
    await using gateway = startRedirecting('https://{request.hostname}:8443/')
    for (const host of ['Gateway.Test:81', 'gateway.test.', 'GATEWAY.TEST'])
      expect((await ask(gateway, `GET / HTTP/1.1\nHost: ${host}\n\n`)).headers).toMatchObject({
        location: 'https://gateway.test:8443/',
      })
  })

  test('answers an upload with the status it was given, and ends its connection', async () => {
    await using gateway = startRouting(nobody, {
      redirect: { status: 307, to: template('https://example.com') },
    })
    using client = await dialTcp(gateway.port)
    client.send('POST / HTTP/1.1\nHost: gateway.test\nContent-Length: 4\n\nbody')
    expect(await client.message()).toMatchObject({ status: 307, headers: { connection: 'close' } })
    expect(await client.farewell).toBe('ended')
  })
})

describe('nobody is led to another server by what a request brings', () => {
  test.each<[string, string, string, number, string | undefined]>([
    ['slashes at the start are one', '{request.path}', '//evil.test/x', 302, '/evil.test/x'],
    ['slashes at the start are one', '$request.path', '/\\evil.test', 302, '/evil.test'],
    ['slashes at the start are one', '/{request.path.*}', '//evil.test', 302, '/evil.test'],
    ['slashes at the start are one', '{request.query.to}', '/?to=evil.test', 302, '/evil.test'],
    ['placeInUrl', '{request.query.to}', '/?to=//evil.test', 400, undefined],
    ['placeInUrl', '{request.query.to}', '/?to=https://evil.test', 400, undefined],
    ['the authority', 'https://example.com{request.path.*}', '/.evil.test', 400, undefined],
    ['the authority', 'https://example.com{request.path.*}', '/@evil.test', 400, undefined],
    ['the authority', 'https://example.com{request.query.x}', '/?x=:80@evil.test', 400, undefined],
    ['the authority', 'https://{request.host}{request.path.*}', '/.evil.test', 400, undefined],
    [
      'characters of the authority',
      'https://{request.query.t}.example.com/',
      '/?t=evil.test?',
      400,
      undefined,
    ],
    [
      'characters of the authority',
      'https://{request.query.t}.example.com/',
      '/?t=evil.test%23',
      400,
      undefined,
    ],
    [
      'characters of the authority',
      'https://{request.query.t}.example.com/',
      '/?t=a@evil',
      400,
      undefined,
    ],
    ['the authority', 'https://{request.query.t}.example.com/', '/?t=', 400, undefined],
    [
      'the authority',
      'https://{request.path.*}.example.com/',
      '/longer.evil.test/x',
      400,
      undefined,
    ],
  ])('(%s) to %s, asked for %s', async (_, to, asked, status, location) => {
    await using gateway = startRedirecting(to)
    const answer = await ask(gateway, pageRequest(asked))
    expect(answer.status).toBe(status)
    expect(answer.headers['location']).toBe(location as string)
  })
})

describe('a listener that redirects', () => {
  const startPlain = (redirectPort: number) => startRouting(nobody, {}, { redirectPort })

  test.each<[string, number, number, string]>([
    ['GET /a?b=1', 443, 301, 'https://gateway.test/a?b=1'],
    ['HEAD /', 443, 301, 'https://gateway.test/'],
    ['POST /', 8443, 308, 'https://gateway.test:8443/'],
    ['GET //evil.test', 443, 301, 'https://gateway.test//evil.test'],
    ['GET http://other.test:80/x', 443, 301, 'https://other.test/x'],
    ['OPTIONS *', 443, 308, 'https://gateway.test/'],
  ])('%s to port %i: %i', async (line, port, status, location) => {
    await using gateway = startPlain(port)
    const answer = await ask(gateway, `${line} HTTP/1.1\nHost: gateway.test:80\n\n`)
    expect(answer).toMatchObject({ status, headers: { location } })
  })

  test('an upgrade too, and an IPv6 address with its brackets', async () => {
    await using gateway = startPlain(443)
    const answer = await ask(gateway, upgradeRequest('/chat', { Host: '[::1]:80' }))
    expect(answer).toMatchObject({ status: 301, headers: { location: 'https://[::1]/chat' } })
  })

  test.each([
    ['GET / HTTP/1.0\n\n'],
    ['GET / HTTP/1.1\nHost:\n\n'],
    ["GET / HTTP/1.1\nHost: a'b\n\n"],
    ['GET / HTTP/1.1\nHost: a%2fb\n\n'],
  ])('(httpsLocation) refuses with 400 a request without a plain host: %p', async (request) => {
    await using gateway = startPlain(443)
    expect((await ask(gateway, request)).status).toBe(400)
  })
})
