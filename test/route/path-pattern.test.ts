// Path patterns, and how the path of a request is read before it is compared with one.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PathPattern, pathSegments } from '../../src/route/path-pattern.ts'

/** What the pattern makes of a request's target, which must be a safe path. */
function match(pattern: string, target: string) {
  const segments = pathSegments(target)
  if (segments === undefined) throw new Error('unsafe')
  return new PathPattern(pattern).match(segments)
}

describe('a literal path', () => {
  test.each([
    ['/', '/'],
    ['/chat', '/chat'],
    ['/chat', '/chat?room=1'],
    ['/a/b.c/d-e_f~', '/a/b.c/d-e_f~'],
  ])('%s matches %s', (pattern, target) => {
    expect(match(pattern, target)).toEqual({})
  })

  test.each([
    ['/', '/chat'],
    ['/chat', '/'],
    ['/chat', '/chat/'],
    ['/chat', '/chats'],
    ['/chat', '/cha'],
    ['/chat', '/Chat'],
    ['/chat', '/chat/x'],
    ['/chat', '/chat;v=1'],
    ['/chat', '/chat%20'],
    ['/chat', '*'],
    ['/a/b', '/a%2fb'],
    ['/a.b', '/axb'],
  ])('%s does not match %s', (pattern, target) => {
    expect(match(pattern, target)).toBeUndefined()
  })
})

describe('a parameter', () => {
  test.each([
    ['/chat/:room', '/chat/1', { room: '1' }],
    ['/chat/:room', '/chat/a%20b?x=/y', { room: 'a%20b' }],
    ['/:a/x/:b', '/1/x/2', { a: '1', b: '2' }],
    ['/:a', '/:a', { a: ':a' }],
    ['/chat/:room', '/chat/*', { room: '*' }],
    ['/chat/:room', '/chat/...', { room: '...' }],
    ['/:room/*', '/a/b/c', { room: 'a', '*': 'b/c' }],
    ['/:room/*', '/a', { room: 'a', '*': '' }],
    ['/:a', '/caf%C3%A9', { a: 'caf%C3%A9' }],
  ])('of %s in %s is one segment, as sent', (pattern, target, parameters) => {
    expect(match(pattern, target)).toEqual(parameters)
  })

  test.each([
    ['/chat/:room', '/chat'],
    ['/chat/:room', '/chat/'],
    ['/chat/:room', '/chat/1/'],
    ['/chat/:room', '/chat/1/2'],
    ['/:room/*', '/'],
  ])('of %s is not in %s', (pattern, target) => {
    expect(match(pattern, target)).toBeUndefined()
  })

  test.each([
    '/chat/a%2Fb',
    '/chat/a%2fb',
    '/chat/a%5Cb',
    '/chat/a%5cb',
    '/chat/a\\b',
    '/chat/%2F',
  ])('with an encoded slash is unsafe: %s', (target) => {
    expect(match('/chat/:room', target)).toBe('unsafe')
  })

  test('with a slash that is encoded twice is text like any other', () => {
    expect(match('/chat/:room', '/chat/a%252Fb')).toEqual({ room: 'a%252Fb' })
  })
})

describe('a prefix', () => {
  test.each([
    ['/chat/*', '/chat', ''],
    ['/chat/*', '/chat/', ''],
    ['/chat/*', '/chat/a', 'a'],
    ['/chat/*', '/chat/a/b?c', 'a/b'],
    ['/chat/*', '/chat//', ''],
    ['/chat/*', '/chat/a%2Fb', 'a%2Fb'],
    ['/*', '/', ''],
    ['/*', '/a/b', 'a/b'],
    ['/chat/*', '//chat//a', 'a'],
    ['/*', '//', ''],
    ['/*', '*', ''],
  ])('%s matches %s, its end being %p', (pattern, target, end) => {
    expect(match(pattern, target)).toEqual({ '*': end })
  })

  test.each([
    ['/chat/*', '/'],
    ['/chat/*', '/chats'],
    ['/chat/*', '/chat%2Fa'],
    ['/a/b/*', '/a'],
  ])('%s does not match %s', (pattern, target) => {
    expect(match(pattern, target)).toBeUndefined()
  })
})

