// Rendering, as an attacker sees it: whatever is sent, it stays a value where a value was meant.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { template } from '../support/template.ts'
import { decodeQuery, readQuery } from '../../src/expression/query.ts'
import { pathSegments } from '../../src/route/path-pattern.ts'
import { contextOf, type ContextParts } from '../support/request-context.ts'

function renderUrl(text: string, parts?: ContextParts): string | undefined {
  return template(text).renderUrl(contextOf(parts))
}

describe('into a path', () => {
  test.each<[string, string | undefined]>([
    ['blue', 'blue'],
    ['a b', 'a%20b'],
    ['a?admin=1', 'a%3Fadmin%3D1'],
    ['a#b', 'a%23b'],
    ['100%', '100%25'],
    ['%2e%2e', '%252e%252e'],
    ['caf\u00e9', 'caf%E9'],
    ['a\tb', 'a%09b'],
    ['a;b:c@d&e+f', 'a%3Bb%3Ac%40d%26e%2Bf'],
    ['a/b', undefined],
    ['../admin', undefined],
    ['a\\b', undefined],
    ['a%2Fb', undefined],
    ['a%5cb', undefined],
  ])('a header %p is encoded, or refused as more than a segment', (value, expected) => {
    const path = renderUrl('/rooms/{request.header.x-room}/x', { headers: { 'x-room': value } })
    expect(path).toBe(expected && `/rooms/${expected}/x`)
    const cookie = renderUrl('/rooms/{request.cookie.room}/x', {
      headers: { cookie: `room=${value.replaceAll(';', '')}` },
    })
    expect(cookie).toBe(expected && `/rooms/${expected.replaceAll('%3B', '')}/x`)
  })

  test.each<[string, string | undefined]>([
    ['a%20b', 'a%20b'],
    ['a+b', 'a%20b'],
    ['a?b', 'a%3Fb'],
    ['caf%C3%A9', 'caf%C3%A9'],
    ['a/b', undefined],
    ['a%2Fb', undefined],
    ['..%5c', undefined],
  ])('a query value %p stays as sent, or is refused as more than a segment', (value, expected) => {
    const path = renderUrl('/rooms/{request.query.room}', { target: `/?room=${value}` })
    expect(path).toBe(expected && `/rooms/${expected}`)
  })

  test('parts of the path and the whole target stay as sent', () => {
    const parts = { target: '/a%20b/c?d=%2F', parameters: { room: 'a%20b', '*': 'c/d%2Fe' } }
    expect(renderUrl('/v2{request.path}', parts)).toBe('/v2/a%20b/c')
    expect(renderUrl('/v2/{request.path.room}/{request.path.*}', parts)).toBe('/v2/a%20b/c/d%2Fe')
    expect(renderUrl('/v2{request.target}', parts)).toBe('/v2/a%20b/c?d=%2F')
  })

  test('written text is encoded where a URL wants it, and escapes stay', () => {
    expect(renderUrl('/a b/"<>^`|/100%/%41?x=#')).toBe('/a%20b/%22%3C%3E%5E%60%7C/100%25/%41?x=%23')
  })
})

describe('into a query', () => {
  test('a header is one value, and what came from a query stays as it was', () => {
    const parts = { headers: { 'x-room': 'a/b&admin=1#+%' }, target: '/?q=a%2Fb+c/d&r=2' }
    expect(renderUrl('/x?room={request.header.x-room}', parts)).toBe(
      '/x?room=a%2Fb%26admin%3D1%23%2B%25',
    )
    expect(renderUrl('/x?q={request.query.q}', parts)).toBe('/x?q=a%2Fb+c/d')
    expect(renderUrl('/x?old=1&{request.query}', parts)).toBe('/x?old=1&q=a%2Fb+c/d&r=2')
  })

  // In a path `&` and its like are letters as any other: they went into the query as they were.
  test.each([
    ['a&admin=1', 'a%26admin%3D1'],
    ['a;admin=1', 'a%3Badmin%3D1'],
    ['1+1', '1%2B1'],
    ['a#b', 'a%23b'],
    ['a%26b%20c', 'a%26b%20c'],
    ['a/b:c@d', 'a/b:c@d'],
  ])('a part %p of the path is one value', (sent, expected) => {
    const parts = { target: `/${sent}`, host: sent, parameters: { room: sent, '*': sent } }
    expect(renderUrl('/x?room={request.path.room}&v=2', parts)).toBe(`/x?room=${expected}&v=2`)
    expect(renderUrl('/x?room={request.path.*}', parts)).toBe(`/x?room=${expected}`)
    expect(renderUrl('/x?from={request.path}', parts)).toBe(`/x?from=/${expected}`)
    expect(renderUrl('https://a.test/?host={request.host}', parts)).toBe(
      `https://a.test/?host=${expected}`,
    )
  })

  test('the whole target is one value, with the query in it', () => {
    const parts = { target: '/a?b=1&c=2+3' }
    expect(renderUrl('/login?back={request.target}&v=2', parts)).toBe(
      '/login?back=/a%3Fb%3D1%26c%3D2%2B3&v=2',
    )
  })
})

