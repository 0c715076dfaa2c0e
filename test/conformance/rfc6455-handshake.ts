/** RFC 6455 §4, §9.1 and §11.3: the opening handshake, as it is asked for and as it is answered. */
import { expect } from 'bun:test'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { runCommand } from '../support/command.ts'
import { relayTo, startGateway } from '../support/gateway.ts'
import { politely, startRecordingServer, switchTo } from '../support/recording-server.ts'
import { dialTcp } from '../support/tcp.ts'
import { sampleAccept, sampleKey } from '../support/websocket.ts'
import { inCase, type Clause } from './clause.ts'
import { asClient, asConnect, asServer, routeOf, type Situation } from './situation.ts'

const deflate = 'permessage-deflate'

interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What reached the upstream. */
  readonly forwarded: readonly string[]
}

/** What becomes of a request, in front of a server that answers like this. */
async function ask(
  situation: Situation,
  request: string,
  answer: (head: string) => string = politely,
): Promise<Asked> {
  using upstream = await startRecordingServer({ answer })
  await using gateway = startGateway(relayTo(`ws://${upstream.host}`, routeOf(situation)))
  using client = await dialTcp(gateway.port)
  client.send(request)
  const { status, headers } = await client.message()
  // A connection that was made for a handshake that failed is not kept.
  if (status === 502) await until(() => upstream.open === 0)
  return { status, headers, forwarded: upstream.received }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** The handshake of RFC 6455 §1.3 with these fields instead; undefined: without. */
function request(
  fields: Readonly<Record<string, string | undefined>> = {},
  line = 'GET /chat?v=2 HTTP/1.1',
): string {
  const usual = {
    Host: 'server.example.com',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
  }
  const lines = Object.entries({ ...usual, ...fields })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  return `${[line, ...lines].join('\n')}\n\n`
}

const requestFaults: Readonly<Record<string, readonly [string, number]>> = {
  'another method': [request({}, 'POST /chat HTTP/1.1'), 400],
  'no host': [request({ Host: undefined }), 400],
  'two hosts': [request({ Host: 'a\nHost: b' }), 400],
  'no key': [request({ 'Sec-WebSocket-Key': undefined }), 400],
  'an empty key': [request({ 'Sec-WebSocket-Key': '' }), 400],
  'a key of fifteen bytes': [
    request({ 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }),
    400,
  ],
  'a key of seventeen bytes': [
    request({ 'Sec-WebSocket-Key': Buffer.alloc(17).toString('base64') }),
    400,
  ],
  'a key that is no base64': [request({ 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }), 400],
  'two keys': [
    request({ 'Sec-WebSocket-Key': `${sampleKey}\nSec-WebSocket-Key: ${sampleKey}` }),
    400,
  ],
  'extensions that cannot be read': [request({ 'Sec-WebSocket-Extensions': `${deflate},,` }), 400],
  'a parameter of an extension without its value': [
    request({ 'Sec-WebSocket-Extensions': `${deflate}; server_max_window_bits=` }),
    400,
  ],
  'a body': [`${request({ 'Content-Length': '2' })}ab`, 400],
}

/** What a 101 must not be, by what is wrong with it. */
const answerFaults: Readonly<Record<string, (head: string) => string>> = {
  'no Upgrade': (head) => switchTo(head).replace(/Upgrade: websocket\r\n/, ''),
  'another Upgrade': (head) => switchTo(head, 'Upgrade: h2c'),
  'no Connection': (head) => switchTo(head).replace(/Connection: Upgrade\r\n/, ''),
  'another Connection': (head) => switchTo(head, 'Connection: keep-alive'),
  'no Accept': (head) => switchTo(head).replace(/Sec-WebSocket-Accept: .*\r\n/, ''),
  'the Accept of another key': (head) =>
    switchTo(head, `Sec-WebSocket-Accept: ${acceptFor('AAAAAAAAAAAAAAAAAAAAAA==')}`),
  'the key itself': (head) => switchTo(head, `Sec-WebSocket-Accept: ${sampleKey}`),
  'an extension that was not offered': (head) =>
    switchTo(head, 'Sec-WebSocket-Extensions: x-other'),
  'extensions that cannot be read': (head) => switchTo(head, 'Sec-WebSocket-Extensions: a;;b'),
  'a subprotocol that was not offered': (head) => switchTo(head, 'Sec-WebSocket-Protocol: other'),
  'two subprotocols': (head) =>
    switchTo(head, 'Sec-WebSocket-Protocol: one', 'Sec-WebSocket-Protocol: two'),
  'an older HTTP': (head) => switchTo(head).replace('HTTP/1.1', 'HTTP/1.0'),
}

/** The fields that the upstream was asked with. */
function fieldsOf(forwarded: string): Readonly<Record<string, string>> {
  const [, ...lines] = forwarded.split('\r\n\r\n')[0]?.split('\r\n') ?? []
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 2),
    ]),
  )
}