describe('the path of a request', () => {
  test('has unreserved characters decoded, once, and all others as sent', () => {
    for (let byte = 1; byte <= 0xff; byte++) {
      const hex = byte.toString(16).padStart(2, '0')
      const character = String.fromCharCode(byte)
      const isUnreserved = /[A-Za-z0-9\-._~]/.test(character)
      for (const escape of [`%${hex}`, `%${hex.toUpperCase()}`])
        expect(pathSegments(`/x${escape}`)).toEqual([isUnreserved ? `x${character}` : `x${escape}`])
    }
    expect(pathSegments('/%2561')).toEqual(['%2561'])
    expect(pathSegments('/%zz%6')).toEqual(['%zz%6'])
  })

  test('matches what it means: %63hat is chat', () => {
    expect(match('/chat', '/%63%68at')).toEqual({})
    expect(match('/:room', '/%61b')).toEqual({ room: 'ab' })
  })

  test('ends at the first question mark', () => {
    expect(pathSegments('/a?b/../c?d')).toEqual(['a'])
    expect(pathSegments('/?')).toEqual([''])
  })

  test('counts slashes in a row as one, and keeps the last one', () => {
    expect(pathSegments('//a///b//')).toEqual(['a', 'b', ''])
    expect(pathSegments('//')).toEqual([''])
  })

  const dots = ['.', '..', '%2e', '%2E%2e', '.%2e', '%2E.']
  const slashes = ['/', '%2f', '%2F', '%5c', '%5C', '\\']

  test('with a dot segment is unsafe, plain or encoded, behind any slash', () => {
    for (const dot of dots) {
      expect(pathSegments(`/${dot}`)).toBeUndefined()
      expect(pathSegments(`/${dot}?x`)).toBeUndefined()
      for (const slash of slashes) {
        expect(pathSegments(`/a${slash}${dot}`)).toBeUndefined()
        expect(pathSegments(`/${dot}${slash}a`)).toBeUndefined()
        expect(pathSegments(`/a${slash}${dot}${slash}b`)).toBeUndefined()
      }
    }
  })

  test('with %00 is unsafe: some stop reading there', () => {
    for (const target of ['/%00', '/a%00', '/a%00/b?c', '/%61%00'])
      expect(pathSegments(target)).toBeUndefined()
    expect(pathSegments('/a?%00')).toEqual(['a'])
    expect(pathSegments('/%2500')).toEqual(['%2500'])
  })

  test.each([
    '/...',
    '/.a',
    '/a.',
    '/..a',
    '/a..',
    '/.well-known',
    '/%2e%2e%2e',
    '/a?/../b',
    '/%252e',
  ])('with other dots is safe: %s', (target) => {
    expect(pathSegments(target)).toBeDefined()
  })

  test('means the same however its unreserved characters are written', () => {
    const path = fc.stringMatching(/^\/[a-z0-9._~/-]{0,20}$/)
    fc.assert(
      fc.property(path, fc.infiniteStream(fc.boolean()), (plain, coins) => {
        const escaped = plain.replaceAll(/[^/]/g, (character) =>
          coins.next().value === true ? `%${character.charCodeAt(0).toString(16)}` : character,
        )
        expect(pathSegments(escaped)).toEqual(pathSegments(plain))
      }),
    )
  })

  test('that is safe holds no dot segment after any number of decodings of slashes and dots', () => {
    const unit = fc.constantFrom('a', '.', '/', '\\', '%2e', '%2f', '%5c', '%2E', '%2F', '%5C')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        if (pathSegments(`/${text}`) === undefined) return
        const decoded = decodeURIComponent(text).replaceAll('\\', '/').split('/')
        expect(decoded).not.toContain('.')
        expect(decoded).not.toContain('..')
      }),
      { numRuns: 2_000 },
    )
  })
})
