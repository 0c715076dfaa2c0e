// What people read of a connection that failed.

import { expect, test } from 'bun:test'
import { GatewayError } from '../../../src/core/errors.ts'
import { faultOf } from '../../../src/upstream/fault.ts'

const systemError = (code: string) => Object.assign(new Error('Failed to connect'), { code })
const unreachable = (detail: string) => new GatewayError('UPSTREAM_UNREACHABLE', detail)

const cases: readonly (readonly [clause: string, error: unknown])[] = [
  ['connection refused', systemError('ECONNREFUSED')],
  ['no such host', systemError('ENOTFOUND')],
  ['no such socket', systemError('ENOENT')],
  ['no way to the host', systemError('EHOSTUNREACH')],
  ['Failed to connect', systemError('EBADF')],
  ['connection refused', unreachable('ws://a:9000 cannot be reached: ECONNREFUSED')],
  ['no such host', unreachable('ws://a:9000 cannot be reached: ENOTFOUND')],
  ['ws://a:9000: TLS failed: no cipher', unreachable('ws://a:9000: TLS failed: no cipher')],
  ['no connection in time', new GatewayError('UPSTREAM_CONNECT_TIMEOUT')],
  ['it has expired', new GatewayError('UPSTREAM_CERTIFICATE', 'it has expired')],
  ['a word of no meaning: constructor', new Error('a word of no meaning: constructor')],
  ['a plugin threw a string', 'a plugin threw a string'],
]

test('a failure is told as a clause for people', () => {
  for (const [clause, error] of cases) expect(faultOf(error).message).toBe(clause)
})

test('what is about the gateway and not about the endpoint stays what it is', () => {
  const error = new GatewayError('TOO_MANY_CONNECTIONS')
  expect(faultOf(error)).toBe(error)
})
