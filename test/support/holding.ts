/**
 * Attacks by those who take their time: a connection is held, and it succeeds if it is still there after
 * many times the time it has.
 */
import type { Attack } from './attack.ts'
import { until } from './byte-attack.ts'
import { dialTcp, type TcpConnection } from './tcp.ts'
import { answersIn } from './transcript.ts'

/** Several times as long as any timeout of the attacks. */
export const holdMs = 2_500
/** How often a slow one says something: many times in each of these. */
export const dripMs = 40

export interface HoldingAttack extends Omit<Attack, 'run' | 'wants'> {
  /** By default that the connection is held. */
  readonly wants?: string
  /** How the connection gets where it is then held. */
  readonly begin?: (client: TcpConnection) => Promise<void> | void
  /** What is said now and then to keep it; nothing by default. */
  readonly drip?: string
  readonly connections?: number
}

export function holding({ begin, drip, connections = 1, ...attack }: HoldingAttack): Attack {
  return {
    wants: 'connections that are held for nothing, until there are no more',
    ...attack,
    async run({ port }) {
      const clients = await Promise.all(Array.from({ length: connections }, () => dialTcp(port)))
      const lines = await Promise.all(clients.map((client) => hold(client, begin, drip)))
      for (const client of clients) client[Symbol.dispose]()
      return { seen: lines[0] ?? [], isGained: lines.some((seen) => seen.includes('held')) }
    },
  }
}

async function hold(
  client: TcpConnection,
  begin: HoldingAttack['begin'],
  drip = '',
): Promise<string[]> {
  let farewell: string | undefined
  void client.farewell.then((how) => (farewell = how))
  await begin?.(client)
  const timer =
    drip === '' ? undefined : setInterval(() => client.send(Buffer.from(drip, 'latin1')), dripMs)
  await until(() => farewell !== undefined, holdMs)
  clearInterval(timer)
  return [...answersIn(client.received), farewell ?? 'held']
}

/** @param text one character a byte. */
export const send = (text: string) => (client: TcpConnection) =>
  client.send(Buffer.from(text, 'latin1'))
