/**
 * Tricks with hosts, paths and headers on rewritten requests: whatever is sent, the server gets one
 * request, for the path that the route says. Each case names the defence without which it would fail.
 */
import { describe, expect, test } from 'bun:test'
import { startGateway } from '../support/gateway.ts'
import { ask, pageRequest, startRouting } from '../support/routing.ts'
import { dialTcp } from '../support/tcp.ts'
import { template } from '../support/template.ts'
import { startWitness } from '../support/witness.ts'
import { upgradeRequest } from '../support/websocket.ts'

describe('on a rewritten path', () => {
  const byQuery = '/rooms/{request.query.room}/public'
  const byHeader = '/rooms/{request.header.x-room}/public'
  test.each<[string, string, string, string]>([
    ['placeInUrl refuses slashes', byQuery, '/x?room=../../admin', ''],
    ['placeInUrl refuses encoded slashes', byQuery, '/x?room=..%2f..%2fadmin', ''],
    ['placeInUrl refuses backslashes', byQuery, '/x?room=..\\admin', ''],
    ['targetFor looks at the whole path', byQuery, '/x?room=..', ''],
    ['targetFor looks at the whole path', byQuery, '/x?room=%2e%2e', ''],
    ['targetFor looks at the whole path', byQuery, '/x?room=.%2E;v=1', ''],
    ['placeInUrl refuses slashes', byHeader, '/x', '../../admin'],
    ['targetFor looks at the whole path', byHeader, '/x', '..'],
    ['targetFor looks at the whole path', '/{request.header.x-room}./x', '/x', '.'],
    ['targetFor looks at the whole path', '/hosts/{request.host}/x', '/x', ''],
  ])('nothing climbs: (%s) %s for %s %s', async (_, path, target, room) => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, { forward: { path: template(path) } })
    const host = path.includes('request.host') ? '..' : 'gateway.test'
    const lines = `Host: ${host}\nX-Room: ${room}\n`
    for (const request of [
      `GET ${target} HTTP/1.1\n${lines}\n`,
      upgradeRequest(target, { Host: host, 'X-Room': room }),
    ]) {
      const answer = await ask(gateway, request)
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'UNSAFE_PATH' })
    }
    expect(server.heads.length).toBe(0)
  })

  test.each<[string, string, string, string]>([
    ['encodeText', byHeader, 'a?admin=1', '/rooms/a%3Fadmin%3D1/public?v=1'],
    ['encodeText', byHeader, 'a HTTP/1.1', ''],
    ['encodeText', byHeader, 'a b', '/rooms/a%20b/public?v=1'],
    ['encodeText', byHeader, 'a#b', '/rooms/a%23b/public?v=1'],
    ['encodeText', '/x?room={request.header.x-room}', 'a&admin=1', '/x?room=a%26admin%3D1'],
  ])('nothing ends it early: (%s) %s for %p', async (_, path, room, arrives) => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, { forward: { path: template(path) } })
    const answer = await ask(gateway, pageRequest('/?v=1', `X-Room: ${room}`))
    if (arrives === '') return expect(answer.status).toBe(400)
    expect((await server.head()).startLine).toBe(`GET ${arrives} HTTP/1.1`)
  })

  test('(PathPattern.match) what the end of the path matched brings no host of its own', async () => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, {
      forward: { path: template('/{request.path.*}') },
    })
    await ask(gateway, pageRequest('//evil.test//x'))
    expect((await server.head()).startLine).toBe('GET /evil.test/x HTTP/1.1')
  })
})

