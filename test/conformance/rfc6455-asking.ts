/** RFC 6455 §4.1 and §9.1: the opening handshake of a client. */
import { expect } from 'bun:test'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { runCommand } from '../support/command.ts'
import { politely, startRecordingServer, switchTo } from '../support/recording-server.ts'
import { sampleKey } from '../support/websocket.ts'
import { ask, fieldsOf, request } from './asking.ts'
import { inCase, type Clause } from './clause.ts'
import { asClient, asConnect, type Situation } from './situation.ts'

const deflate = 'permessage-deflate'

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

async function requestOf({ role, mode }: Situation): Promise<string> {
  if (role !== 'connect') return (await ask({ role, mode, name: '' }, request())).forwarded[0] ?? ''
  using server = await startRecordingServer({
    answer: () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
  })
  await runCommand(['connect', `ws://${server.host}/chat?v=2`])
  return server.received[0] ?? ''
}

export const asking: readonly Clause[] = [
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
