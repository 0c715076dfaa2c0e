/** Which listener gets which of the sockets that systemd has opened. */
import { describe, expect, test } from 'bun:test'
import { closeSync, openSync } from 'node:fs'
import {
  assignSockets,
  closeUnassigned,
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

describe('a socket that was handed over goes', () => {
  const handed = (socket: InheritedSocket): InheritedSocket => ({ ...socket, isTakenOver: true })

  test('to the listener at its very place, whatever that is called by now', () => {
    expect(
      assigned(
        handed(tcp(3, '10.0.0.1', 8080, 'inner')),
        handed(tcp(4, '127.0.0.1', 8080, 'outer')),
        handed(path(5, '/run/sluice.sock', 'public')),
      ),
    ).toEqual({ outer: 3, inner: 4, local: 5 })
  })

  test('to the listener of its name where that takes any free port', () => {
    const free = [
      { name: 'a', address: '::', port: 0, unix: undefined },
      { name: 'b', address: '::', port: 0, unix: undefined },
    ]
    const sockets = [tcp(3, '::', 40_001, 'b'), tcp(4, '::1', 40_002, 'a')].map(handed)
    expect([...assignSockets(sockets, free).keys()]).toEqual(['b'])
  })

  test('to nobody where there is no such listener any more, and is closed', () => {
    const kept = handed(tcp(openSync('/dev/null', 'r'), '::', 443, 'public'))
    const left = handed(tcp(openSync('/dev/null', 'r'), '::', 444, 'public'))
    const sockets = assignSockets([left, kept], listeners)
    expect([...sockets.values()]).toEqual([kept])
    closeUnassigned([left, kept], sockets)
    expect(() => closeSync(left.fd)).toThrow('EBADF')
    closeSync(kept.fd)
  })

  test('not where another went', () => {
    const twice = [handed(tcp(3, '::', 443)), handed(tcp(4, '::', 443))]
    expect(() => assigned(...twice)).toThrow(
      'Taking over: descriptor 4 ([::]:443) and descriptor 3 both belong to the listener public',
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

  test('are taken for nobody where no process is named', () => {
    const env = { LISTEN_FDS: '1' }
    expect([takeInheritedSockets(env, 2), env]).toEqual([[], { LISTEN_FDS: '1' }])
  })

  test('are an error where they make no sense', () => {
    expect(() => takeInheritedSockets({ LISTEN_PID: '2', LISTEN_FDS: 'x' }, 2)).toThrow(
      'LISTEN_FDS is "x", which is not a number of descriptors',
    )
  })

  test('are an error where a descriptor does not listen', () => {
    const env = { LISTEN_PID: '2', LISTEN_FDS: '9999' }
    expect(() => takeInheritedSockets(env, 2)).toThrow(/^LISTEN_FDS: descriptor \d+ is not /)
    expect(env).toEqual({} as never)
  })
})
