/**
 * Opens a WebSocket as a client would, and measures how long a ping takes to its pong.
 */
import { randomBytes } from 'node:crypto'
import type { ByteStream } from '../../core/byte-stream.ts'
import type { HealthCheckExtension, HealthTarget } from '../../core/health-check.ts'
import { encodeHead } from '../../wire/http-fields.ts'
import { switchFault } from '../../wire/websocket-handshake.ts'
import { HttpConnection } from '../http-connection.ts'
import { onConnection } from './check-connection.ts'
import { PingExchange } from './ping-exchange.ts'

export const websocketCheck: HealthCheckExtension = {
  type: 'websocket',
  doc: 'Opens a WebSocket and sends a ping: the endpoint is well if its pong comes.',
  options: {
    path: {
      kind: 'path',
      fallback: '/',
      doc: 'Where it is opened, behind the path of the endpoint, with a query if it needs one.',
    },
  },
  short: 'path',
  create({ path }) {
    return {
      check: (target, signal) =>
        onConnection(target, signal, (stream) => ask(stream, target, String(path))),
    }
  },
}

async function ask(stream: ByteStream, target: HealthTarget, path: string): Promise<number> {
  const connection = new HttpConnection(stream)
  const key = randomBytes(16).toString('base64')
  const head = encodeHead(`GET ${target.path}${path} HTTP/1.1`, [
    { name: 'Host', value: target.authority },
    { name: 'User-Agent', value: 'sluice-health' },
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
    { name: 'Sec-WebSocket-Key', value: key },
    { name: 'Sec-WebSocket-Version', value: '13' },
  ])
  connection.send(head, 'GET', {})
  const answer = await connection.answer()
  if (answer.status !== 101) throw new Error(`answered ${answer.status}`)
  const fault = switchFault(answer, { key, subprotocols: [], extensions: [] })
  if (fault !== undefined) throw new Error(fault)
  const exchange = new PingExchange(stream)
  return exchange.run(connection.takeOver(), connection.hasEnded)
}
