// Header fields: looked up without case, kept and written out as they came.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { encodeHead, spelled } from '../../src/wire/http-fields.ts'
import { accepted, fieldsOf, readHead } from '../support/reading.ts'

describe('a field', () => {
  const fields = fieldsOf('Host: a', 'X-One: 1', 'x-one: 2', 'X-Empty:')

  test('is found in lower case, the first of several', () => {
    expect(fields.get('x-one')).toBe('1')
    expect(fields.get('host')).toBe('a')
    expect(fields.get('x-empty')).toBe('')
    expect(fields.get('x-two')).toBeUndefined()
  })

  test('is counted in any case', () => {
    expect([fields.count('x-one'), fields.count('host'), fields.count('x-two')]).toEqual([2, 1, 0])
  })

  test('keeps its name and its place', () => {
    expect(fields.list.map((field) => field.name)).toEqual(['Host', 'X-One', 'x-one', 'X-Empty'])
  })
})

test('a name is spelled with a hyphen for each of its underscores, as servers of CGI read it', () => {
  expect(spelled('X_Forwarded_For')).toBe('x-forwarded-for')
  expect(spelled('X-Forwarded_for')).toBe('x-forwarded-for')
  expect(spelled('Host')).toBe('host')
})

describe('the members of a list', () => {
  test('come from all its lines, in lower case, without empty ones', () => {
    const fields = fieldsOf('Connection: Keep-Alive,, Upgrade ,', 'connection:\tx', 'Connection:')
    expect(fields.tokens('connection')).toEqual(['keep-alive', 'upgrade', 'x'])
    expect(fields.tokens('upgrade')).toEqual([])
  })

  test('lose spaces and tabs around them and nothing else: 0xa0 makes another name', () => {
    const fields = fieldsOf()
    fields.add('Connection', 'a, \xa0close\xa0, b')
    expect(fields.tokens('connection')).not.toContain('close')
  })
})

describe('a head is written', () => {
  test('as a start line, the fields, and an empty line', () => {
    const fields = [
      { name: 'Host', value: 'a' },
      { name: 'x-É', value: '\xe9' },
    ]
    const text = 'GET / HTTP/1.1\r\nHost: a\r\nx-É: \xe9\r\n\r\n'
    expect(encodeHead('GET / HTTP/1.1', fields)).toEqual(Buffer.from(text, 'latin1'))
    expect(encodeHead('X', []).toString()).toBe('X\r\n\r\n')
  })

  test('so that reading it gives what was written', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/)
    const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,9}[!-~\x80-\xff])?)?$/)
    fc.assert(
      fc.property(fc.array(fc.record({ name, value })), (fields) => {
        const { raw } = accepted(readHead(encodeHead('GET / HTTP/1.1', fields)))
        expect(raw.startLine).toBe('GET / HTTP/1.1')
        expect(raw.fields.list.map((field) => [field.name, field.value])).toEqual(
          fields.map((field) => [field.name, field.value]),
        )
      }),
    )
  })
})
