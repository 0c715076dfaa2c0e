// What stands for an endpoint in cookies and session ids.

import { describe, expect, test } from 'bun:test'
import { endpointTag } from '../../src/upstream/endpoint-tag.ts'

describe('a tag', () => {
  test('is the same for the same secret and endpoint, on any gateway and in any release', () => {
    expect(endpointTag('secret', 'ws://10.0.0.21:3000')).toBe('IPyz8jH7')
  })

  test('is another for another endpoint, and for another secret', () => {
    const tags = [
      endpointTag('secret', 'ws://10.0.0.21:3000'),
      endpointTag('secret', 'ws://10.0.0.22:3000'),
      endpointTag('Secret', 'ws://10.0.0.21:3000'),
    ]
    expect(new Set(tags).size).toBe(3)
  })

  test('has 8 characters that stand in a cookie and a query as they are, and no dot', () => {
    for (let port = 1; port <= 2_000; port++)
      expect(endpointTag('secret', `ws://10.0.0.21:${port}`)).toMatch(/^[\w-]{8}$/)
  })
})
