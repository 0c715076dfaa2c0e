/**
 * The file with an endpoint a line, and endpoints one by one.
 */
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { endpointsReader, readAddedEndpoint } from '../../src/config/endpoints-file.ts'

const read = endpointsReader({ folder: '/etc/sluice', scheme: undefined })

/** The URL, weight, whether it is a backup, and how many sessions. */
function told(text: string) {
  const endpoints = read(text)
  if (typeof endpoints === 'string') return endpoints
  return endpoints.map(({ url, weight, isBackup, sessions }) => [url, weight, isBackup, sessions])
}

describe('a file of endpoints', () => {
  test('has one a line, with what is said of it behind, comments and empty lines', () => {
    const text = `# the servers of the chat
ws://10.0.0.1:9000

  ws://10.0.0.2:9000/base weight=2   # the big one
\twss://10.0.0.3 backup sessions=100 weight=0\r
ws+unix:chat.sock`
    expect(told(text)).toEqual([
      ['ws://10.0.0.1:9000', 1, false, undefined],
      ['ws://10.0.0.2:9000/base', 2, false, undefined],
      ['wss://10.0.0.3', 0, true, 100],
      ['ws+unix:/etc/sluice/chat.sock', 1, false, undefined],
    ])
  })

  test.each(['', '\n', '# nobody\n', '  \r\n'])('may be empty: %j', (text) => {
    expect(read(text)).toEqual([])
  })

  test.each([
    [
      '10.0.0.1:9000',
      'line 1: must be a URL such as ws://localhost:9000, not "10.0.0.1:9000"; did you mean "ws://10.0.0.1:9000"?',
    ],
    ['ws://a\nws://b/../c', 'line 2: "/../c" is not a plain path of segments and single slashes'],
    ['ws://a weight=many', 'line 1: weight: must be a whole number from 0 to 1000, not "many"'],
    ['ws://a weight=1001', 'line 1: weight: must be a whole number from 0 to 1000, not "1001"'],
    ['ws://a sessions=0', 'line 1: sessions: must be a whole number from 1 to 1000000, not "0"'],
    ['ws://a wieght=2', 'line 1: unknown word "wieght=2"; did you mean "weight=2"?'],
    ['ws://a back-up', 'line 1: unknown word "back-up"; did you mean "backup"?'],
    [
      'ws://a weight',
      'line 1: unknown word "weight"; behind the URL stand weight=2, backup and sessions=100',
    ],
    [
      'ws://a ws://b',
      'line 1: unknown word "ws://b"; behind the URL stand weight=2, backup and sessions=100',
    ],
    [
      'ws://a url=ws://b',
      'line 1: unknown word "url=ws://b"; behind the URL stand weight=2, backup and sessions=100',
    ],
    ['ws://a weight=1 weight=2', 'line 1: weight is given twice'],
    ['ws://a\nws://A:80/', 'line 2: "ws://a" is listed twice'],
    [
      'ws://a\nhttp://b',
      'line 2: the endpoints of one upstream speak the same; this one speaks http, the others ws',
    ],
  ])('is refused whole: %j', (text, sentence) => {
    expect(told(text)).toBe(sentence)
  })

  test('holds ten thousand and no more', () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, index) => `ws://10.0.0.1:${index + 1}`).join('\n')
    expect(told(lines(10_000))).toHaveLength(10_000)
    expect(told(lines(10_001))).toBe('line 10001: the file has more than 10000 endpoints')
  })

  test('is read or refused in a sentence, whatever is in it', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'ws://a',
        'http://b',
        'weight=',
        '=',
        'backup',
        'sessions=1',
        '#',
        '\n',
        '\r\n',
        'constructor=1',
        '__proto__=2',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const endpoints = read(words.join(' '))
        if (typeof endpoints === 'string') return /^line [1-9]\d*: \S/.test(endpoints)
        return endpoints.every(({ weight }) => weight >= 0 && weight <= 1_000)
      }),
      { numRuns: 500 },
    )
  })
})

describe('an endpoint that is added', () => {
  test('is its URL, or a mapping, with numbers or their digits', () => {
    expect(readAddedEndpoint('WS://A:9000', '/')).toMatchObject({
      value: { url: 'ws://a:9000', weight: 1, isBackup: false, sessions: undefined },
    })
    const input = { url: 'ws+unix:a.sock', weight: '3', backup: 'true', sessions: 5 }
    expect(readAddedEndpoint(input, '/run')).toMatchObject({
      value: { unix: '/run/a.sock', weight: 3, isBackup: true, sessions: 5 },
    })
  })

  test.each([
    ['a', 'must be a URL such as ws://localhost:9000, not "a"', 'did you mean "ws://a"?'],
    [{}, 'is missing', undefined],
    [undefined, 'is missing', undefined],
    [
      { url: 'ws://a', weight: -1 },
      'weight: must be a whole number from 0 to 1000, not -1',
      undefined,
    ],
    [{ url: 'ws://a', wait: 1 }, 'wait: unknown key', 'known here: url, weight, backup, sessions'],
  ])('is refused as %j', (input, problem, suggestion) => {
    expect(readAddedEndpoint(input, '/')).toEqual({ problem, suggestion })
  })
})
