// Requests of Engine.IO: which open a session, which belong to one, and the server's own sid.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { queryOf, readQuery } from '../../src/expression/query.ts'
import { readEngineIo } from '../../src/proxy/engine-io.ts'

const path = '/socket.io/'

function read(query: string, method = 'GET') {
  return readEngineIo(method, `${path}?${query}`)
}

describe('a first poll', () => {
  test.each([
    'EIO=4&transport=polling',
    'transport=polling&EIO=4&t=a1b2',
    'EIO=4&transport=polling&sid=',
    'EIO=4&transport=polling&sid',
    'E%49O=%34&transport=pollin%67',
    '&&EIO=4&&transport=polling&',
  ])('is seen in %s', (query) => {
    expect(read(query)).toEqual({ kind: 'open' })
  })

  test.each([
    ['an earlier revision', 'EIO=3&transport=polling'],
    ['no revision', 'transport=polling'],
    ['two revisions', 'EIO=4&EIO=4&transport=polling'],
    ['a WebSocket, which stays where it is', 'EIO=4&transport=websocket'],
    ['two transports', 'EIO=4&transport=polling&transport=websocket'],
    ['other case', 'eio=4&transport=polling'],
  ])('is not seen in %s: any server can answer it', (_, query) => {
    expect(read(query)).toBeUndefined()
  })

  test.each(['POST', 'OPTIONS', 'HEAD', 'PUT'])('is no %s', (method) => {
    expect(read('EIO=4&transport=polling', method)).toBeUndefined()
  })

  test('has a query', () => {
    expect(readEngineIo('GET', '/socket.io/socket.io.js')).toBeUndefined()
    expect(readEngineIo('GET', '/EIO=4&transport=polling')).toBeUndefined()
  })
})

describe('a request of a session', () => {
  test.each([
    [
      'a poll',
      'GET',
      'EIO=4&transport=polling&t=x1&sid=abc.TAGTAG00',
      'EIO=4&transport=polling&t=x1&sid=abc',
    ],
    [
      'messages',
      'POST',
      'EIO=4&transport=polling&sid=abc.TAGTAG00&t=x1',
      'EIO=4&transport=polling&sid=abc&t=x1',
    ],
    [
      'an upgrade',
      'GET',
      'EIO=4&transport=websocket&sid=abc.TAGTAG00',
      'EIO=4&transport=websocket&sid=abc',
    ],
    ['a sid that stands first', 'GET', 'sid=abc.TAGTAG00&EIO=4', 'sid=abc&EIO=4'],
    ['a sid with dots of its own', 'GET', 'EIO=4&sid=a.b..c.TAGTAG00', 'EIO=4&sid=a.b..c'],
    ['an encoded dot', 'GET', 'EIO=4&sid=abc%2eTAGTAG00', 'EIO=4&sid=abc'],
    ['an encoded name and tag', 'GET', 'EIO=4&%73id=a%2Bc%2E%54AGTAG00', 'EIO=4&%73id=a%2Bc'],
    ['an escaped percent sign', 'GET', 'EIO=4&sid=a%252E.TAGTAG00', 'EIO=4&sid=a%252E'],
    [
      'others that look like it',
      'GET',
      'xsid=q.w&EIO=4&sid=a.TAGTAG00&n=sid=e.r',
      'xsid=q.w&EIO=4&sid=a&n=sid=e.r',
    ],
  ])('is %s: the tag is taken out of the sid, and nothing else', (_, method, query, untagged) => {
    const target = `${path}?${untagged}`
    expect(read(query, method)).toEqual({ kind: 'session', tag: 'TAGTAG00', target })
  })

  test.each(['abc', 'abc.', 'abc%2E'])('with the sid %s has no tag', (sid) => {
    expect(read(`EIO=4&sid=${sid}`)).toMatchObject({ kind: 'session', tag: '' })
  })

  test('with two sids belongs to none: servers differ in which of them they take', () => {
    const twice = 'EIO=4&sid=a.TAGTAG00&sid=b.TAGTAG00'
    expect(read(twice)).toMatchObject({ kind: 'session', tag: '' })
    expect(read('EIO=4&sid=a.TAGTAG00&%73id=')).toMatchObject({ kind: 'session', tag: '' })
  })

  test('of an earlier revision is for any server', () => {
    expect(read('EIO=3&transport=polling&sid=abc.TAGTAG00')).toBeUndefined()
  })

  test('is not what CORS asks before it, which any server can answer', () => {
    expect(read('EIO=4&transport=polling&sid=abc.TAGTAG00', 'OPTIONS')).toBeUndefined()
  })
})

/** Letters, escapes whole and broken, and what has a meaning in a query. */
const pieces = fc.constantFrom(
  ...Array.from('a9.-_~+=?/%sid'),
  '%2E',
  '%2e',
  '%25',
  '%26',
  '%73',
  '%',
  'é',
)
const texts = fc.array(pieces, { maxLength: 12 }).map((each) => each.join(''))
const isOther = (item: string) =>
  !readQuery(`?${item}`).some(({ name }) => name === 'sid' || name === 'EIO')
const others = fc.array(texts.filter(isOther), { maxLength: 6 })

test('with any sid and any query around it, comes back byte for byte without the tag', () => {
  const tags = fc.stringMatching(/^[\w-]{8}$/)
  const names = fc.constantFrom('sid', '%73id', 's%69d', '%73%69%64')
  const dots = fc.constantFrom('.', '%2E', '%2e')
  const sids = fc.tuple(texts, fc.constantFrom('x', '%41', '-')).map(([start, end]) => start + end)
  const parts = fc.record({
    before: others,
    after: others,
    name: names,
    sid: sids,
    dot: dots,
    tag: tags,
  })
  fc.assert(
    fc.property(parts, ({ before, after, name, sid, dot, tag }) => {
      const query = (value: string) => ['EIO=4', ...before, `${name}=${value}`, ...after].join('&')
      const target = `${path}?${query(sid)}`
      expect(read(query(sid + dot + tag))).toEqual({ kind: 'session', tag, target })
      expect(queryOf(target)).toBe(query(sid))
    }),
  )
})
