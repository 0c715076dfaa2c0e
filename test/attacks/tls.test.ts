/**
 * Ways around the handshake: another host than the one that the certificate was asked for, certificates
 * of nobody that is believed, plain words where TLS is spoken.
 */
import type { ConnectionOptions } from 'node:tls'
import { testDefences, type Attack, type Defence } from '../support/attack.ts'
import { byteAttack, handshake, head, until } from '../support/byte-attack.ts'
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.ts'
import { dialTcp, dialTls } from '../support/tcp.ts'
import { answersIn, requestsIn } from '../support/transcript.ts'

const authority = makeAuthority()
const open = makeCertificate({ names: 'DNS:open.test' })
const closed = makeCertificate({ names: 'DNS:closed.test,DNS:*.closed.test' })
const asking = makeCertificate({ names: 'DNS:asking.test' })
const ca = [open.certPem, closed.certPem, asking.certPem]
const impostor = makeCertificate({ subject: '/CN=device-7' })
const stranger = makeCertificate({ subject: '/CN=device-7', issuer: makeAuthority('nobody') })
const expired = makeCertificate({ subject: '/CN=device-7', issuer: authority, days: -1 })

const served = ({ cert, key }: Certificate, require?: boolean) =>
  JSON.stringify({
    cert,
    key,
    ...(require === undefined ? {} : { client: { ca: authority.cert, require } }),
  })
const listener = `tls: [${served(open)}, ${served(closed, true)}, ${served(asking, false)}]`
const routes = `
  - { host: [closed.test, "*.closed.test"], upstream: "ws://UPSTREAM/closed" }
  - { upstream: "ws://UPSTREAM/open" }
`
/** Who is asked for no certificate gets as far as this. */
const isIn = /^GET \/closed/m

interface Row {
  readonly name: string
  /** The name he asks for in his handshake. */
  readonly to: string
  readonly shows?: Certificate
  readonly options?: ConnectionOptions
  /** One after the other, each when the one before is answered. */
  readonly sends: readonly string[]
  readonly repelled: readonly string[]
  /** Among what the server gets. */
  readonly gains?: RegExp
}

/** Speaks TLS. */
function speaking({ to, shows, options, sends, gains = isIn, ...row }: Row): Attack {
  return {
    wants: 'what is for those with a certificate, without one',
    ...row,
    routes,
    listener,
    async run({ port, upstream }) {
      const shown = shows === undefined ? {} : { cert: shows.certPem, key: shows.keyPem }
      const dial = {
        ca,
        servername: to,
        checkServerIdentity: () => undefined,
        ...shown,
        ...options,
      }
      // Refused in the handshake itself, as a client of TLS 1.2 is.
      const client = await dialTls(port, dial).catch(() => undefined)
      if (client === undefined) return { seen: ['cut off'], isGained: false }
      using _ = client
      let isOver = false
      void client.farewell.then(() => (isOver = true))
      const answers = () => answersIn(client.received)
      for (const [index, bytes] of sends.entries()) {
        client.send(bytes)
        await until(() => isOver || answers().length > index)
      }
      const isGained = () => upstream.received.some((text) => gains.test(text))
      const reached = upstream.received.flatMap(requestsIn).map((line) => `upstream: ${line}`)
      return {
        seen: [...answers(), ...(answers().length === 0 ? ['cut off'] : []), ...reached],
        isGained: isGained(),
      }
    },
  }
}

const get = (host: string) => head('GET /x HTTP/1.1', `Host: ${host}`)

/** Comes in by a name for which nothing is asked, and asks for the host that wants a certificate. */
const misdirected = (host: string, row: Partial<Row> = {}) =>
  speaking({
    name: `a request for ${host} on a connection to ${row.to ?? 'open.test'}`,
    to: 'open.test',
    sends: [get(host)],
    repelled: ['421 MISDIRECTED'],
    ...row,
  })

const opening = 'listener/opening.ts'
const file = 'listener/terms.ts'
const isMisdirected = {
  file,
  replace: 'if (this.#isMisdirected(request, client))',
  by: 'if (client === undefined)',
}

