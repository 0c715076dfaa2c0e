/** Unix sockets in front of the gateway and behind it, and IPv6 on both sides. */
import { describe, expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startListener, toldClient } from '../support/listener.ts'
import { dialTcp, listenTcp, type ListenOptions, type TcpConnection } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import { encodeFrame, Opcode, switchAnswer, upgradeRequest } from '../support/websocket.ts'

const get = 'GET / HTTP/1.1\nHost: a\n\n'

function startOn(unix: string): RunningGateway {
  return startGateway(`listeners: ["unix:${unix}"]\nroutes: [{ respond: { body: ok } }]\n`)
}

/** A stale socket file: its process died without removing it. */
function leaveBehind(path: string): void {
  const bind = `import socket; s = socket.socket(socket.AF_UNIX); s.bind(${JSON.stringify(path)}); s.listen()`
  Bun.spawnSync(['/usr/bin/python3', '-c', bind])
  expect(existsSync(path)).toBe(true)
}

async function bodyOver(path: string): Promise<string> {
  using client = await dialTcp(path)
  client.send(get)
  return (await client.message()).body
}

describe('a listener on a Unix socket', () => {
  test('answers, is told as such, and is gone when the gateway has left', async () => {
    const path = temporaryPath('gateway.sock')
    await using gateway = startOn(path)
    expect(await bodyOver(path)).toBe('ok')
    expect(await gateway.event('listening')).toEqual({
      type: 'listening',
      listener: expect.any(String),
      unix: path,
    })
    await gateway.gateway.leave()
    expect(existsSync(path)).toBe(false)
  })

  test('takes the place of one whose process died', async () => {
    const path = temporaryPath('stale.sock')
    leaveBehind(path)
    await using _ = startOn(path)
    expect(await bodyOver(path)).toBe('ok')
  })

  test('does not take the place of one that lives, nor of any other file, and says so', async () => {
    const [path, file] = [temporaryPath('taken.sock'), temporaryPath('file')]
    await using _ = startOn(path)
    expect(() => startOn(path)).toThrow(`${path} is in use: another process listens on it already`)
    expect(await bodyOver(path)).toBe('ok')
    writeFileSync(file, '')
    expect(() => startOn(file)).toThrow(
      `${file} is not a socket: remove it, or choose another path`,
    )
    expect(existsSync(file)).toBe(true)
  })

  test('knows its clients as trusted proxies without address, or by the PROXY header they send', async () => {
    const [unix, other] = [temporaryPath('one.sock'), temporaryPath('other.sock')]
    using _ = startListener({ unix })
    using client = await dialTcp(unix)
    client.send(get)
    const told = toldClient(await client.message())
    expect(told).toMatchObject({ address: '', isTrustedProxy: true })
    using __ = startListener({ unix: other, proxyProtocol: true })
    using proxy = await dialTcp(other)
    proxy.send(`PROXY TCP4 192.0.2.7 192.0.2.8 1 2\n${get}`)
    const toldByProxy = toldClient(await proxy.message())
    expect(toldByProxy).toMatchObject({ address: '192.0.2.7', isTrustedProxy: false })
  })
})

/** A server that accepts every upgrade, and then echoes. @param place as `listenTcp` takes it. */
const startEcho = (place: ListenOptions) =>
  listenTcp(async (connection) => {
    await connection.until(/\r\n\r\n/)
    connection.send(switchAnswer())
    const { opcode, payload } = await connection.frame()
    connection.send(encodeFrame(opcode, payload, { isMasked: false }))
  }, place)

async function expectEcho(client: TcpConnection): Promise<void> {
  client.send(upgradeRequest('/'))
  expect((await client.message()).status).toBe(101)
  client.send(encodeFrame(Opcode.text, 'over and back', { isMasked: true }))
  expect((await client.frame()).payload.toString()).toBe('over and back')
}

describe('an endpoint on a Unix socket', () => {
  const behind = (path: string) => startGateway(relayTo(`ws+unix:${path}`))

  test('carries sessions', async () => {
    const path = temporaryPath('server.sock')
    using _ = await startEcho({ path })
    await using gateway = behind(path)
    using client = await dialTcp(gateway.port)
    await expectEcho(client)
  })

  test('that nobody listens on is answered for with 502', async () => {
    const stale = temporaryPath('stale.sock')
    leaveBehind(stale)
    for (const path of [stale, temporaryPath('missing.sock')]) {
      await using gateway = behind(path)
      using client = await dialTcp(gateway.port)
      client.send(get)
      const answer = await client.message()
      expect(answer.status).toBe(502)
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
    }
  })
})

test('IPv6 carries sessions on both sides', async () => {
  using server = await startEcho({ host: '::1' })
  await using gateway = startGateway(
    `listeners: ["[::1]:0"]\nroutes: [{ upstream: "ws://[::1]:${server.port}" }]\n`,
  )
  using client = await dialTcp(gateway.port, '::1')
  await expectEcho(client)
  expect((await gateway.event('session-opened')).address).toBe('::1')
})
