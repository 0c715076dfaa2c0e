/** Who may take the path of a Unix socket, and who removes it. */
import { describe, expect, test } from 'bun:test'
import { existsSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { bind, type AcceptHandlers } from '../../src/net/bind.ts'
import { temporaryPath } from '../support/temporary.ts'

const nobody: AcceptHandlers = {
  open() {},
  data() {},
  drain() {},
  end() {},
  close() {},
  error() {},
}

function listenOn(unix: string) {
  return bind({ address: '', port: 0, unix }, {}, nobody)
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
})