const hosts: Defence[] = [
  {
    name: 'a request is for a host that asks of clients what its connection asked',
    without: [isMisdirected],
    attacks: [
      misdirected('closed.test'),
      misdirected('a.closed.test'),
      misdirected('closed.test', { to: 'asking.test' }),
      misdirected('closed.test', { to: '' }),
      misdirected('closed.test', { to: 'nobody.test' }),
      misdirected('closed.test', {
        name: 'a URL of closed.test on a connection to open.test',
        sends: [head('GET http://closed.test/x HTTP/1.1', 'Host: open.test')],
      }),
      misdirected('closed.test', {
        name: 'a request for closed.test behind one for open.test',
        sends: [get('open.test'), get('closed.test')],
        repelled: ['200 ok', '421 MISDIRECTED', 'upstream: GET /open/x'],
      }),
      misdirected('closed.test', {
        name: 'a handshake for closed.test on a connection to open.test',
        sends: [handshake('/chat', 'Host: closed.test')],
      }),
    ],
  },
  {
    name: 'a host is the same however it is written',
    without: [
      { file, replace: 'select(hostName(request.head.host))', by: 'select(request.head.host)' },
    ],
    attacks: ['CLOSED.test', 'closed.test:443', 'closed.test.', 'A.closed.test.:8443'].map((host) =>
      misdirected(host),
    ),
  },
  {
    name: 'a wildcard is for names of any depth, as in routes',
    without: [
      {
        file: 'listener/server-certificates.ts',
        replace: "for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {",
        by: "for (let dot = name.indexOf('.'); dot >= 0; dot = -1) {",
      },
    ],
    attacks: [
      misdirected('a.b.closed.test'),
      speaking({
        name: 'a connection to a.b.closed.test, without a certificate',
        to: 'a.b.closed.test',
        sends: [get('a.b.closed.test')],
        repelled: ['cut off'],
      }),
    ],
  },
]

/** Shows this, where a certificate is required. */
const showing = (name: string, shows: Certificate | undefined, maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
  speaking({
    name: `${name}, in ${maxVersion}`,
    to: 'closed.test',
    ...(shows === undefined ? {} : { shows }),
    options: { maxVersion },
    sends: [get('closed.test')],
    repelled: ['cut off'],
  })

const certificates: Defence[] = [
  {
    name: 'where a certificate is required it is one of those who are believed',
    without: [
      {
        file: opening,
        replace: 'if (options.client?.isRequired === true && !isAccepted)',
        by: 'if (this.#isOver)',
      },
      {
        file: 'listener/server-certificates.ts',
        replace: 'rejectUnauthorized: client.isRequired',
        by: 'rejectUnauthorized: false',
      },
    ],
    attacks: (['TLSv1.3', 'TLSv1.2'] as const).flatMap((version) => [
      showing('no certificate', undefined, version),
      showing('a certificate that signs itself', impostor, version),
      showing('a certificate of another authority', stranger, version),
      showing('a certificate that has expired', expired, version),
    ]),
  },
  {
    name: 'a certificate is told to servers only if it is believed',
    without: [
      {
        file: opening,
        replace: 'options.client !== undefined && socket.authorized',
        by: 'options.client !== undefined',
      },
    ],
    attacks: [impostor, stranger, expired].map((shows, index) =>
      speaking({
        name: `a certificate that ${['signs itself', 'is of another authority', 'has expired'][index]}`,
        to: 'asking.test',
        shows,
        sends: [get('asking.test')],
        repelled: ['200 ok', 'upstream: GET /open/x'],
        gains: /^sluice-client-subject: CN=device-7/im,
      }),
    ),
  },
]

/** Speaks no TLS. */
const plain = (name: string, bytes: string) =>
  byteAttack({
    name,
    wants: 'what is said to the server, readable on the way',
    routes,
    listener,
    open: (port) => dialTls(port, { ca, servername: 'open.test' }),
    dial: ({ port }) => dialTcp(port),
    sends: [bytes],
    repelled: ['400 PLAIN_HTTP', 'ended'],
    gains: { upstream: /^GET/ },
  })

const words: Defence[] = [
  {
    name: 'where TLS is spoken nothing else is',
    without: [
      {
        file: opening,
        replace: 'if (!looksLikeTls(bytes)) return this.#refuseOther(bytes)',
        by: 'if (!looksLikeTls(bytes)) return this.#open(plainSecurity, bytes)',
      },
    ],
    attacks: [
      plain('a request in plain HTTP', get('open.test')),
      plain('a handshake in plain HTTP', handshake('/chat', 'Host: open.test')),
    ],
  },
]

testDefences([...hosts, ...certificates, ...words])
