/**
 * The queries that change upstreams and splits: what is understood, and what is refused rather than guessed.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  readAddition,
  readChange,
  readRemoval,
  readShares,
} from '../../src/admin/upstream-query.ts'

const query = (text: string) => new URLSearchParams(text)

describe('an endpoint that is added', () => {
  test('has what a file would say of it, and the same defaults', () => {
    expect(readAddition(query('url=WS://Host:80/base/'))).toMatchObject({
      kind: 'add',
      options: { url: 'ws://host/base', weight: 1, isBackup: false, sessions: undefined },
    })
    const all = 'url=wss://h:9000&weight=0&backup=true&sessions=20'
    expect(readAddition(query(all))).toMatchObject({
      options: { url: 'wss://h:9000', isTls: true, weight: 0, isBackup: true, sessions: 20 },
    })
  })

  test.each([
    ['', 'The endpoint is missing: ?url=ws://10.0.0.1:9000'],
    [
      'url=10.0.0.1:9000',
      /^url: must be a URL such as .*; did you mean "ws:\/\/10\.0\.0\.1:9000"\?$/,
    ],
    ['url=ftp://a', /^url: unknown scheme "ftp" of an endpoint/],
    ['url=ws://me:secret@a', 'url: an endpoint URL cannot carry a user name or password'],
    ['url=ws%2Bunix:run/a.sock', 'url: the path of a Unix socket starts with "/" here'],
    ['url=ws://a&weight=1001', /^weight: must be .*1000/],
    ['url=ws://a&weight=-1', /^weight: must be /],
    ['url=ws://a&weight=', /^weight: must be /],
    ['url=ws://a&sessions=0', /^sessions: must be /],
    ['url=ws://a&backup=yes', /^backup: must be true or false/],
    [
      'url=ws://a&wieght=2',
      'There is no parameter "wieght"; there are url, weight, backup, sessions',
    ],
    ['url=ws://a&url=ws://b', 'The parameter url is given more than once'],
  ])('is refused with a sentence where it says %s', (text, sentence) => {
    const said = readAddition(query(text))
    if (typeof said !== 'string') throw new Error('it was understood')
    if (typeof sentence === 'string') expect(said).toBe(sentence)
    else expect(said).toMatch(sentence)
    expect(said).not.toContain('secret')
  })
})

describe('a change of an endpoint', () => {
  test('is one of its weight, or of whether it drains, whoever writes its URL', () => {
    const url = 'ws://host'
    expect(readChange(query('url=ws://HOST:80/&weight=5'))).toEqual({
      kind: 'weigh',
      url,
      weight: 5,
    })
    expect(readChange(query(`url=${url}&drain=true`))).toEqual({ kind: 'drain', url })
    expect(readChange(query(`url=${url}&drain=false`))).toEqual({ kind: 'undrain', url })
    expect(readRemoval(query('url=ws://HOST/'))).toEqual({ kind: 'remove', url })
  })

  test.each([
    ['url=ws://a', 'Give either weight or drain'],
    ['url=ws://a&weight=1&drain=true', 'Give either weight or drain'],
    ['url=ws://a&drain=yes', 'drain is true or false'],
    ['url=ws://a&drain', 'drain is true or false'],
    ['url=ws://a&weight=1e2', 'weight is a number from 0 to 1000'],
    ['url=ws://a&backup=true', 'There is no parameter "backup"; there are url, weight, drain'],
    ['weight=1', 'The endpoint is missing: ?url=ws://10.0.0.1:9000'],
  ])('%s is refused with a sentence', (text, sentence) => {
    expect(readChange(query(text))).toBe(sentence)
  })

  test('to its end names it and nothing else', () => {
    expect(readRemoval(query('url=ws://a&weight=1'))).toBe(
      'There is no parameter "weight"; there are url',
    )
  })
})

describe('the shares of a split', () => {
  test('are numbers by names, whatever these are', () => {
    const shares = fc.uniqueArray(
      fc.tuple(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 1_000 })),
      { minLength: 1, selector: ([name]) => name },
    )
    fc.assert(
      fc.property(shares, (all) => {
        const text = new URLSearchParams()
        for (const [name, share] of all) text.append(name, String(share))
        const read = readShares(query(text.toString()))
        const isAllZero = all.every(([, share]) => share === 0)
        if (isAllZero) expect(typeof read).toBe('string')
        else expect(read).toEqual(Object.fromEntries(all))
      }),
    )
  })

  test.each([
    ['', 'Give each upstream of the split its share: ?chat=95&chat-next=5'],
    ['chat=0&chat-next=0', 'One upstream at least needs a share above 0'],
    ['chat=95&chat-next=1001', 'The share of chat-next is a number from 0 to 1000'],
    ['chat=95%25', 'The share of chat is a number from 0 to 1000'],
    ['chat=1&chat=2', 'The parameter chat is given more than once'],
  ])('%p are refused with a sentence', (text, sentence) => {
    expect(readShares(query(text))).toBe(sentence)
  })
})
