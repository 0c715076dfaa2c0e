/**
 * What the tests of the compiled file hear is its log: a line is read back as the event it was.
 */
import { expect, test } from 'bun:test'
import type { GatewayEvent } from '../../src/core/events.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { readEvent } from '../support/log-events.ts'

const events: readonly GatewayEvent[] = [
  { type: 'listening', listener: 'public', address: '::', port: 8080 },
  { type: 'listening', listener: 'local', unix: '/run/sluice/clients.sock' },
  { type: 'admin-listening', address: '127.0.0.1', port: 9090 },
  { type: 'admin-listening', unix: '/run/sluice/admin.sock' },
  { type: 'capacity', descriptors: 20_000, sessions: 9_936 },
  {
    type: 'session-opened',
    session: 's1',
    listener: 'public',
    route: 'chat',
    upstream: 'chat',
    endpoint: 'ws://10.0.0.1:9000',
    address: '192.0.2.7',
    host: 'chat.example.com',
    path: '/chat',
    subprotocol: undefined,
    compression: undefined,
    certificate: undefined,
    certificateNames: undefined,
    request: 'r1',
    dialMs: 0.5,
    handshakeMs: 1.5,
  },
  {
    type: 'session-closed',
    session: 's1',
    route: 'chat',
    endpoint: 'ws://10.0.0.1:9000',
    address: '192.0.2.7',
    end: { by: 'client', code: 1000, reason: 'closed', detail: undefined },
    durationMs: 2.5,
    inbound: { messages: 1, bytes: 2 },
    outbound: { messages: 3, bytes: 4 },
  },
  {
    type: 'request-refused',
    listener: 'public',
    route: undefined,
    request: undefined,
    isHandshake: false,
    code: 'NO_ROUTE',
    detail: 'für "alle"',
    address: '192.0.2.7',
    method: 'GET',
    host: 'chat.example.com',
    path: '/',
  },
  {
    type: 'request-answered',
    listener: 'public',
    route: 'page',
    upstream: 'pages',
    endpoint: 'http://10.0.0.2:3000',
    address: '192.0.2.7',
    method: 'GET',
    host: 'chat.example.com',
    path: '/',
    request: 'r2',
    status: 200,
    dialMs: undefined,
    durationMs: 3.5,
  },
  {
    type: 'endpoint-added',
    upstream: 'chat',
    endpoint: 'ws://10.0.0.4:9000',
    source: 'admin',
  },
  {
    type: 'endpoint-changed',
    upstream: 'chat',
    endpoint: 'ws://10.0.0.4:9000',
    state: 'ejected',
    was: 'healthy',
    reason: '5 requests in a row failed, the last: "connection refused"',
  },
  { type: 'endpoint-weighted', upstream: 'chat', endpoint: 'ws://10.0.0.4:9000', weight: 0 },
  {
    type: 'attempt-failed',
    upstream: 'chat',
    endpoint: 'ws://10.0.0.4:9000',
    code: '503',
    detail: undefined,
    isRetried: true,
  },
  { type: 'discovery-failed', upstream: 'chat', source: 'dns', detail: 'no such name' },
  { type: 'discovery-recovered', upstream: 'chat', source: 'dns', endpoints: 3 },
  {
    type: 'endpoint-removed',
    upstream: 'chat',
    endpoint: 'ws://10.0.0.4:9000',
    source: 'dns',
  },
  { type: 'split-changed', route: '/chat', shares: { chat: 95, 'ws://10.0.0.9/a=b': 5 } },
  { type: 'leaving', sessions: 2 },
  { type: 'left' },
]

test.each(events)('$type is read back as it was', (event) => {
  const lines: string[] = []
  createLog({ level: 'debug', format: 'json', write: (line) => lines.push(line) })(event)
  expect(lines.map(readEvent)).toEqual([event])
})
