// What templates are made of, and what people hear who get one wrong.

import { describe, expect, test } from 'bun:test'
import { nearest } from '../../src/config/nearest.ts'
import { readTemplate } from '../../src/expression/template.ts'
import { contextOf, type ContextParts } from '../support/request-context.ts'
import { template } from '../support/template.ts'

function render(text: string, parts?: ContextParts): string {
  return template(text).render(contextOf(parts))
}

const certificate = {
  subject: 'CN=device-7,O=Example',
  alternativeNames: ['DNS:a.example.com', 'DNS:b.example.com'],
  fingerprint: 'ab',
}

describe('a name', () => {
  test.each<[string, string]>([
    ['request.path', '/chat/blue'],
    ['request.path.room', 'blue'],
    ['request.path.*', 'x/y'],
    ['request.query', 'room=a%20b&v=2'],
    ['request.query.room', 'a%20b'],
    ['request.target', '/chat/blue?room=a%20b&v=2'],
    ['request.header.x-room', 'red'],
    ['request.header.X-Room', 'red'],
    ['request.cookie.user', 'eve'],
    ['request.address', '192.0.2.7'],
    ['request.host', 'Example.com:8443'],
    ['request.hostname', 'example.com'],
    ['request.scheme', 'https'],
    ['request.method', 'GET'],
    ['request.certificate.subject', 'CN=device-7,O=Example'],
    ['request.certificate.names', 'DNS:a.example.com, DNS:b.example.com'],
    ['session.id', 'session-1'],
  ])('%s is %p: alone behind a dollar, in braces, in braces with a dollar', (name, value) => {
    const parts: ContextParts = {
      headers: { 'x-room': 'red', cookie: 'a=1; user=eve; b=2' },
      parameters: { room: 'blue', '*': 'x/y' },
      certificate,
    }
    for (const text of [`$${name}`, `{${name}}`, `\${${name}}`])
      expect(render(text, parts)).toBe(value)
    expect(render(`<{${name}}> \${${name}}!`, parts)).toBe(`<${value}> ${value}!`)
  })

  test.each([
    'request.path.other',
    'request.path.constructor',
    'request.path.*',
    'request.query.other',
    'request.header.other',
    'request.cookie.other',
    'request.cookie.use',
    'request.certificate.subject',
    'request.certificate.names',
  ])('for which the request has nothing is empty: %s', (name) => {
    expect(render(`-{${name}}-`, { headers: { cookie: 'user=eve' } })).toBe('--')
  })

  test('of a query parameter is its first value, as sent, and its name is decoded', () => {
    expect(render('$request.query.a', { target: '/?b=0&%61=1&a=2' })).toBe('1')
    expect(render('$request.query.a', { target: '/?a&a=2' })).toBe('')
    expect(render('$request.query.filter[room]', { target: '/?filter%5Broom%5D=1' })).toBe('1')
    expect(render('{request.query}', { target: '/' })).toBe('')
  })

  test('of a cookie is compared as it is', () => {
    const headers = { cookie: 'User=1;user=a=b ; other' }
    expect(render('$request.cookie.user', { headers })).toBe('a=b')
    expect(render('$request.cookie.other', { headers })).toBe('')
  })

  test('of a certificate with a comma in it stays one', () => {
    const names = ['DNS:a', 'URI:b, DNS:admin']
    expect(
      render('$request.certificate.names', {
        certificate: { ...certificate, alternativeNames: names },
      }),
    ).toBe('DNS:a, URI:b%2C DNS:admin')
  })
})

describe('text', () => {
  test.each([
    ['', ''],
    ['max-age=63072000', 'max-age=63072000'],
    ['costs $5', 'costs $5'],
    ['$5', '$5'],
    ['$', '$'],
    ['$$request.path', '$request.path'],
    ['{{"a": 1}}', '{"a": 1}'],
    ['{{{request.method}}}', '{GET}'],
    ['a}}b', 'a}b'],
  ])('%p is %p', (text, value) => {
    expect(render(text)).toBe(value)
  })

  test('says what it is made of', () => {
    expect(template('plain')).toMatchObject({ isConstant: true, parameters: [], source: 'plain' })
    expect(template('/{request.path.a}/{request.path.*}/{request.query.b}')).toMatchObject({
      isConstant: false,
      parameters: ['a', '*'],
    })
  })
})

describe('a slip', () => {
  test.each<[string, string, string | undefined]>([
    ['{request.pathh}', 'unknown name "request.pathh"', 'did you mean "request.path"?'],
    [
      '{request.headers.x-room}',
      'unknown name "request.headers.x-room"',
      'did you mean "request.header.x-room"?',
    ],
    ['$request.adress', 'unknown name "request.adress"', 'did you mean "request.address"?'],
    [
      '{nonsense}',
      'unknown name "nonsense"',
      'names are such as request.path.room, request.query.room, request.header.x-room, request.cookie.user, request.address, session.id',
    ],
    [
      '$request.body.action',
      '"request.body.action" is not there: a handshake has no body',
      undefined,
    ],
    [
      '{message.room}',
      '"message.room" is not there: before a session is open there is no message',
      undefined,
    ],
    ['{request.header}', '"request.header" wants a name', 'such as request.header.x-room'],
    [
      '{request.header.x room}',
      '"request.header.x room" has no name that could be meant',
      'write it like request.header.x-room',
    ],
    ['/a/{}', 'has braces without a name in them', undefined],
    [
      '/a/{request.path',
      'has a "{" that is not closed',
      'a "{" that is meant as it is is written "{{"',
    ],
    ['/a}', 'has a "}" without a "{"', 'a "}" that is meant as it is is written "}}"'],
    [
      '$request.path/x',
      'unknown name "request.path/x"',
      'inside of other text a name stands in braces; a "$" at the start is written "$$"',
    ],
    [
      '/caf\u00e9',
      'has the character "\u00e9"; only printable ASCII can be sent as it is',
      'in a path or URL write it percent-encoded',
    ],
    [
      'a\r\nb',
      'has the character "\\r"; only printable ASCII can be sent as it is',
      'in a path or URL write it percent-encoded',
    ],
    ['x'.repeat(4_097), 'must have at most 4096 characters', undefined],
  ])('in %p is told', (text, problem, suggestion) => {
    const reading = readTemplate(text, nearest)
    expect([reading.problem, 'suggestion' in reading ? reading.suggestion : undefined]).toEqual([
      problem,
      suggestion,
    ])
  })
})
