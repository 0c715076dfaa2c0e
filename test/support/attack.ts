/**
 * An attack, what becomes of it, and the defence that it fails at. `testDefences` shows both sides of
 * each: the gateway repels it exactly so; without the defence the same attack succeeds.
 */
import { describe, expect, test } from 'bun:test'
import type { AdminConfig } from '../../src/config/config.ts'
import { startAdminOf } from './admin.ts'
import { startGatewayHere } from './gateway.ts'
import { startRecordingServer, type Answer, type RecordingServer } from './recording-server.ts'
import type { Mutation } from './source-mutation.ts'
import { dialTcp, type TcpConnection } from './tcp.ts'
import { startUndefended, type GatewayPorts } from './undefended.ts'
import { turnsFor } from './turns.ts'

export interface Defence {
  /** What it says of the gateway, as the sentence of a test. */
  readonly name: string
  /** What takes it out. More than one where layers stand behind each other, each of which suffices. */
  readonly without: readonly Mutation[]
  readonly attacks: readonly Attack[]
}

export interface Attack {
  /** What is done. */
  readonly name: string
  /** What the attacker is after. */
  readonly wants: string
  /** The routes, as YAML; `UPSTREAM` stands for host and port of the recording server. */
  readonly routes: string
  /** More keys of the listener, as YAML flow. */
  readonly listener?: string
  /** How an honest client connects, where it is not by plain TCP. */
  readonly open?: (port: number) => Promise<TcpConnection>
  /** There is an admin port, with this token. */
  readonly admin?: Partial<Pick<AdminConfig, 'token'>>
  readonly answer?: Answer | undefined
  /** The server reads the first bytes of a connection, and nothing more. */
  readonly isDeaf?: boolean
  readonly run: (scene: Scene) => Promise<Outcome>
  /** What is to be seen of it, on all sides, where it is repelled. */
  readonly repelled: readonly string[]
}

/** Where an attack takes place: a gateway, and the server behind it. */
export interface Scene {
  readonly port: number
  /** 0 where there is none. */
  readonly adminPort: number
  readonly upstream: RecordingServer
  /** A connection as an honest client has it. */
  readonly open: () => Promise<TcpConnection>
}

export interface Outcome {
  /** What is to be seen: a line an answer, a farewell, a request that arrived. */
  readonly seen: readonly string[]
  /** Whether the attacker got what he is after. */
  readonly isGained: boolean
}

/** Gateways without a defence that run at once: each takes half a second of a core to start. */
const mostAtOnce = 3
const inTurn = turnsFor(mostAtOnce)
const timeoutMs = 10_000
/** For a process to start, behind as many others as there are in a file. */
const undefendedTimeoutMs = 60_000

export function testDefences(defences: readonly Defence[]): void {
  for (const { name, attacks } of defences) {
    describe(name, () => {
      for (const attack of attacks) testRepelled(attack)
    })
  }
  describe('each of these defences is needed:', () => {
    for (const defence of defences) testNeeded(defence)
  })
}

function testRepelled(attack: Attack): void {
  test.concurrent(
    `repels: ${attack.name}`,
    async () => {
      const outcome = await carryOut(attack)
      expect(outcome, attack.wants).toEqual({ seen: [...attack.repelled], isGained: false })
    },
    timeoutMs,
  )
}

/** Against the gateway as it is. */
async function carryOut(attack: Attack): Promise<Outcome> {
  using upstream = await startRecordingServer(attack)
  await using gateway = startGatewayHere(configOf(attack, upstream))
  await using admin = attack.admin && (await startAdminOf(gateway, attack.admin))
  return await attack.run(sceneOf(attack, upstream, { ...gateway, adminPort: admin?.port ?? 0 }))
}

function sceneOf(
  { open = dialTcp }: Attack,
  upstream: RecordingServer,
  { port, adminPort }: GatewayPorts,
): Scene {
  return { port, adminPort, upstream, open: () => open(port) }
}

function testNeeded({ name, without, attacks }: Defence): void {
  test.concurrent(
    `${name}; without it ${attacks.length === 1 ? 'the attack' : `all ${attacks.length} attacks`} would succeed`,
    async () => {
      const names = attacks.map((attack) => attack.name)
      expect(await gainedWithout(without, attacks)).toEqual(names)
      if (without.length === 1) return
      // Every layer suffices by itself, or it would be none.
      for (const layer of without) {
        const others = without.filter((each) => each !== layer)
        expect(await gainedWithout(others, attacks), `with "${layer.replace}"`).toEqual([])
      }
    },
    undefendedTimeoutMs,
  )
}

/** @returns the names of the attacks that succeed. */
function gainedWithout(mutations: readonly Mutation[], attacks: readonly Attack[]) {
  return inTurn(async () => {
    await using gateways = startUndefended(mutations)
    const names = attacks.map(async (attack) => {
      using upstream = await startRecordingServer(attack)
      const ports = await gateways.start(configOf(attack, upstream))
      const { isGained } = await attack.run(sceneOf(attack, upstream, ports))
      return isGained ? attack.name : ''
    })
    return (await Promise.all(names)).filter((name) => name !== '')
  })
}

/** A route of the gateway's own, for asking whether it has done everything that came before. */
export const barrierHost = 'barrier.test'

function configOf({ listener = '', routes, admin }: Attack, upstream: RecordingServer): string {
  return `
${admin === undefined ? '' : `admin: ${JSON.stringify({ port: 0, ...admin })}`}
listeners: [{ address: 127.0.0.1, port: 0, ${listener} }]
routes:
  - { host: ${barrierHost}, respond: {} }
${routes.replaceAll('UPSTREAM', upstream.host)}
`
}
