/**
 * A gateway with fewer descriptors than there are clients, for half a minute (LIMIT_SECONDS): whoever is in is served, whoever
 * comes is refused at once, nothing spins, and when there is room again there is room again.
 */
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { relayTo } from '../support/gateway.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { rawConnect, startRawServer, upgradeHead } from '../support/raw.ts'
import { encodeFrame, Opcode } from '../support/websocket.ts'

/** How long the crowd stands at the door; shorter to try something out. */
const seconds = Number(process.env.LIMIT_SECONDS ?? 30)
const files = 400
/** What the gateway says it can hold: 128 are kept for itself, and a session needs two. */
const capacity = (files - 128) / 2
const crowd = 50
const ticksPerSecond = 100

/** CPU time a process has used, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Sends a message and waits for its echo; waits for ever if the session is closed, and the test fails. */
function echo(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('data', () => resolve())
    socket.write(encodeFrame(Opcode.text, 'hello', { isMasked: true }))
  })
}

/** What a client that comes gets: the status of its answer, or nothing if it is cut before. */
function knock(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('connect', () => socket.write(upgradeHead('/')))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer.slice(9, 12) || 'cut'))
  })
}

test(
  `${crowd} at the door of a full gateway for ${seconds} seconds`,
  async () => {
    await using upstream = await startRawServer((socket) => {
      socket.on('data', () => socket.write(encodeFrame(Opcode.text, 'hello', { isMasked: false })))
      socket.on('end', () => socket.end())
      socket.resume()
    })
    await using gateway = await startGatewayProcess(
      relayTo(`ws://127.0.0.1:${upstream.port}`),
      files,
    )
    const inside = await Promise.all(
      Array.from({ length: capacity }, () => rawConnect(gateway.port)),
    )
    for (const socket of inside) socket.resume()

    const refusals = new Map<string, number>()
    let echoes = 0
    const endsAt = Date.now() + seconds * 1_000
    const atTheDoor = Array.from({ length: crowd }, async () => {
      while (Date.now() < endsAt) {
        const answer = await knock(gateway.port)
        refusals.set(answer, (refusals.get(answer) ?? 0) + 1)
        await Bun.sleep(20)
      }
    })
    while (Date.now() < endsAt) {
      await Promise.all(inside.map(echo))
      echoes += inside.length
      await Bun.sleep(100)
    }
    await Promise.all(atTheDoor)
    console.info(`      ${echoes} echoes inside; outside ${JSON.stringify([...refusals])}`)
    expect([...refusals.keys()].filter((answer) => answer !== '503' && answer !== 'cut')).toEqual(
      [],
    )
    expect(refusals.get('503')).toBeGreaterThan(crowd)

    // Full and left alone: a runtime that spins at its limit takes a whole core.
    const before = cpuSeconds(gateway.pid)
    await Bun.sleep(2_000)
    expect(cpuSeconds(gateway.pid) - before).toBeLessThan(0.5)
    const holdings = await gateway.holdings()
    expect(holdings.sessions).toBe(capacity)
    expect(holdings.sockets).toBe(2 * capacity)

    const leaving = inside.slice(0, 10)
    for (const socket of leaving) socket.resetAndDestroy()
    while ((await gateway.holdings()).sessions > capacity - leaving.length) await Bun.sleep(20)
    const admitted = await Promise.all(leaving.map(() => rawConnect(gateway.port)))
    for (const socket of admitted) socket.resume()
    await Promise.all(admitted.map(echo))
    for (const socket of [...inside, ...admitted]) socket.destroy()
  },
  (seconds + 30) * 1_000,
)
