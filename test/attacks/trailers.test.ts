/**
 * Fields behind a body, which some servers add to those of the head (as httpd did, CVE-2013-5704): what a
 * head may not say may not come after it either. The fields before have been passed on by then, and so
 * has the name; its colon has not.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { byteAttack, head } from '../support/byte-attack.ts'
import { hostile, lines } from '../support/hostile-answer.ts'

const routes = `
  - path: /page/*
    upstream: "http://UPSTREAM"
    forward: { headers: { set: { x-user: nobody }, remove: [x-debug] } }
    answer: { headers: { remove: [x-internal] } }
`
const post = head('POST /page/x HTTP/1.1', 'Transfer-Encoding: chunked')

/** A body with this field behind it. It succeeds if the field reaches the server. */
const behind = (field: string) =>
  byteAttack({
    name: JSON.stringify(field),
    wants: 'to be taken for somebody else by a server that adds trailers to its headers',
    routes,
    sends: [`${post}2\r\nab\r\n0\r\nX-Checksum: 1\r\n${field}\r\n\r\n`],
    repelled: ['400 MALFORMED_REQUEST', 'ended', 'upstream: POST /page/x'],
    gains: { upstream: new RegExp(`X-Checksum: 1\r\n${field.replace(/[.*]/g, '\\$&')}\r\n\r\n`) },
  })

/** An answer with this field behind it. It succeeds if the field reaches the client. */
const behindAnswer = (field: string) =>
  hostile(field, lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', field, '', ''), {
    wants: 'a client, or a cache in front, that adds trailers to its headers',
    routes,
    repelled: ['200 ok', 'reset', 'upstream: GET /page/first', 'upstream: GET /page/x'],
    gains: { client: new RegExp(`\r\n0\r\n${field}`) },
  })

const file = 'proxy/trailers.ts'

const defences: Defence[] = [
  {
    name: 'a trailer of a request says nothing that only a head may say',
    without: [
      {
        file: 'proxy/http-relay.ts',
        replace: 'mayTrail: (name) => mayTrailRequest(name, route),',
        by: '',
      },
    ],
    attacks: [
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Host: admin.test',
      'Connection: close',
      'Keep-Alive: timeout=1000',
      'TE: trailers',
      'Trailer: Host',
      'Upgrade: websocket',
      'Proxy: http://evil.test',
      'Proxy-Authorization: Basic c2VjcmV0',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Prefix: /admin',
      'X-Real-IP: 127.0.0.1',
      'X-Request-Id: 1',
      'Forwarded: for=127.0.0.1',
      'Sluice-Session: evil',
      'sLUICE-cLIENT-sUBJECT: CN=admin',
      'Authorization: Bearer evil',
      'Cookie: session=evil',
    ].map(behind),
  },
  {
    name: 'it does not say it in another spelling',
    without: [
      {
        file,
        replace: 'const key = spelled(name)\n  return mayTrail(key) && !ofClients',
        by: 'const key = name\n  return mayTrail(key) && !ofClients',
      },
    ],
    attacks: ['X_Real_IP: 127.0.0.1', 'SLUICE_SESSION: evil', 'x-forwarded_for: 127.0.0.1'].map(
      behind,
    ),
  },
  {
    name: 'it says nothing that the route decides about',
    without: [{ file, replace: ' && !requestHeaders.touches(key)', by: '' }],
    attacks: ['X-User: admin', 'X_User: admin', 'X-Debug: 1'].map(behind),
  },
  {
    name: 'a trailer has names',
    without: [
      { file: 'wire/http-trailer.ts', replace: 'if (!isToken(this.#name))', by: 'if (false)' },
    ],
    attacks: [
      'X-Real-IP : 127.0.0.1',
      ' X-Real-IP: 127.0.0.1',
      '\tX-Real-IP: 127.0.0.1',
      'X Real-IP: 127.0.0.1',
      ': 127.0.0.1',
    ].map(behind),
  },
  {
    name: 'a trailer line has a name',
    without: [
      {
        file: 'wire/http-trailer.ts',
        replace: `else this.fault = 'a trailer line without colon'`,
        by: `else this.#state = 'line-lf'`,
      },
    ],
    attacks: ['X-Real-IP', 'X-Real-IP 127.0.0.1'].map(behind),
  },
  {
    name: 'a trailer of an answer says nothing that only a head may say',
    without: [
      {
        file: 'proxy/answer-relay.ts',
        replace: 'mayTrail: (name) => mayTrailAnswer(name, route),',
        by: '',
      },
    ],
    attacks: [
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Connection: close',
      'Upgrade: h2c',
      'Sluice-Session: evil',
      'Sluice_Session: evil',
      'X-Internal: 1',
    ].map(behindAnswer),
  },
]

testDefences(defences)
