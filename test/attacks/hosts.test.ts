/**
 * Hosts that are one to the gateway and another to the server: the route of one, the pages of the other.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, head, type ByteAttack } from '../support/byte-attack.ts'

/** Which route took a request is told by the path in front of its own. */
const routes = `
  - { host: admin.test, upstream: "http://UPSTREAM/admin" }
  - { host: "*.team.test", upstream: "http://UPSTREAM/team" }
  - { upstream: "http://UPSTREAM/any" }
`

type Row = Pick<ByteAttack, 'name' | 'sends' | 'gains'> & Partial<ByteAttack>

const refused = (row: Row) =>
  byteAttack({
    wants: 'a server that reads another host than the one the route was chosen by',
    routes,
    repelled: ['400 MALFORMED_REQUEST', 'ended'],
    ...row,
  })

/** A host that is the admin's, however it is spelled. */
const admin = (host: string, row: Partial<ByteAttack> = {}) =>
  byteAttack({
    name: `Host: ${host}`,
    wants: 'the pages of one host by the route of every other one',
    routes,
    sends: [head('GET /x HTTP/1.1', `Host: ${host}`)],
    repelled: ['200 ok', 'upstream: GET /admin/x'],
    gains: { upstream: /^GET \/any\/x/ },
    ...row,
  })