describe('in a header that is set', () => {
  test('(isHost) a host from a request is one, or the request is refused', async () => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, {
      forward: { host: template('{request.header.x-host}') },
    })
    for (const host of ['a b', 'a/b', 'a@b', 'a:b:c', '[::1'])
      expect((await ask(gateway, pageRequest('/', `X-Host: ${host}`))).status).toBe(400)
    await ask(gateway, pageRequest('/', 'X-Host: a.test:80'))
    expect(server.heads.map((head) => head.all('host'))).toEqual([['a.test:80']])
  })

  test.each([
    ['X-Room: a\rX-Admin: 1'],
    ['X-Room: a\nX-Admin: 1'],
    ['X-Room: a\0b'],
    ['X-Room: a\n X-Admin: 1'],
  ])('(HeadReader) no line ends inside of a value: %p', async (line) => {
    using server = await startWitness()
    const set = [{ name: 'X-Copy', value: template('<{request.header.x-room}>') }]
    await using gateway = startRouting(server.host, { forward: { headers: { set, remove: [] } } })
    const bytes = `GET / HTTP/1.1\r\nHost: gateway.test\r\n${line}\r\n\r\n`
    using client = await dialTcp(gateway.port)
    client.send(Buffer.from(bytes, 'latin1'))
    expect((await client.message()).status).toBe(400)
    expect(server.heads.length).toBe(0)
  })

  test('bytes that are no ASCII come through as they were', async () => {
    using server = await startWitness()
    const set = [{ name: 'X-Copy', value: template('$request.header.x-room') }]
    await using gateway = startRouting(server.host, { forward: { headers: { set, remove: [] } } })
    await ask(gateway, pageRequest('/', 'X-Room: caf\u00e9 \u00c3\u00a9'))
    const head = await server.head()
    expect(head.all('x-copy')).toEqual(['caf\u00e9 \u00c3\u00a9'])
  })
})

describe('of two hosts', () => {
  const routes = (host: string) => `
listeners: ["127.0.0.1:0"]
routes:
  - { host: public.test, upstream: "ws://${host}/public" }
  - { host: inside.test, upstream: "ws://${host}/inside" }
`

  test.each<[string, string, string]>([
    [
      'readTarget takes the authority of the URL',
      'GET http://public.test/x HTTP/1.1\nHost: inside.test\n\n',
      'GET /public/x HTTP/1.1',
    ],
    [
      'readTarget takes the authority of the URL',
      'GET ws://inside.test:80?x HTTP/1.1\nHost: public.test\n\n',
      'GET /inside/?x HTTP/1.1',
    ],
    ['hostName', 'GET /x HTTP/1.1\nHost: PUBLIC.test.:8080\n\n', 'GET /public/x HTTP/1.1'],
  ])('one counts, for the route and for the server: (%s) %p', async (_, request, startLine) => {
    using server = await startWitness()
    await using gateway = startGateway(routes(server.host))
    await ask(gateway, request)
    const head = await server.head()
    expect(head.startLine).toBe(startLine)
    const [, asked] = /^\w+ \w+:\/\/([^/?]+)/.exec(request) ?? /Host: (\S+)/.exec(request) ?? []
    expect(head.all('host')).toEqual([asked ?? ''])
    expect(head.all('x-forwarded-host')).toEqual([asked ?? ''])
  })

  test.each([
    ['the singular fields', 'GET / HTTP/1.1\nHost: public.test\nHost: inside.test\n\n'],
    ['isHost', 'GET / HTTP/1.1\nHost: public.test, inside.test\n\n'],
    ['isHost', 'GET / HTTP/1.1\nHost: public.test/@inside.test\n\n'],
    ['isHost', 'GET http://public.test@inside.test/ HTTP/1.1\nHost: public.test\n\n'],
    ['isHost', 'GET http://public.test\\@inside.test/ HTTP/1.1\nHost: public.test\n\n'],
    ['targetPattern', 'GET http://public.test#@inside.test/ HTTP/1.1\nHost: public.test\n\n'],
    ['readTarget', 'GET ftp://public.test/ HTTP/1.1\nHost: public.test\n\n'],
    ['readTarget', 'GET public.test HTTP/1.1\nHost: public.test\n\n'],
  ])('neither counts where they cannot be told apart: (%s) %p', async (_, request) => {
    using server = await startWitness()
    await using gateway = startGateway(routes(server.host))
    expect((await ask(gateway, request)).status).toBe(400)
    expect(server.heads.length).toBe(0)
  })
})
