/** RFC 6455 §4.2, §4.4, §9.1 and §11.3: the opening handshake of a server. */
import { expect } from 'bun:test'
import { switchTo } from '../support/recording-server.ts'
import { sampleAccept, sampleKey } from '../support/websocket.ts'
import { ask, request } from './asking.ts'
import { inCase, type Clause } from './clause.ts'
import { asServer } from './situation.ts'

const deflate = 'permessage-deflate'

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

export const answering: readonly Clause[] = [
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
