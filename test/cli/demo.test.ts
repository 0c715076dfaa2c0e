/** `sluice demo`: its servers are processes, and none of them stays when it ends. */
import { describe, expect, test } from 'bun:test'
import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { runCommand, startCommand, type RunningCommand } from '../support/command.ts'
import { openWebSocket } from '../support/websocket.ts'

const welcomeOf = async (port: unknown) => {
  using client = await openWebSocket(`ws://127.0.0.1:${String(port)}/board`)
  return JSON.parse(await client.message((text) => text.includes('"welcome"')))
}

/** The ports of its servers, which it tells people. */
async function serverPorts(demo: RunningCommand): Promise<number[]> {
  const [, ports = ''] = /on ports ([\d, ]+)\./.exec(await demo.stdout) ?? []
  return ports.split(', ').map(Number)
}

const isFree = (port: number) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })

describe('sluice demo', () => {
  test('runs three servers, listens on this machine alone, and ends them all', async () => {
    await using demo = startCommand(['demo', '--port', '0'])
    const { port, address } = await demo.line('listening')
    expect(address).toBe('127.0.0.1')
    const { servers, canKill } = await welcomeOf(port)
    expect(servers.map(({ isUp }: { isUp: boolean }) => isUp)).toEqual([true, true, true])
    expect(canKill).toBeTrue()
    demo.kill('SIGTERM')
    expect([await demo.exitCode, await demo.stderr]).toEqual([0, ''])
    const ports = await serverPorts(demo)
    expect(ports).toHaveLength(3)
    expect(await Promise.all(ports.map(isFree))).toEqual([true, true, true])
  }, 15_000)

  test('listens where it is told to', async () => {
    await using demo = startCommand(['demo', '--port', '0', '--address', '0.0.0.0'])
    expect(await demo.line('listening')).toMatchObject({ address: '0.0.0.0' })
  }, 15_000)

  test('leaves no server behind when it is killed itself', async () => {
    await using demo = startCommand(['demo', '--port', '0'])
    await demo.line('capacity')
    demo.kill('SIGKILL')
    // Its servers write where it does: this has an end when the last of them has ended.
    await demo.stderr
    expect(await Promise.all((await serverPorts(demo)).map(isFree))).toEqual([true, true, true])
  }, 15_000)

  test('leaves none behind either when its port is taken, and says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { exitCode, stderr } = await runCommand(['demo', '--port', `${port}`])
    other.close()
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('takes another port')])
  }, 15_000)
})
