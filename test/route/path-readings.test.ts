// A path that some server reads otherwise reaches no route but the one that it finds for every reader.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { otherReadings } from '../../src/route/path-readings.ts'
import { PathPattern } from '../../src/route/path-pattern.ts'
import { RouteTable } from '../../src/route/route-table.ts'
import { fieldsOf } from '../support/reading.ts'

/** The routes by their paths. */
function finder(...paths: readonly string[]) {
  const match = { header: {}, query: {}, cookie: {}, subprotocol: [] }
  const table = new RouteTable(
    paths.map((path) => [{ listeners: [], host: [], path, match }, path] as const),
  )
  return (target: string) => {
    const found = table.match('', { host: '', target, fields: fieldsOf() })
    return typeof found === 'object' ? found.value : found
  }
}

describe('a path that leads to another route', () => {
  const find = finder('/private/*', '/admin', '/item/:id', '/*')

  test.each([
    '/private%2fx',
    '/private%2Fx',
    '/private%5cx',
    '/private\\x',
    '/private;a=b',
    '/private;a=b/x',
    '/private;/x',
    '/private%3b/x',
    '/private%3Ba%2fx',
    '/;/private/x',
    '/%2fprivate/x',
    '/%2f%2fprivate%2fx',
    '/%70rivate%2fx',
    '/private%2fx?a',
    '/admin;%2fx',
    '/admin%3bx',
    '/item\\a%2fb',
    '/item%2fa;b',
    '/item/;x',
  ])('when its slashes or parameters are read is unsafe: %s', (target) => {
    expect(find(target)).toBe('unsafe')
  })

  test.each([
    ['/projects/a%2Fb', '/*'],
    ['/projects\\a', '/*'],
    ['/projects/a;v=1/b', '/*'],
    ['/private/a%2fb;c\\d', '/private/*'],
    ['/item/a;v=1', '/item/:id'],
    ['/x?a=/private%2fx;', '/*'],
    ['/private%252fx', '/*'],
  ])('in no reading is served: %s by %s', (target, path) => {
    expect(find(target)).toBe(path)
  })

  test('and to none as it is stays without one', () => {
    expect(finder('/private/*')('/private%2fx')).toBeUndefined()
  })
})

test('a path without slashes or parameters in disguise has no other reading', () => {
  for (const target of ['/', '*', '/a/b%20c', '/a?b=%2f;c\\', '/%252f', '/a:b,c@d'])
    expect(otherReadings(target)).toEqual([])
})

test('whatever is served is served to every reader by the same route', () => {
  const paths = ['/a', '/a/b', '/b/:x', '/:x', '/a/b/*', '/:x/a/*', '/*']
  const find = finder(...paths)
  /** Which of them a server means that has read all there is to read. */
  const servedBy = (path: string) => {
    const segments = path.replace(/\/+/g, '/').split('/').slice(1)
    return paths.find((pattern) => typeof new PathPattern(pattern).match(segments) === 'object')
  }
  const unit = fc.constantFrom('a', 'b', '/', '\\', ';', '%2f', '%5C', '%3b', '%2F', '%61')
  /** As others have written them. */
  const readers: ((path: string) => string)[] = [
    decodeURIComponent,
    (path) => new URL(`http://host${path}`).pathname.replaceAll('%61', 'a'),
    (path) => decodeURIComponent(path).replaceAll('\\', '/'),
    (path) => decodeURIComponent(path.split('/').map(beforeSemicolon).join('/')),
    (path) => decodeURIComponent(path).split(/[\\/]/).map(beforeSemicolon).join('/'),
  ]
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
      const found = find(`/${text}`)
      if (found === 'unsafe') return
      for (const read of readers) expect(servedBy(read(`/${text}`))).toBe(found)
    }),
    { numRuns: 5_000 },
  )
})

function beforeSemicolon(segment: string): string {
  return segment.split(';', 1)[0] ?? ''
}
