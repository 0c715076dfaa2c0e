/** Which listener gets which of the sockets that systemd has opened. */
import { describe, expect, test } from 'bun:test'
import {
  assignSockets,
  takeInheritedSockets,
  type InheritedSocket,
} from '../../src/net/inherited-sockets.ts'

const tcp = (fd: number, address: string, port: number, name?: string): InheritedSocket => ({
  fd,
  name,
  address,
  port,
  unix: undefined,
})
const path = (fd: number, unix: string, name?: string): InheritedSocket => ({
  fd,
  name,
  address: '',
  port: 0,
  unix,
})
const listeners = [
  { name: 'public', address: '::', port: 443, unix: undefined },
  { name: 'inner', address: '127.0.0.1', port: 8080, unix: undefined },
  { name: 'outer', address: '10.0.0.1', port: 8080, unix: undefined },
  { name: 'local', address: '::', port: 8080, unix: '/run/sluice.sock' },
]

/** Listener → descriptor. */
const assigned = (...sockets: InheritedSocket[]) =>
  Object.fromEntries([...assignSockets(sockets, listeners)].map(([name, { fd }]) => [name, fd]))

describe('a socket goes', () => {
  test('to the listener of its name, wherever it listens', () => {
    expect(assigned(tcp(3, '::1', 1, 'outer'), path(4, '/tmp/x', 'public'))).toEqual({
      outer: 3,
      public: 4,
    })
  })

  test('else to the listener with its port, the one with its address first', () => {
    expect(assigned(tcp(3, '0.0.0.0', 443, 'sluice.socket'), tcp(4, '10.0.0.1', 8080))).toEqual({
      public: 3,
      outer: 4,
    })
    expect(assigned(tcp(3, '0.0.0.0', 8080))).toEqual({ inner: 3 })
  })

  test('else to the listener with its path', () => {
    expect(assigned(path(3, '/run/sluice.sock', 'sluice.socket'))).toEqual({ local: 3 })
  })

  test('to nobody where none fits, which is an error that says which socket it is', () => {
    expect(() => assigned(tcp(3, '::', 444, 'sluice.socket'))).toThrow(
      'LISTEN_FDS: descriptor 3 (sluice.socket, [::]:444) belongs to no listener: give a listener its name, port or path',
    )
    expect(() => assigned(path(3, '/run/other.sock'))).toThrow('descriptor 3 (/run/other.sock)')
  })

  test('not where another went', () => {
    expect(() => assigned(tcp(3, '::', 443), tcp(4, '0.0.0.0', 443))).toThrow(
      'LISTEN_FDS: descriptor 4 (0.0.0.0:443) and descriptor 3 both belong to the listener public',
    )
  })
})

describe('the variables of systemd', () => {
  test('are not taken when they are for another process, or missing', () => {
    const env = { LISTEN_PID: '1', LISTEN_FDS: '1' }
    expect(takeInheritedSockets(env, 2)).toEqual([])
    expect(env).toEqual({ LISTEN_PID: '1', LISTEN_FDS: '1' })
    expect(takeInheritedSockets({}, 2)).toEqual([])
  })

  test('are an error where a descriptor does not listen', () => {
    const env = { LISTEN_PID: '2', LISTEN_FDS: '9999' }
    expect(() => takeInheritedSockets(env, 2)).toThrow(/^LISTEN_FDS: descriptor \d+ is not /)
    expect(env).toEqual({} as never)
  })
})
