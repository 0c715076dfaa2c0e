/**
 * Sessions that lose one server after the other: nothing is left of those they had.
 */
import { expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import { openBareClient, type BareEnd } from '../support/bare-peers.ts'
import { failingOver } from '../support/failing-over.ts'
import {
  startGatewayProcess,
  type GatewayProcess,
  type Holdings,
} from '../support/gateway-process.ts'
import { frame, someKey } from '../support/frames.ts'
import { startRawServer, type RawServer } from '../support/raw.ts'
import { Opcode } from '../support/websocket.ts'

/** Ten servers in a row that do not stay are the end of a session: so they are many, and lose few. */
const sessions = 1_000
const warmRounds = 2
const rounds = 5

/** What a session and its moves consist of. */
const ours = [
  'Departures',
  'Ending',
  'Endpoint',
  'FrameScanner',
  'Gap',
  'Hold',
  'HttpConnection',
  'KeptRequest',
  'Moves',
  'Outlet',
  'Promise',
  'Session',
  'Side',
  'Succession',
  'Switchover',
  'TCPSocket',
  'TcpStream',
  'Timeout',
  'Unsent',
]
/** What every other kind of mistake leaves behind. */
const common = [
  'AbortController',
  'AbortSignal',
  'Array',
  'ArrayBuffer',
  'Function',
  'JSLexicalEnvironment',
  'Map',
  'Object',
  'Set',
  'Uint8Array',
]
/** Of these the runtime makes a few for itself when it first needs them; a leak has one for each round at least. */
const mostMore = 20

/** Two servers whose connections all break off when the test says so, each in the middle of a message. */
class Crowd {
  readonly servers: RawServer[] = []
  readonly #open = new Set<Socket>()
  #joined = 0
  #onJoined = () => {}

  async start(): Promise<void> {
    for (let count = 0; count < 2; count++)
      this.servers.push(await startRawServer((socket) => this.#join(socket)))
  }

  get urls() {
    return this.servers.map(({ port }) => ({ url: `ws://127.0.0.1:${port}` }))
  }

  /** When so many connections have been made in all. */
  async joined(count: number): Promise<void> {
    while (this.#joined < count) await new Promise<void>((resolve) => (this.#onJoined = resolve))
  }

  /** Says something whole and half of something else, and is gone. */
  breakOff(): void {
    for (const socket of this.#open) socket.end(lastWords)
    this.#open.clear()
  }

  #join(socket: Socket): void {
    this.#open.add(socket)
    socket.on('end', () => socket.end())
    socket.on('close', () => this.#open.delete(socket))
    this.#joined++
    socket.resume()
    this.#onJoined()
  }
}

const lastWords = Buffer.concat([
  frame({ opcode: Opcode.text, payload: 'whole' }),
  frame({ opcode: Opcode.binary, payload: Buffer.alloc(1_000) }).subarray(0, 500),
])
const fromClient = frame({ opcode: Opcode.binary, payload: Buffer.alloc(1_000), key: someKey })

/** As many as there are sessions lose their server at once, again and again. */
async function failOver(
  crowd: Crowd,
  clients: readonly BareEnd[],
  times: number,
  before: number,
): Promise<void> {
  for (let round = 1; round <= times; round++) {
    for (const client of clients) client.write(fromClient.subarray(0, 400))
    crowd.breakOff()
    await crowd.joined(1 + sessions * (before + round))
    for (const client of clients) client.write(fromClient.subarray(400))
    await Promise.all(clients.map((client) => client.hears(before + round - 1)))
  }
}

/** The collector takes for a reference whatever looks like one, so that the last few may stay for a while. */
async function settle(gateway: GatewayProcess, before: Holdings): Promise<Holdings> {
  const classes = Object.keys(before.objects)
  let holdings = await gateway.holdings(classes)
  const isBack = () =>
    holdings.files === before.files && Bun.deepEquals(pick(holdings, ours), pick(before, ours))
  for (let tries = 0; tries < 5 && !isBack(); tries++) holdings = await gateway.holdings(classes)
  return holdings
}

function pick({ objects }: Holdings, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, objects[name] ?? 0]))
}

test('after 5,000 failovers more there are as many objects and descriptors as before, and none when all have left', async () => {
  const crowd = new Crowd()
  await crowd.start()
  await using gateway = await startGatewayProcess(
    failingOver(crowd.urls, 'transparent', { upstream: 'eject: off' }),
  )
  // The first of its kind brings along what is made once.
  const visitor = await openBareClient(gateway)
  visitor[Symbol.dispose]()
  let empty = await gateway.holdings(ours)
  while (empty.sockets > 0) empty = await gateway.holdings(ours)
  const clients: BareEnd[] = []
  for (let count = 0; count < sessions; count++) clients.push(await openBareClient(gateway))
  await crowd.joined(1 + sessions)
  await failOver(crowd, clients, warmRounds, 1)
  const warm = await gateway.holdings([...ours, ...common])
  await failOver(crowd, clients, rounds, 1 + warmRounds)
  const after = await settle(gateway, warm)
  expect(pick(after, ours)).toEqual(pick(warm, ours))
  const grown = common.filter(
    (name) => (after.objects[name] ?? 0) > (warm.objects[name] ?? 0) + mostMore,
  )
  expect(grown).toEqual([])
  expect([after.sessions, after.sockets, after.files]).toEqual([sessions, warm.sockets, warm.files])
  for (const client of clients) client[Symbol.dispose]()
  const left = await settle(gateway, empty)
  expect(left.objects).toEqual(empty.objects)
  expect([left.sessions, left.sockets, left.files]).toEqual([0, 0, empty.files])
  for (const server of crowd.servers) await server[Symbol.asyncDispose]()
}, 60_000)
