/**
 * Paths that are public to the gateway and private to the server, once it has taken out dots, decoded
 * what is encoded, or cut what it takes for a parameter.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head, type ByteAttack } from '../support/byte-attack.ts'
import type { Mutation } from '../support/source-mutation.ts'

const routes = `
  - { path: /private/*, respond: { status: 403, body: private } }
  - { path: /room/:room, upstream: "http://UPSTREAM" }
  - { path: /public/*, upstream: "http://UPSTREAM" }
  - { path: /*, upstream: "ws://UPSTREAM" }
`
const file = 'route/path-pattern.ts'

const asking = (target: string, row: Partial<ByteAttack> = {}) =>
  byteAttack({
    name: target,
    wants: 'a path that the server reads as a private one',
    routes,
    sends: [head(`GET ${target} HTTP/1.1`)],
    repelled: ['400 UNSAFE_PATH'],
    gains: { upstream: /^GET/ },
    ...row,
  })

/** Another spelling of a private path. */
const spelled = (target: string) => asking(target, { repelled: ['403 private'] })

const room = (target: string) => asking(target, { wants: 'a room that is a path to the server' })

/** What looks at a path as servers of other kinds read it. */
const otherReadings: Mutation = {
  file: 'route/route-table.ts',
  replace: `if (typeof other !== 'object' || other.value !== found.value) return 'unsafe'`,
  by: 'void other',
}

const defences: Defence[] = [
  {
    name: 'a path has no dot segments',
    without: [
      {
        file,
        replace:
          'return segments.some((segment) => segment.split(slash).some(isDots)) ? undefined : segments',
        by: 'return segments',
      },
    ],
    attacks: [
      ...[
        '/public/../private/x',
        '/public/./../private/x',
        '/public/x/../../private/x',
        '/public/..//private/x',
        '/public//../private/x',
        '/public/..',
        '/../private/x',
        '/./private/x',
        '/public/.',
        '/public/../private/x?a=/public',
        'http://site.test/public/../private/x',
      ].map((target) => asking(target)),
      asking('/chat/../private/x', {
        name: 'a handshake for /chat/../private/x',
        sends: [handshake('/chat/../private/x')],
      }),
    ],
  },
  {
    name: 'encoded dots are dots',
    without: [
      {
        file,
        replace:
          "const decoded = path.includes('%') ? path.replace(/%[0-9A-Fa-f]{2}/g, decodeUnreserved) : path",
        by: 'const decoded = path; void decodeUnreserved',
      },
    ],
    attacks: [
      '/public/%2e%2e/private/x',
      '/public/%2E%2E/private/x',
      '/public/.%2e/private/x',
      '/public/%2e./private/x',
      '/public/%2e/%2e%2e/private/x',
      '/public/%2e%2e',
    ].map((target) => asking(target)),
  },
  {
    name: 'dots behind an encoded slash, or a backslash, are dots',
    without: [
      { file, replace: 'segment.split(slash).some(isDots)', by: 'isDots(segment)' },
      otherReadings,
    ],
    attacks: [
      '/public/..%2fprivate/x',
      '/public/..%2Fprivate/x',
      '/public%2f../private/x',
      '/public%2f..%2fprivate/x',
      '/public/x%2f..%2f..%2fprivate',
      '/public/..%5cprivate/x',
      '/public/..\\private/x',
      '/public\\..\\private/x',
      '/public%5C..%5Cprivate/x',
      '/public/%2e%2e%2fprivate/x',
    ].map((target) => asking(target)),
  },
  {
    name: 'dots with a parameter are dots',
    without: [
      { file, replace: 'const [name] = text.split(/;|%3b/i, 1)', by: 'const name = text' },
      otherReadings,
    ],
    attacks: [
      '/public/..;/private/x',
      '/public/..;a=b/private/x',
      '/public/..;a;b/private/x',
      '/public/%2e%2e;/private/x',
      '/public/..;%2fprivate/x',
      '/public/..%3b/private/x',
    ].map((target) => asking(target)),
  },
  {
    name: 'a parameter of a path is one segment',
    without: [{ file, replace: `if (slash.test(text)) return 'unsafe'`, by: '' }],
    attacks: ['/room/%2fa', '/room/%5Ca', '/room/\\a'].map(room),
  },
  {
    name: 'a parameter of a path is not two segments either',
    without: [{ file, replace: `if (slash.test(text)) return 'unsafe'`, by: '' }, otherReadings],
    attacks: ['/room/a%2fb', '/room/a%2F', '/room/a%5cb', '/room/a\\b'].map(room),
  },
  {
    name: 'a path leads to the same route in every reading',
    without: [otherReadings],
    attacks: [
      '/private%2fx',
      '/private%2Fx',
      '/%2fprivate/x',
      '/private%5cx',
      '/private\\x',
      '/\\private/x',
      '/private;a=b/x',
      '/private;/x',
      '/;/private/x',
      '/private%3b/x',
      '/private%3Ba%2fx',
      '/private;%2fx',
      '/%70rivate;a/x?b=c',
    ].map((target) => asking(target)),
  },
  {
    name: 'a path has no end before its end',
    without: [{ file, replace: `if (path.includes('%00')) return undefined`, by: '' }],
    attacks: ['/private%00/x', '/private%00', '/public/x%00.html'].map((target) => asking(target)),
  },
  {
    name: 'letters are the same when they are encoded',
    without: [
      {
        file,
        replace:
          "const decoded = path.includes('%') ? path.replace(/%[0-9A-Fa-f]{2}/g, decodeUnreserved) : path",
        by: 'const decoded = path; void decodeUnreserved',
      },
    ],
    attacks: ['/%70rivate/x', '/p%72ivate/x', '/%70%72%69%76%61%74%65', '/privat%65'].map(spelled),
  },
  {
    name: 'slashes in a row are one',
    without: [
      {
        file,
        replace: `parts.filter((part, index) => part !== '' || index === parts.length - 1)`,
        by: 'parts',
      },
    ],
    attacks: ['//private/x', '///private', '//private//x', 'http://site.test//private/x'].map(
      spelled,
    ),
  },
]

testDefences(defences)
