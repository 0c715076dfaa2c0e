// The order of routes, as properties: an oracle agrees, and the order of the file does not matter.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { routeTies } from '../../src/config/ties.ts'
import type { RouteConditions } from '../../src/route/conditions.ts'
import { RouteTable } from '../../src/route/route-table.ts'
import { fieldsOf } from '../support/reading.ts'
import { candidates, type Request } from '../support/route-oracle.ts'

describe('routes of any kind', () => {
  const name = fc.constantFrom('a', 'b')
  const segment = fc.oneof(
    { weight: 2, arbitrary: name },
    { weight: 1, arbitrary: fc.constant(':') },
  )
  const path = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
    .map(([parts, isPrefix]) => {
      const named = parts.map((part, index) => (part === ':' ? `:p${index}` : part))
      return `/${[...named, ...(isPrefix ? ['*'] : [])].join('/')}`
    })
  const host = fc.constantFrom('a.b', '*.b', 'b', '*.a.b', 'x.a.b')
  const listener = fc.constantFrom('one', 'two')
  const values = fc.subarray(['1', '2'])
  const conditions = (...names: readonly [string, string]) =>
    fc
      .subarray([...names], { maxLength: 1 })
      .chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, values]))))
  const routes = fc.array(
    fc.record({
      path,
      host: fc.uniqueArray(host, { maxLength: 2, size: 'xsmall' }),
      listeners: fc.uniqueArray(listener, { maxLength: 2, size: 'xsmall' }),
      match: fc.record({
        header: conditions('x-a', 'x-b'),
        query: conditions('a', 'b'),
        cookie: conditions('c', 'd'),
        subprotocol: fc.subarray(['1', '2']),
      }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  const request = fc.record({
    listener,
    host: fc.constantFrom('b', 'a.b', 'x.a.b', 'y.a.b', 'z'),
    path: fc.array(name, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
    query: fc
      .array(fc.tuple(name, fc.constantFrom('1', '2', '3')), { maxLength: 3 })
      .map((pairs) => new URLSearchParams(pairs)),
    cookies: fc.array(fc.tuple(fc.constantFrom('c', 'd'), fc.constantFrom('1', '2')), {
      maxLength: 3,
    }),
    header: fc
      .dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('1', '2'))
      .map((lines) => new Headers(lines)),
    subprotocols: values,
  })

  function find(
    all: readonly RouteConditions[],
    { listener, host, path, query, cookies, header, subprotocols }: Request,
  ) {
    const table = new RouteTable(all.map((each) => [each, each] as const))
    const lines = [...header].map(([key, value]) => `${key}: ${value}`)
    lines.push(`cookie: ${cookies.map((pair) => pair.join('=')).join('; ')}`)
    const fields = fieldsOf(...lines, `sec-websocket-protocol: ${subprotocols.join(', ')}`)
    return table.match(listener, { host, target: `${path}?${query.toString()}`, fields })
  }

  test('are found as the oracle finds them', () => {
    fc.assert(
      fc.property(routes, request, (all, asked) => {
        const [best, next] = candidates(all, asked)
        if (best === undefined) return expect(find(all, asked)).toBeUndefined()
        fc.pre(best.place !== next?.place)
        expect(find(all, asked)).toEqual({ value: best.route, parameters: best.parameters })
      }),
      { numRuns: 3_000 },
    )
  })

  test('that a configuration may have are found the same in any order of the file', () => {
    const everywhere = path.map(everywhereAt)
    const few = fc.tuple(everywhere, everywhere, everywhere)
    fc.assert(
      fc.property(few, request, (all, asked) => {
        const items = all.map((value, index) => ({ path: ['routes', index], value }))
        fc.pre(routeTies(items).length === 0)
        expect(find(all.toReversed(), asked)).toEqual(find(all, asked))
      }),
      { numRuns: 3_000 },
    )
  })

  // Found by the property above: as many segments and parameters, and nothing to decide between them.
  test('of which each names what the other leaves open do not depend on it either', () => {
    const crossed = ['/:a/x', '/x/:b'].map(everywhereAt)
    const items = crossed.map((value, index) => ({ path: ['routes', index], value }))
    const nothing = {
      query: new URLSearchParams(),
      cookies: [],
      header: new Headers(),
      subprotocols: [],
    }
    const asked = { listener: '', host: '', path: '/x/x', ...nothing }
    const isTie = routeTies(items).length > 0
    expect(isTie || Bun.deepEquals(find(crossed, asked), find(crossed.toReversed(), asked))).toBe(
      true,
    )
  })
})

function everywhereAt(path: string): RouteConditions {
  return {
    listeners: [],
    host: [],
    path,
    match: { header: {}, query: {}, cookie: {}, subprotocol: [] },
  }
}