/** What heads, certificates and queries can hold. */
const anything = fc.string({
  unit: fc.oneof(
    fc.constantFrom('/', '\\', '.', '..', '%', '%2f', '%2e', '?', '#', '&', ' ', '\r', '\n', '\0'),
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  ),
  maxLength: 12,
})

/** What the target of a request can hold. */
const target = fc.stringMatching(/^[!-"$-~\x80-\xff]{0,20}$/).map((rest) => `/${rest}`)

describe('whatever is sent', () => {
  test('a path keeps its segments and its query', () => {
    fc.assert(
      fc.property(anything, target, (value, sent) => {
        const places = ['header.x', 'cookie.x', 'query.x', 'query', 'certificate.subject']
        for (const place of places) {
          const path = renderUrl(`/a/{request.${place}}/b`, {
            headers: { x: value, cookie: `x=${value}` },
            target: `${sent}?x=${value.replace(/[^!-"$-~\x80-\xff]/g, '')}`,
            certificate: { subject: value, alternativeNames: [value], fingerprint: '' },
          })
          if (path === undefined) continue
          expect(path.split('/')).toHaveLength(4)
          expect(path).not.toMatch(/[?#\\]|[^!-~\x80-\xff]/)
          // Dots alone, or NUL, are a value that only the path as a whole shows for what it is.
          const isUnsafe = /\/(%2e|\.){1,2}(;|%3b|\/)|%00/i.test(path)
          expect(pathSegments(path) === undefined).toBe(isUnsafe)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('a query has the names that are written, and no others', () => {
    fc.assert(
      fc.property(anything, target, (value, sent) => {
        const parts = {
          target: sent,
          host: sent,
          hostname: sent,
          parameters: { room: sent.slice(1), '*': sent },
          headers: { x: value, cookie: `x=${value}` },
        }
        const ofUrl = ['path', 'path.room', 'path.*', 'target', 'host', 'hostname']
        for (const place of [...ofUrl, 'header.x', 'cookie.x', 'query.x']) {
          const url = renderUrl(`/a?first={request.${place}}&last=1`, parts) ?? ''
          expect(readQuery(url).map(({ name }) => name)).toEqual(['first', 'last'])
          expect(url).not.toMatch(/#/)
          // Some servers part a query at semicolons, too.
          if (place !== 'query.x') expect(url).not.toMatch(/[;+]/)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('a header has no line break, and one byte a character', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const certificate = { subject: value, alternativeNames: [value, value], fingerprint: '' }
        for (const place of ['header.x', 'cookie.x', 'certificate.subject', 'certificate.names']) {
          const text = template(`{request.${place}}`).render(
            contextOf({ headers: { x: value, cookie: `x=${value}` }, certificate }),
          )
          expect(text).not.toMatch(/[^\t\x20-\x7e\x80-\xff]/)
        }
      }),
    )
  })

  // U+010D U+010A, written out one byte a character, would be CR LF.
  test('a name in a certificate cannot end a header', () => {
    const subject = 'CN=a\u010d\u010aX-Admin: 1'
    const certificate = { subject, alternativeNames: [], fingerprint: '' }
    const text = template('$request.certificate.subject').render(contextOf({ certificate }))
    expect(Buffer.from(text, 'latin1').toString()).toBe(subject)
    expect(Buffer.from(text, 'latin1').includes('\n')).toBe(false)
  })
})

describe('a query', () => {
  test('is read as a browser reads it', () => {
    const unit = fc.constantFrom('a', 'b', '&', '=', '+', '%20', '%C3%A9', '%zz', '%', '\xe9', '?')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 16 }), (query) => {
        const read = readQuery(`/x?${query}`).map(({ name, sent }) => [name, decodeQuery(sent)])
        // Bytes as they come, which a URL takes for characters.
        const bytes = query.replaceAll('\xe9', '%E9')
        expect(read).toEqual([...new URL(`http://x/?${bytes}`).searchParams])
      }),
      { numRuns: 2_000 },
    )
  })
})