const asServers: readonly Clause[] = [
  {
    section: '§4.2.1',
    says: 'a handshake that is not well formed is refused, and no server is asked',
    situations: asServer,
    async show(situation) {
      for (const [name, [text, wanted]] of Object.entries(requestFaults)) {
        await inCase(name, async () => {
          const { status, forwarded } = await ask(situation, text)
          expect([status, forwarded]).toEqual([wanted, []])
        })
      }
    },
  },
  {
    section: '§4.2.1',
    says: 'tokens count in any case and among others',
    situations: asServer,
    async show(situation) {
      const text = request({ Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' })
      expect((await ask(situation, text)).status).toBe(101)
    },
  },
  {
    section: '§4.2.2',
    says: 'a handshake is answered with 101, Upgrade, Connection and the Accept of its key',
    situations: asServer,
    async show(situation) {
      const { status, headers } = await ask(situation, request())
      expect(status).toBe(101)
      expect(headers).toMatchObject({
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-accept': sampleAccept,
      })
    },
  },
  {
    section: '§4.2.2',
    says: 'a page of another origin is refused with 403',
    situations: asServer,
    async show(situation) {
      const text = request({ Origin: 'http://evil.example', Cookie: 'session=ada' })
      expect((await ask(situation, text)).status).toBe(403)
    },
  },
  {
    section: '§4.2.2',
    says: 'the subprotocol is the one that the server has chosen of those that were offered, or none',
    situations: asServer,
    async show(situation) {
      const text = request({ 'Sec-WebSocket-Protocol': 'one, Two,three' })
      for (const chosen of ['one', 'Two', 'three']) {
        const { headers } = await ask(situation, text, (head) =>
          switchTo(head, `Sec-WebSocket-Protocol: ${chosen}`),
        )
        expect(headers['sec-websocket-protocol']).toBe(chosen)
      }
      expect((await ask(situation, text)).headers).not.toHaveProperty('sec-websocket-protocol')
    },
  },
  {
    section: '§4.4',
    says: 'another version is refused with 426 and the version that is spoken',
    situations: asServer,
    async show(situation) {
      for (const version of [undefined, '0', '8', '12', '14', '013', '13, 12', 'x']) {
        const text = request({ 'Sec-WebSocket-Version': version })
        const { status, headers, forwarded } = await ask(situation, text)
        expect([status, headers['sec-websocket-version'], forwarded]).toEqual([426, '13', []])
      }
    },
  },
  {
    section: '§9.1',
    says: 'an extension that is not known is not agreed to, and those behind it are still looked at',
    situations: asServer,
    async show(situation) {
      const offer = { 'Sec-WebSocket-Extensions': 'x-unheard-of; a=1' }
      expect((await ask(situation, request(offer))).headers).not.toHaveProperty(
        'sec-websocket-extensions',
      )
      const more = { 'Sec-WebSocket-Extensions': `x-unheard-of, ${deflate}` }
      const { headers } = await ask(situation, request(more))
      expect(headers['sec-websocket-extensions']?.split(';')[0]).toBe(
        situation.mode === 'deflate' ? deflate : undefined,
      )
    },
  },
  {
    section: '§11.3',
    says: 'a field of the handshake that comes on several lines is refused, offers too',
    situations: asServer,
    async show(situation) {
      for (const [name, value] of [
        ['Sec-WebSocket-Key', sampleKey],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Protocol', 'one'],
        ['Sec-WebSocket-Extensions', deflate],
      ] as const) {
        const text = request({ [name]: `${value}\n${name}: ${value}` })
        const { status, forwarded } = await ask(situation, text)
        expect([status, forwarded]).toEqual([400, []])
      }
    },
  },
]

const asClients: readonly Clause[] = [
  {
    section: '§4.1',
    says: 'the request of a client is a GET of HTTP/1.1 with Host, Upgrade, Connection, a key and the version',
    situations: [...asClient, ...asConnect],
    async show(situation) {
      const heads = await Promise.all([1, 2].map(() => requestOf(situation)))
      for (const head of heads) {
        expect(head).toMatch(/^GET \/chat\?v=2 HTTP\/1\.1\r\n/)
        const { host, upgrade, connection, ...fields } = fieldsOf(head)
        expect([upgrade, connection]).toEqual(['websocket', 'Upgrade'])
        expect(host).not.toBe('')
        expect(fields['sec-websocket-version']).toBe('13')
        expect(Buffer.from(fields['sec-websocket-key'] ?? '', 'base64')).toHaveLength(16)
        for (const name of ['upgrade', 'connection', 'sec-websocket-key', 'sec-websocket-version'])
          expect(head.match(new RegExp(`^${name}:`, 'gim'))).toHaveLength(1)
      }
    },
  },
  {
    section: '§4.1',
    says: 'the key of a client is another one each time',
    situations: asConnect,
    async show(situation) {
      const heads = await Promise.all([1, 2, 3].map(() => requestOf(situation)))
      expect(new Set(heads.map((head) => fieldsOf(head)['sec-websocket-key'])).size).toBe(3)
    },
  },
  {
    section: '§4.1',
    says: 'an answer that is not 101 is the answer: passed on as it is',
    situations: asClient,
    async show(situation) {
      for (const [line, more] of [
        ['200 OK', ''],
        ['302 Found', 'Location: /login\r\n'],
        ['401 Unauthorized', 'WWW-Authenticate: Basic realm="a"\r\n'],
        ['503 Service Unavailable', 'Retry-After: 5\r\n'],
      ] as const) {
        const answer = () => `HTTP/1.1 ${line}\r\n${more}Content-Length: 0\r\n\r\n`
        const { status, headers } = await ask(situation, request(), answer)
        expect(status).toBe(Number(line.slice(0, 3)))
        const [name = '', value = ''] = more.trim().split(': ')
        if (name !== '') expect(headers[name.toLowerCase()]).toBe(value)
      }
    },
  },
  {
    section: '§4.1',
    says: 'an answer that is not 101 is told, and is no connection',
    situations: asConnect,
    async show() {
      using server = await startRecordingServer({
        answer: () => 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n',
      })
      const { exitCode, stderr } = await runCommand(['connect', `ws://${server.host}/`])
      expect([exitCode, stderr]).toEqual([1, `✖ ws://${server.host}/ answered 401 Unauthorized\n`])
    },
  },
  {
    section: '§4.1',
    says: 'a 101 that does not answer what was asked fails the connection',
    situations: [...asClient, ...asConnect],
    async show(situation) {
      const protocols = { 'Sec-WebSocket-Protocol': 'one, two' }
      for (const [name, answer] of Object.entries(answerFaults)) {
        await inCase(name, async () => {
          if (situation.role !== 'connect')
            return expect((await ask(situation, request(protocols), answer)).status).toBe(502)
          using server = await startRecordingServer({ answer })
          const args = [
            'connect',
            `ws://${server.host}/`,
            '--subprotocol',
            'one',
            '--subprotocol',
            'two',
          ]
          const { exitCode, stderr } = await runCommand(args)
          expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^✖ ws:/)])
        })
      }
    },
  },
  {
    section: '§4.1',
    says: 'a client sends nothing behind its request before it is answered',
    situations: asClient,
    async show(situation) {
      let before = ''
      const { status } = await ask(situation, request(), (head) => {
        before = head
        return politely(head)
      })
      expect(status).toBe(101)
      expect(before).toEndWith('\r\n\r\n')
    },
  },
  {
    section: '§9.1',
    says: 'a client offers what it can speak, and nothing else',
    situations: asClient,
    async show(situation) {
      const offer = `x-unheard-of, ${deflate}; client_max_window_bits`
      const { forwarded } = await ask(situation, request({ 'Sec-WebSocket-Extensions': offer }))
      const offered = fieldsOf(forwarded[0] ?? '')['sec-websocket-extensions']
      const wanted = {
        tunnel: `${deflate}; client_max_window_bits`,
        framed: undefined,
        deflate: `${deflate}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits`,
      }
      expect(offered).toBe(wanted[situation.mode])
    },
  },
]

async function requestOf({ role, mode }: Situation): Promise<string> {
  if (role !== 'connect') return (await ask({ role, mode, name: '' }, request())).forwarded[0] ?? ''
  using server = await startRecordingServer({
    answer: () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
  })
  await runCommand(['connect', `ws://${server.host}/chat?v=2`])
  return server.received[0] ?? ''
}

export const handshake: readonly Clause[] = [...asServers, ...asClients]
