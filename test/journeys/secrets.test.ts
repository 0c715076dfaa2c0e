/**
 * Secrets pass through the gateway in many places. None of them is in the log at its most talkative, in
 * the metrics, or in what the admin port shows; and each way that is tried here did leave a trace there.
 */
import { describe, expect, test } from 'bun:test'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { startAdminOf } from '../support/admin.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { dialTcp, listenTcp, type TcpConnection } from '../support/tcp.ts'
import {
  encodeClose,
  encodeFrame,
  Opcode,
  sampleKey,
  upgradeRequest,
} from '../support/websocket.ts'

const secret = 'hunter2x91'

/** Says the secret in everything it answers, and agrees to whatever subprotocol is offered. */
async function answer(connection: TcpConnection): Promise<void> {
  const head = await connection.until(/\r\n\r\n/)
  const offered = /^sec-websocket-protocol: (.*)\r$/im.exec(head)?.[1]
  if (head.includes('/broken')) return connection.send(`${secret} ${secret}\n\n`)
  if (!/^upgrade: websocket/im.test(head)) {
    const fields = `Set-Cookie: a=${secret}\nLocation: /?t=${secret}\nContent-Length: ${secret.length}`
    return connection.send(`HTTP/1.1 302 ${secret}\n${fields}\n\n${secret}`)
  }
  const chosen = offered === undefined ? '' : `Sec-WebSocket-Protocol: ${offered}\n`
  connection.send(
    `HTTP/1.1 101 ${secret}\nUpgrade: websocket\nConnection: Upgrade\nSet-Cookie: a=${secret}\nSec-WebSocket-Accept: ${acceptFor(sampleKey)}\n${chosen}\n`,
  )
}

type Way = readonly [name: string, request: string, trace: GatewayEvent['type'], shown?: string]

const plain = (path: string, more = '') => `GET ${path} HTTP/1.1\nHost: gateway.test\n${more}\n`

const ways: readonly Way[] = [
  ['a query', upgradeRequest(`/?token=${secret}`), 'session-opened'],
  ['a query of a page', plain(`/page?token=${secret}`), 'request-answered'],
  ['a query of a path that is refused', plain(`/a/../?token=${secret}`), 'request-refused'],
  ['Authorization', upgradeRequest('/', { Authorization: `Bearer ${secret}` }), 'session-opened'],
  ['Cookie', upgradeRequest('/', { Cookie: `sid=${secret}` }), 'session-opened'],
  ['a header of its own', plain('/', `X-Api-Key: ${secret}\n`), 'request-answered'],
  [
    'a subprotocol',
    upgradeRequest('/', { 'Sec-WebSocket-Protocol': `bearer.${secret}` }),
    'session-opened',
    '(withheld)',
  ],
  [
    'a whole URL with a user',
    `GET http://u:${secret}@gateway.test/ HTTP/1.1\nHost: gateway.test\n\n`,
    'request-refused',
  ],
  ['a host', `GET / HTTP/1.1\nHost: ${secret}@gateway.test\n\n`, 'request-refused'],
  ['a header line without colon', plain('/', `${secret}\n`), 'request-refused'],
  ['a header name', plain('/', `${secret} : x\n`), 'request-refused'],
  ['a version', `GET / ${secret}\nHost: gateway.test\n\n`, 'request-refused'],
  [
    'a length',
    `POST / HTTP/1.1\nHost: gateway.test\nContent-Length: ${secret}\n\n`,
    'request-refused',
  ],
  [
    'a coding',
    `POST / HTTP/1.1\nHost: gateway.test\nTransfer-Encoding: ${secret}\n\n`,
    'request-refused',
  ],
  [
    'a chunk that is none',
    `POST / HTTP/1.1\nHost: gateway.test\nTransfer-Encoding: chunked\n\n${secret}\n`,
    'request-refused',
  ],
  ['a key of a handshake', upgradeRequest('/', { 'Sec-WebSocket-Key': secret }), 'request-refused'],
  ['an answer that is none', plain('/broken'), 'request-refused'],
]

describe('a secret in', () => {
  test.each(ways)('%s is not told', async (_, request, trace, shown = trace) => {
    using upstream = await listenTcp(answer)
    const told: string[] = []
    const logs = (['json', 'pretty'] as const).map((format) =>
      createLog({ level: 'debug', format, write: (line) => told.push(line) }),
    )
    await using gateway = startGatewayHere(`
listeners: ["127.0.0.1:0"]
routes: [{ upstream: "ws://${upstream.host}", timeout: { close: 100ms } }]
`)
    await using admin = await startAdminOf(gateway)
    using client = await dialTcp(gateway.port)
    client.send(request)
    await gateway.event(trace)
    if (trace === 'session-opened') {
      client.send(encodeFrame(Opcode.text, secret, { isMasked: true }))
      for (const path of ['/sessions', '/status', '/metrics'])
        told.push(await (await admin.ask(path)).text())
      client.send(encodeClose(4000, secret, { isMasked: true }))
      await gateway.event('session-closed')
    }
    for (const log of logs) for (const event of gateway.events) log(event)
    told.push(await (await admin.ask('/metrics')).text())
    const text = told.join('\n')
    expect(text).toContain(shown)
    expect(text).not.toContain(secret)
  })
})
