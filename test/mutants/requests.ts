/**
 * Slips in understanding heads as requests and responses: each would let through what another server
 * understands differently, or refuse what is in order.
 */
import { mutantsOf } from './mutant.ts'

const ofRequest = mutantsOf(
  'wire/http-request.ts',
  ['wire/http-request.test.ts'],
  [
    {
      replace: '/^(host|origin|',
      by: '/^(host|',
      why: 'two origins pass: one is checked here, the other there',
    },
    {
      replace: '/^(host|origin|',
      by: '/^(origin|',
      why: 'two hosts pass: routed by one, served by the other',
    },
    {
      replace: 'sec-websocket-.*)$/',
      by: 'sec-websocket-key)$/',
      why: 'two lists of subprotocols or extensions pass, read as one or as two',
    },
    {
      replace: '[0-9A-Za-z._-]+)',
      by: '[0-9A-Za-z.,_-]+)',
      why: 'a host with a comma makes a list of X-Forwarded-Host',
    },
    {
      replace: ':[0-9]{0,5})?)?$/',
      by: ':[0-9]*)?)?$/',
      why: 'a port of any length passes',
    },
    {
      replace: 'more.length > 0',
      by: 'more.length > 1',
      why: 'a target with a space in it passes, cut short',
    },
    {
      replace: " || sent.includes('#')",
      by: '',
      why: 'a fragment passes, which some servers cut off and others do not',
    },
    {
      replace: 'raw.fields.count(key) > 1',
      by: 'raw.fields.count(key) > 2',
      why: 'a field that stands alone may come twice',
    },
    {
      replace: "method === 'CONNECT' && isHost(sent)",
      by: "method === 'CONNECT'",
      why: 'a malformed CONNECT is told apart from no other',
    },
    {
      replace: "if (minor === 1 && raw.fields.count('host') === 0)",
      by: "if (minor === 1 && place.host === '')",
      why: 'an empty Host is refused, which is one (RFC 9112 §3.2)',
    },
    {
      replace: 'if (!isHost(place.host))',
      by: "if (!isHost(raw.fields.get('host') ?? ''))",
      why: 'a URL brings a host with user and password',
    },
    {
      replace: 'bodyFraming(raw.fields, minor)',
      by: 'bodyFraming(raw.fields, 1)',
      why: 'chunks pass in HTTP/1.0, whose servers read them as the body',
    },
    {
      replace: 'minor === 1 &&\n      connection',
      by: 'connection',
      why: 'HTTP/1.0 upgrades (RFC 6455 §4.1)',
    },
    {
      replace: "connection.includes('upgrade') &&",
      by: "connection.includes('upgrade') ||",
      why: 'a request is an upgrade that says so in one field only',
    },
    {
      replace: "target.indexOf('?')",
      by: "target.lastIndexOf('?')",
      why: 'a token in a query with two question marks gets into the log',
    },
    {
      replace: "version === 'HTTP/1.0') return 0",
      by: "version === 'HTTP/1.0') return 1",
      why: 'a client of HTTP/1.0 is sent chunks and interim answers',
    },
    {
      replace: "sent === '*' && method === 'OPTIONS'",
      by: "sent === '*'",
      why: 'GET * is routed and relayed',
    },
    {
      replace: '([^/?]+)(.*)$/i',
      by: '([^/?]+)(.*)$/',
      why: 'a URL in upper case is refused (RFC 3986 §3.1)',
    },
    {
      replace: 'host: authority }',
      by: 'host: host === "" ? authority : host }',
      why: 'a URL and another Host are routed by Host, and served by the URL (RFC 9112 §3.2.2)',
    },
    {
      replace: "rest.startsWith('/') ? rest : `/${rest}`",
      by: 'rest',
      why: 'a URL without path is relayed without target',
    },
  ],
)

const ofResponse = mutantsOf(
  'wire/http-response.ts',
  ['wire/http-response.test.ts'],
  [
    {
      replace: '([1-9][0-9]{2})',
      by: '([0-9]{3})',
      why: 'a status of 099 passes',
    },
    {
      replace: "method === 'HEAD' || ",
      by: '',
      why: 'the next answer is taken for the body of an answer to HEAD',
    },
    {
      replace: 'status < 200',
      by: 'status <= 200',
      why: 'an OK has no body, and its body is the next answer',
    },
    {
      replace: ' || status === 304',
      by: '',
      why: 'a 304 that tells a length is waited for',
    },
    {
      replace: "body.kind !== 'until-close' && ",
      by: '',
      why: 'a connection that ends with its answer is kept for another',
    },
  ],
)

export const requestMutants = [...ofRequest, ...ofResponse]