const defences: Defence[] = [
  {
    name: 'there is one Host',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: 'const singular = /^(host|',
        by: 'const singular = /^(',
      },
    ],
    attacks: [
      ['Host: site.test', 'Host: admin.test'],
      ['Host: admin.test', 'hOST: site.test'],
      ['Host: site.test', 'Host: site.test'],
      ['Host:', 'Host: admin.test'],
    ].map((fields) =>
      refused({
        name: fields.join(' and '),
        sends: [head('GET /x HTTP/1.1', ...fields)],
        gains: { upstream: /^GET/ },
      }),
    ),
  },
  {
    name: 'there is a Host in HTTP/1.1',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: `if (minor === 1 && raw.fields.count('host') === 0)`,
        by: 'if (minor < 0)',
      },
    ],
    attacks: ['GET /x HTTP/1.1', 'GET http://site.test/x HTTP/1.1'].map((line) =>
      refused({
        name: `${line} without Host`,
        sends: [`${line}\r\n\r\n`],
        gains: { upstream: /^GET/ },
      }),
    ),
  },
  {
    name: 'a host is a name or an address, and a port',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: 'if (!isHost(place.host))',
        by: 'if (minor < 0)',
      },
    ],
    attacks: [
      'site.test@admin.test',
      'user:password@admin.test',
      'site.test/admin',
      'site.test\\admin.test',
      'site.test#admin.test',
      'site.test?admin.test',
      'site.test admin.test',
      'site.test\tadmin.test',
      ':80',
      ':',
      'site.test:80:80',
      'site.test:80@admin.test',
      'site.test:8o',
      'site.test:-80',
      'site.test:808080',
      '[::1',
      '::1',
      '[fe80::1%25eth0]',
      '[::1]admin.test',
      '[admin.test]',
      '<admin.test>',
      '"admin.test"',
      'admin\xb7test',
      // A list, once it stands in X-Forwarded-Host.
      'evil.test,x.team.test',
      // The admin's, once it is decoded.
      '%61dmin.test',
      'admin.test;x.team.test',
    ].map((host) =>
      refused({
        name: `Host: ${JSON.stringify(host)}`,
        sends: [head('GET /x HTTP/1.1', `Host: ${host}`)],
        gains: { upstream: /^GET/ },
      }),
    ),
  },
  {
    name: 'the host in a URL is a host too',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: 'if (!isHost(place.host))',
        by: 'if (minor < 0)',
      },
    ],
    attacks: ['http://user@admin.test/x', 'http://site.test\\@admin.test/x', 'http://a:b@c/x'].map(
      (target) =>
        refused({
          name: target,
          sends: [head(`GET ${target} HTTP/1.1`)],
          gains: { upstream: /^GET/ },
        }),
    ),
  },
  {
    name: 'a target is a path or a URL of HTTP',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: 'if (url === null) return undefined',
        by: 'if (url === null) return { target: sent, host }',
      },
    ],
    attacks: [
      'x',
      'ftp://admin.test/x',
      'http:/x',
      'http:///x',
      'file:///etc/passwd',
      '*',
      'admin.test:80',
      '\\x',
      '?x',
    ].map((target) =>
      refused({
        name: target,
        sends: [head(`GET ${target} HTTP/1.1`)],
        gains: { upstream: /^GET/ },
      }),
    ),
  },
  {
    name: 'the host in a URL counts, not the one in Host',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: '`/${rest}`, host: authority }',
        by: '`/${rest}`, host }',
      },
    ],
    attacks: ['http://admin.test/x', 'HTTPS://ADMIN.test:443/x', 'ws://admin.test/x'].map(
      (target) =>
        admin('site.test', {
          name: `${target}, and another Host`,
          sends: [head(`GET ${target} HTTP/1.1`, 'Host: site.test')],
        }),
    ),
  },
  {
    name: 'what goes on is a path, with the host it was chosen by',
    without: [
      {
        file: 'wire/http-request.ts',
        replace: "return { target: rest.startsWith('/') ? rest : `/${rest}`, host: authority }",
        by: 'return { target: `/?${sent}`, host }',
      },
    ],
    attacks: [
      refused({
        name: 'a URL of one host, and Host of another',
        sends: [head('GET http://admin.test/x HTTP/1.1', 'Host: site.test')],
        repelled: ['200 ok', 'upstream: GET /admin/x'],
        gains: { upstream: /http:\/\/admin.test|^host: site.test/im },
      }),
    ],
  },
  {
    name: 'a host is the same in any case',
    without: [
      {
        file: 'wire/host-name.ts',
        replace: `.replace(/\\.$/, '')\n    .toLowerCase()`,
        by: `.replace(/\\.$/, '')`,
      },
    ],
    attacks: [admin('ADMIN.TEST'), admin('Admin.test:80')],
  },
  {
    name: 'a host is the same with a port',
    without: [{ file: 'wire/host-name.ts', replace: `.replace(/:[0-9]*$/, '')`, by: '' }],
    attacks: [admin('admin.test:80'), admin('admin.test:'), admin('admin.test:65535')],
  },
  {
    name: 'a host is the same with the dot of the root',
    without: [{ file: 'wire/host-name.ts', replace: `.replace(/\\.$/, '')`, by: '' }],
    attacks: [admin('admin.test.'), admin('admin.test.:80')],
  },
  {
    name: 'a wildcard stands for names below, not for the ends of others',
    without: [
      {
        file: 'route/route-table.ts',
        replace:
          "for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1))\n    wildcards.push(`*${name.slice(dot)}`)",
        by: 'for (let start = 1; start < name.length; start++)\n    wildcards.push(`*.${name.slice(start)}`)',
      },
    ],
    attacks: ['evilteam.test', 'a.evilteam.test:80', 'my-team.test.'].map((host) =>
      admin(host, {
        repelled: ['200 ok', 'upstream: GET /any/x'],
        gains: { upstream: /^GET \/team/ },
      }),
    ),
  },
  {
    name: 'a wildcard stands for one name at least',
    without: [
      {
        file: 'route/route-table.ts',
        replace: "let dot = name.indexOf('.', 1); dot > 0;",
        by: "let dot = name.indexOf('.'); dot >= 0;",
      },
    ],
    attacks: ['.team.test'].map((host) =>
      admin(host, {
        repelled: ['200 ok', 'upstream: GET /any/x'],
        gains: { upstream: /^GET \/team/ },
      }),
    ),
  },
]

testDefences(defences)
