/** Ports that are listened on by one process, and those that several share. */
import { describe, expect, test } from 'bun:test'
import { bind, claimPlace, type AcceptHandlers, type Binding } from '../../src/net/bind.ts'

const address = '127.0.0.1'
const nobody: AcceptHandlers = {
  open() {},
  data() {},
  drain() {},
  end() {},
  close() {},
  error() {},
}

function listenOn(port: number, binding: Binding = {}) {
  return bind({ address, port, unix: undefined }, binding, nobody)
}

/** The system's word; undefined if it works. */
function faultOf(attempt: () => unknown): unknown {
  try {
    attempt()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

describe.each([false, true])('a port that is listened on, shared: %p', (isShared) => {
  test('is not taken by who does not share it, and cannot be claimed', () => {
    const first = listenOn(0, { isShared })
    const { port } = first
    expect(faultOf(() => listenOn(port))).toBe('EADDRINUSE')
    expect(faultOf(() => claimPlace({ address, port }))).toBe('EADDRINUSE')
    expect(faultOf(() => listenOn(port, { isShared: true }).stop())).toBe(
      isShared ? undefined : 'EADDRINUSE',
    )
    first.stop()
    expect(claimPlace({ address, port })).toBe(port)
  })
})

test('a port that was claimed is free, and is any free one where 0 was asked for', () => {
  const port = claimPlace({ address, port: 0 })
  expect(port).toBeGreaterThan(0)
  const servers = [1, 2, 3].map(() => listenOn(port, { isShared: true }))
  for (const server of servers) server.stop()
})

test('a listening socket has a descriptor until it has stopped', () => {
  const server = listenOn(0)
  expect(server.fd).toBeGreaterThan(2)
  server.stop()
  expect(server.fd).toBeUndefined()
  server.stop()
})
