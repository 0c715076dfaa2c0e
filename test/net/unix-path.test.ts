/** Who may take the path of a Unix socket, and who removes it. */
import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { bind, type AcceptHandlers, type Binding } from '../../src/net/bind.ts'
import { temporaryFile, temporaryFolder, temporaryPath } from '../support/temporary.ts'

const nobody: AcceptHandlers = {
  open() {},
  data() {},
  drain() {},
  end() {},
  close() {},
  error() {},
}

function listenOn(unix: string, binding: Binding = {}) {
  return bind({ address: '', port: 0, unix }, binding, nobody)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.on('connect', () => resolve(socket.destroy() !== undefined))
    socket.on('error', () => resolve(false))
  })
}

describe('a Unix socket', () => {
  test('is removed by the one who made it', () => {
    const path = temporaryPath('own.sock')
    const server = listenOn(path)
    expect(existsSync(path)).toBe(true)
    server.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('of the next gateway, which has cleared the path first, is left to it', async () => {
    const path = temporaryPath('shared.sock')
    const first = listenOn(path)
    unlinkSync(path)
    const second = listenOn(path)
    first.stop()
    expect(await answers(path)).toBe(true)
    second.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('that is to be shared is followed by the next from one moment to the next', async () => {
    const path = temporaryPath('followed.sock')
    const first = listenOn(path)
    let isWatching = true
    const missed: string[] = []
    const watch = (async () => {
      while (isWatching) if (!(await answers(path))) missed.push('nobody answers')
    })()
    let last = first
    for (let times = 0; times < 50; times++) {
      const next = listenOn(path, { isShared: true })
      await answers(path)
      last.stop()
      last = next
    }
    isWatching = false
    await watch
    expect(missed).toEqual([])
    last.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('is not followed where that was not asked for, however its path came to it', () => {
    const path = temporaryPath('lived-on.sock')
    const first = listenOn(path)
    const inUse = `${path} is in use: another process listens on it already`
    expect(() => listenOn(path)).toThrow(inUse)
    const second = listenOn(path, { isShared: true })
    first.stop()
    expect(() => listenOn(path)).toThrow(inUse)
    second.stop()
    listenOn(path).stop()
  })

  test('whose server is gone is free though clients of it are still connected', async () => {
    const path = temporaryPath('connected.sock')
    const accepted = Promise.withResolvers<void>()
    const first = bind(
      { address: '', port: 0, unix: path },
      {},
      { ...nobody, open: () => accepted.resolve() },
    )
    const client = connect({ path })
    await accepted.promise
    // As a process that is killed while the connection is another's.
    first.stop(true)
    expect(existsSync(path)).toBe(true)
    const second = listenOn(path)
    expect(await answers(path)).toBe(true)
    second.stop()
    client.destroy()
  })

  test('takes no file for a socket, shared or not', () => {
    const path = temporaryFile('notes.txt', 'mine')
    for (const isShared of [false, true])
      expect(() => listenOn(path, { isShared })).toThrow(`${path} is not a socket: remove it`)
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  test('leaves no other name behind, neither while it listens nor when it could not', () => {
    const folder = temporaryFolder('sockets')
    const server = listenOn(join(folder, 'a.sock'))
    expect(readdirSync(folder)).toEqual(['a.sock'])
    server.stop()
    // A folder takes no socket's place.
    mkdirSync(join(folder, 'b.sock'))
    expect(() => listenOn(join(folder, 'b.sock'), { isShared: true })).toThrow('is not a socket')
    expect(readdirSync(folder)).toEqual(['b.sock'])
  })

  test('with a path that leaves no room is refused in words', () => {
    const path = `/tmp/${'x'.repeat(100)}`
    expect(() => listenOn(path)).toThrow(`${path} is too long: choose a path of 101 bytes or less`)
  })
})
