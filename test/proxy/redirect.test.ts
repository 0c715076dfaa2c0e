// Whatever a request brings, a browser that follows a redirect stays where the configuration says.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { Redirect } from '../../src/proxy/redirect.ts'
import { RequestFacts } from '../../src/proxy/request-facts.ts'
import { PathPattern, pathSegments } from '../../src/route/path-pattern.ts'
import { clientOf } from '../support/facts.ts'
import { accepted, readRequest } from '../support/reading.ts'
import { template } from '../support/template.ts'

const pieces = '/ \\ . @ : ? & = %2f %5c %40 %23 %00 %09 evil.test https:// javascript: x [ ] * ; ,'
const unit = fc.constantFrom('\x85', '\xa0', ...pieces.split(' '))
const text = fc.string({ unit, maxLength: 8 })
const host = fc
  .string({
    unit: fc.constantFrom('a', 'evil.test', '.', ':', '80', '@', '%', '[::1]'),
    maxLength: 4,
  })
  .map((each) => each || 'gateway.test')

/** Where a browser at https://gateway.test goes; undefined if nobody is redirected. */
function followed(to: string, facts: RequestFacts): URL | undefined | null {
  try {
    return URL.parse(new Redirect(template(to)).location(facts), 'https://gateway.test/')
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}

/** undefined if the listener or the route table would refuse it. */
function request(target: string, asked: string, header: string): RequestFacts | undefined {
  const head = readRequest(`GET ${target} HTTP/1.1`, `Host: ${asked}`, `X-To: ${header}`)
  if (!('target' in head)) return undefined
  const segments = pathSegments(target)
  const parameters = segments && new PathPattern('/*').match(segments)
  if (parameters === undefined || parameters === 'unsafe') return undefined
  const facts = new RequestFacts(accepted(head), clientOf())
  facts.parameters = parameters
  return facts
}

describe('whatever is asked, a redirect to', () => {
  const places = [
    '{request.target}',
    '{request.path}',
    '{request.path.*}',
    '{request.query.to}',
    '{request.query}',
    '{request.header.x-to}',
    '{request.host}',
  ]

  test.each<[string, string, readonly string[]]>([
    ['a path stays on the host', 'gateway.test', ['', '/', '/x', '/x/', '/?to=']],
    [
      'a named host stays on it',
      'example.com',
      [
        'https://example.com',
        'https://example.com/',
        'https://example.com/x',
        'https://example.com?',
      ],
    ],
  ])('%s', (_, stays, openings) => {
    fc.assert(
      fc.property(
        text,
        text,
        host,
        fc.constantFrom(...openings),
        fc.array(fc.constantFrom(...places), { minLength: 1, maxLength: 2 }),
        (path, value, asked, opening, behind) => {
          const facts = request(`/${path}?to=${value}`, asked, value)
          if (facts === undefined) return
          const url = followed(opening + behind.join(''), facts)
          if (url === undefined) return
          expect([url?.protocol, url?.host]).toEqual(['https:', stays])
        },
      ),
      { numRuns: 5_000 },
    )
  })

  test('a host below a named one stays below it', () => {
    fc.assert(
      fc.property(text, text, fc.constantFrom(...places), (path, value, place) => {
        const facts = request(`/${path}?to=${value}`, 'gateway.test', value)
        const url = facts && followed(`https://${place}.example.com/`, facts)
        // A browser goes nowhere by what is no URL.
        if (url !== undefined && url !== null) expect(url.host).toEndWith('.example.com')
      }),
      { numRuns: 5_000 },
    )
  })
})
