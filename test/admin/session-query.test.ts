/**
 * The queries of the admin port: what is understood, and what is refused rather than guessed.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readCloseWords, readMove, readSessionQuery } from '../../src/admin/session-query.ts'
import { mayTravel } from '../../src/core/close-codes.ts'

const sessions = (query: string) => readSessionQuery(new URLSearchParams(query))
const words = (query: string) => readCloseWords(new URLSearchParams(query))

describe('a query for sessions', () => {
  test('has a limit and a beginning of its own', () => {
    expect(sessions('')).toEqual({ route: undefined, address: undefined, limit: 100, after: 0 })
    expect(sessions('route=a+b&address=%3A%3A1&limit=1000&after=42')).toEqual({
      route: 'a b',
      address: '::1',
      limit: 1000,
      after: 42,
    })
  })

  test.each([
    ['limit=0', 'limit is a number from 1 to 1000'],
    ['limit=1001', 'limit is a number from 1 to 1000'],
    ['limit=1e2', 'limit is a number from 1 to 1000'],
    ['limit=', 'limit is a number from 1 to 1000'],
    ['after=-1', 'after is the "next" of the page before'],
    ['rout=chat', 'There is no parameter "rout"; there are route, address, limit, after'],
    ['limit=1&limit=2', 'The parameter limit is given more than once'],
  ])('%s is refused with a sentence', (query, sentence) => {
    expect(sessions(query)).toBe(sentence)
  })
})

describe('a move', () => {
  const move = (query: string) => readMove(new URLSearchParams(query))

  test('is to an endpoint, whoever writes its URL, or to the one that is chosen', () => {
    expect(move('to=WS://Host:80/')).toEqual({ to: 'ws://host' })
    expect(move('')).toEqual({ to: undefined })
  })

  test.each([
    ['to=', /^to: must be a URL/],
    ['to=10.0.0.1:9000', /^to: must be a URL .*; did you mean "ws:\/\/10\.0\.0\.1:9000"\?$/],
    ['to=ws://me:secret@a', /^to: an endpoint URL cannot carry a user name or password$/],
    ['url=ws://a', /^There is no parameter "url"; there are to$/],
  ])('%s is refused with a sentence', (query, sentence) => {
    expect(move(query)).toMatch(sentence)
  })
})

describe('the words of a close', () => {
  test('are those of the table of errors unless told', () => {
    expect(words('')).toEqual({ code: undefined, reason: undefined })
  })

  test('are taken with any code that may travel and accuses nobody', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (code) => {
        const isFault = [1002, 1003, 1007, 1009, 1010, 1014].includes(code)
        const wanted = mayTravel(code) && !isFault
        expect(typeof words(`code=${code}`)).toBe(wanted ? 'object' : 'string')
      }),
    )
    for (const code of [1000, 1001, 1008, 1011, 1012, 1013, 3000, 4999])
      expect(words(`code=${code}`)).toMatchObject({ code })
  })

  test('fit into a control frame, counted in bytes', () => {
    expect(words(`reason=${'é'.repeat(61)}`)).toMatchObject({ reason: 'é'.repeat(61) })
    expect(words(`reason=${'é'.repeat(62)}`)).toBe('reason has at most 123 bytes of UTF-8')
  })

  test.each(['code=', 'code=abc', 'code=1005', 'code=1008.5', 'cod=1008'])(
    '%s is refused',
    (query) => {
      expect(typeof words(query)).toBe('string')
    },
  )
})
