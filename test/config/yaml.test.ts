/**
 * YAML's own traps, each told in words with the exact place.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withListener, withRoute } from './checking.ts'

const rest = 'listeners: [1]\nroutes: [{ respond: {} }]\n'

describe('a trap of YAML is explained:', () => {
  test.each([
    [
      'a wildcard host is an alias',
      'host: *.example.com\n',
      '1:7+13 host: "*" at the start makes this an alias, and nothing is named &.example.com; put it in quotes: "*.example.com"',
    ],
    [
      'a wildcard host in a list is an alias',
      'host: [a.com, *.example.com]\n',
      '1:15+13 host[1]: "*" at the start makes this an alias, and nothing is named &.example.com; put it in quotes: "*.example.com"',
    ],
  ])('%s', (_, trap, sentence) => {
    expect(told(trap + rest)).toContain(sentence)
  })

  test.each([
    [
      'a lone star is an alias',
      'origins: *\n',
      '1:10+1 "*" at the start makes this an alias; put text that starts with "*" in quotes',
    ],
    [
      'a reference inside braces',
      'log: { level: ${env:LEVEL} }\n',
      '1:15+12 inside { } or [ ] a text with ${…} wants quotes; write "${env:LEVEL}"',
    ],
    [
      'a reference inside brackets',
      'listeners: [${env:PORT}]\n',
      '1:13+11 inside { } or [ ] a text with ${…} wants quotes; write "${env:PORT}"',
    ],
    [
      'no space after a colon, with a key after it',
      'log:\n  level:info\n  format: json\n',
      '2:3+10 a key needs a space after its colon; write level: info',
    ],
    [
      'no space after a colon, at the end of a mapping',
      'log:\n  format: json\n  level:info\n',
      '3:3+10 a key needs a space after its colon; write level: info',
    ],
    ['a tab', 'log:\n\tlevel: info\n', '2:1+1 a tab indents this line; YAML takes spaces only'],
    [
      'a second document',
      'log: { level: info }\n---\nlog: { level: off }\n',
      '2:1+3 a second document starts here; a configuration is one; remove the "---"',
    ],
    ['text that starts with @', 'log: @x\n', '1:6+1 text that starts with "@" wants quotes'],
    [
      'two colons in a line',
      'log: level: info\n',
      '1:6+1 a second key in one line; put text with a colon and a space in quotes',
    ],
    ['an open quote', 'log: "x\n', '2:1+1 a quote is opened before here and never closed'],
    [
      'a tag',
      'log: !level info\n',
      '1:6+6 tags such as !name are not used here; put text that starts with "!" in quotes',
    ],
    [
      'another version of YAML',
      '%YAML 1.1\n---\nlog: { level: off }\n',
      '1:1+5 the file asks for YAML 1.1, in which off and 010 are other values; remove the %YAML line',
    ],
  ])('%s', (_, text, sentence) => {
    expect(told(text)).toEqual([sentence])
  })

  test('no space after a colon inside braces', () => {
    expect(told(withListener('limits: { head:2KB }'))).toEqual([
      '1:34+8 listeners[0].limits["head:2KB"]: unknown key; a space is missing: head: 2KB',
    ])
  })

  test('no space after the colon of a whole mapping', () => {
    expect(told('listeners:\n  - port:8080\nroutes: [{ respond: {} }]\n')).toEqual([
      '2:5+9 listeners[0]: must be a port or "address:port" such as "127.0.0.1:8080" or "[::1]:8080", not "port:8080"; a space is missing: port: 8080',
    ])
    expect(told('listeners: [1]\nroutes:\n  - upstream:chat\n')).toEqual([
      '3:5+13 routes[0]: must be a mapping, not "upstream:chat"; a space is missing: upstream: chat',
    ])
  })

  test('a number with a leading zero', () => {
    expect(told('listeners:\n  - port: 08080\nroutes: [{ respond: {} }]\n')).toEqual([
      '2:11+5 listeners[0].port: the number 08080 starts with a needless 0; did you mean "8080"?',
    ])
  })

  test('a number that is not decimal', () => {
    expect(told('listeners: [0x1F90]\nroutes: [{ respond: {} }]\n')).toEqual([
      '1:13+6 listeners[0]: the number 0x1F90 is not in plain decimal digits; for text put it in quotes: "0x1F90"',
    ])
  })

  test('an IPv6 address in brackets without quotes', () => {
    expect(told('listeners: [[::1]:8080]\nroutes: [{ respond: {} }]\n')).toEqual([
      '1:13+5 listeners[0]: has a key that is not a word; put text with braces, brackets or a colon in quotes',
    ])
  })

  test('a key without a value', () => {
    expect(told('listeners:\nroutes: [{ respond: {} }]\nlog: { level: }\n')).toEqual([
      '1:1+9 listeners: is empty; give it a value or leave the key out',
      '3:8+5 log.level: is empty; give it a value or leave the key out',
    ])
  })
})

describe('YAML 1.2 is what is read:', () => {
  test('off is the word off', () => {
    expect(configOf(withRoute('timeout: { idle: off, age: 1h }')).routes[0]?.timeout.idleMs).toBe(
      undefined,
    )
    expect(configOf(`${rest}log: { level: off }`).log.level).toBe('off')
  })

  test('an anchor and its alias give the same value', () => {
    const text =
      'listeners: [&port 8080, { port: 1, limits: &l { head: 2KB } }, { port: 2, limits: *l }]\n'
    const { listeners } = configOf(`${text}routes: [{ respond: {} }]`)
    expect(listeners.map((each) => each.limits.headBytes)).toEqual([16_384, 2_048, 2_048])
  })

  test('a fault behind an alias is told where it is written', () => {
    const text =
      'listeners:\n  - { port: 1, limits: &l { head: 2 } }\n  - { port: 2, limits: *l }\nroutes: [{ respond: {} }]\n'
    expect(told(text).map((each) => each.split(' ')[0])).toEqual(['2:35+1', '2:35+1'])
  })

  test('a merge key is a key like any other, and unknown', () => {
    expect(told(`${rest}<<: { log: { level: off } }\n`)).toEqual([
      '3:1+2 ["<<"]: unknown key; known here: listeners, upstreams, routes, defaults, secret, plugins, limits, leave, workers, admin, log',
    ])
  })

  test('line ends may be CR LF, and a byte order mark may come first', () => {
    const text = '\u{feff}listeners: [x]\r\nroutes: [{ respond: {}, path: x }]\r\n'
    expect(told(text).map((each) => each.split(': ')[0])).toEqual([
      '1:13+1 listeners[0]',
      '2:31+1 routes[0].path',
    ])
  })
})

describe('a file as a whole', () => {
  test.each(['', '\n\n', '# nothing yet\n', '~\n', '---\n'])('%p is empty', (text) => {
    expect(told(text)).toEqual(['1:1+1 the file is empty; it needs at least listeners and routes'])
  })

  test('must be a mapping', () => {
    expect(told('- 8080\n')).toEqual([
      '1:1+6 must be a mapping of keys such as listeners and routes, not a list',
    ])
    expect(told('listeners:8080\n')).toEqual([
      '1:1+14 must be a mapping of keys such as listeners and routes, not "listeners:8080"; a space is missing: listeners: 8080',
    ])
  })

  test('may have an unreadable value under an unknown key, and both are told', () => {
    expect(told(`${rest}host: *.a.com\n`).map((each) => each.split(/[;,]/)[0])).toEqual([
      '3:1+4 host: unknown key',
      '3:7+7 host: "*" at the start makes this an alias',
    ])
  })

  test('that gives a key twice is still checked under the first', () => {
    expect(
      told(`${rest}log: { level: loud }\nlog: {}\n`).map((each) => each.split(': ')[0]),
    ).toEqual(['3:15+4 log.level', '4:1+3 log'])
  })

  test('gives a key once', () => {
    expect(told(`${rest}log: { level: off }\nleave: {}\nlog: { level: info }\n`)).toEqual([
      '5:1+3 log: the key is given twice, first at log (line 3)',
    ])
  })

  test('has no key __proto__', () => {
    expect(told(`${rest}upstreams: { __proto__: "ws://a:1" }\n`)).toEqual([
      '3:14+9 upstreams: __proto__ cannot be a key',
    ])
  })

  test('is at most 1MB', () => {
    const comment = `#${'x'.repeat(1024 * 1024 - rest.length - 2)}\n`
    expect(told(rest + comment)).toEqual([])
    expect(told(`${rest}${comment} `)).toEqual(['1:1+1 the file is longer than 1MB'])
  })

  test('faults of YAML are told once a line, those of several lines together', () => {
    expect(told('log: { a: ${env:A}, b: ${env:B} }\nleave: @x\n')).toHaveLength(2)
  })
})

describe('a file that unfolds without end is refused:', () => {
  test('an alias inside its own anchor', () => {
    expect(told('a: &a [*a]\n')).toEqual([
      expect.stringMatching(/^1:8\+2 a(\[0\]){32}: is nested more than 32 levels deep$/),
    ])
  })

  test('aliases of aliases', () => {
    const nine = (name: string) => `[${Array(9).fill(`*${name}`).join(', ')}]`
    const text = `a: &a [1, 2, 3]\nb: &b ${nine('a')}\nc: &c ${nine('b')}\nd: &d ${nine('c')}\n`
    expect(told(text)).toEqual([expect.stringMatching(/the file has more than 100 aliases/)])
  })

  test('few aliases of much', () => {
    const text = `a: &a [${Array(2_000).fill('1').join(',')}]\nb: [${Array(60).fill('*a').join(',')}]\n`
    expect(told(text)).toEqual([
      expect.stringMatching(/the file unfolds to more than 100000 values$/),
    ])
  })

  test.each(['[', '{ a: ', '- '])('%p ten thousand times', (opening) => {
    expect(told(opening.repeat(10_000)).length).toBeGreaterThan(0)
  })
})
