// How clients come back when their connection has ended. The simulated clients and the real ones that
// they are compared with (clients.ts) wait as this says.
import type { Random } from './random.ts'

export interface Reconnect {
  readonly name: string
  /** @param failures in a row; 0 when the connection has just ended. */
  readonly delayMs: (failures: number, random: Random) => number
}

// A loop without any pause is what clients do that nobody has looked at; a refusal takes them as long.
const hurriedMs = 100
const fixedMs = 1000
// As reconnecting-websocket and Socket.IO do by and large: doubled, and each within ± 50 % of it.
const firstMs = 1000
const mostMs = 30_000

export const reconnects: readonly Reconnect[] = [
  { name: 'immediate', delayMs: (failures) => (failures === 0 ? 0 : hurriedMs) },
  { name: 'fixed 1 s', delayMs: () => fixedMs },
  {
    name: 'exponential',
    delayMs: (failures, random) => Math.min(mostMs, firstMs * 2 ** failures) * (0.5 + random()),
  },
]

/** @throws TypeError with the names there are. */
export function reconnectNamed(name: string): Reconnect {
  const found = reconnects.find((one) => one.name.startsWith(name))
  if (name !== '' && found !== undefined) return found
  const names = reconnects.map((one) => one.name).join(', ')
  throw new TypeError(`No clients come back like "${name}"; there are ${names}`)
}
