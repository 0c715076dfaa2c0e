/**
 * `respond`: the answers that the gateway gives itself.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told } from '../checking.ts'

describe('respond', () => {
  const text = (respond: string) => `routes: [{ respond: ${respond} }]\nlisteners: [1]\n`
  const answerOf = (respond: string) => configOf(text(respond)).routes[0]?.respond

  test.each([
    ['{}', { status: 200, headers: {}, body: '' }],
    ['{ status: 204 }', { status: 204, headers: {}, body: '' }],
    [
      '{ body: ok }',
      { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' },
    ],
    [
      '{ body: { a: [1, null] } }',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{"a":[1,null]}' },
    ],
    ['{ headers: { x: 5 } }', { status: 200, headers: { x: '5' }, body: '' }],
    ['{ body: [] }', { status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }],
    [
      '{ body: x, headers: { Content-Type: a/b, x-a: "" } }',
      { status: 200, headers: { 'Content-Type': 'a/b', 'x-a': '' }, body: 'x' },
    ],
  ])('%s is an answer', (respond, answer) => {
    expect(answerOf(respond)).toEqual(answer)
  })

  test.each([
    [
      '{ status: 101 }',
      '1:31+3 routes[0].respond.status: must be a whole number from 200 to 599, not 101',
    ],
    [
      '{ status: 600 }',
      '1:31+3 routes[0].respond.status: must be a whole number from 200 to 599, not 600',
    ],
    [
      '{ status: 304, body: x }',
      '1:42+1 routes[0].respond.body: an answer with status 304 has no body',
    ],
    [
      '{ body: 5 }',
      '1:29+1 routes[0].respond.body: must be text, a mapping or a list, not 5; put it in quotes',
    ],
    [
      '{ headers: { x: true } }',
      '1:37+4 routes[0].respond.headers.x: must be text, not true; put it in quotes',
    ],
    [
      '{ headers: { "x y": a } }',
      '1:34+5 routes[0].respond.headers["x y"]: is not the name of a header',
    ],
    [
      '{ headers: { Content-Length: "1" } }',
      '1:34+14 routes[0].respond.headers.Content-Length: is a header that the gateway writes itself',
    ],
    [
      '{ headers: { x-a: b, X-A: c } }',
      '1:42+3 routes[0].respond.headers.X-A: the header is given twice',
    ],
    [
      '{ headers: { x: "a\\r\\nb: c" } }',
      '1:37+11 routes[0].respond.headers.x: must be ASCII text without line breaks or spaces at its ends',
    ],
    [
      '{ headers: [] }',
      '1:32+2 routes[0].respond.headers: must be a mapping of header names to values, not a list',
    ],
    ['ok', '1:21+2 routes[0].respond: must be a mapping, not "ok"'],
    [
      '{ code: 200 }',
      '1:23+4 routes[0].respond.code: unknown key; known here: status, headers, body',
    ],
  ])('%s is refused', (respond, sentence) => {
    expect(told(text(respond))).toEqual([sentence])
  })

  test('holds at most 64KB', () => {
    expect(told(text(`{ body: ${'x'.repeat(65_537)} }`))).toEqual([
      '1:29+65537 routes[0].respond.body: must have at most 65536 bytes, not 65537',
    ])
  })
})
