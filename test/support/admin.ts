/**
 * An admin port for a gateway of `startGateway`, on a free port or a Unix socket, and what it answers.
 */
import { startAdmin } from '../../src/admin/admin.ts'
import { createResources } from '../../src/admin/resources.ts'
import type { AdminConfig } from '../../src/config/config.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import type { OpenGateway } from './gateway.ts'

export interface RunningAdmin extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** What the admin port itself has told. */
  readonly events: readonly GatewayEvent[]
  ask(path: string, options?: RequestInit & { unix?: string }): Promise<Response>
}

export async function startAdminOf(
  { gateway, metrics }: Pick<OpenGateway, 'gateway' | 'metrics'>,
  config: Partial<AdminConfig> = {},
): Promise<RunningAdmin> {
  const events: GatewayEvent[] = []
  const whole = { address: '127.0.0.1', port: 0, unix: undefined, token: undefined, ...config }
  const answer = createResources({ gateway, metrics }, () => whole)
  const admin = startAdmin(whole, answer, (event) => events.push(event))
  const { unix } = whole
  const url = unix === undefined ? `http://127.0.0.1:${admin.port}` : 'http://localhost'
  return {
    port: admin.port ?? 0,
    url,
    events,
    ask: (path, options = {}) =>
      fetch(url + path, unix === undefined ? options : { ...options, unix }),
    [Symbol.asyncDispose]: () => admin.stop({ isCut: true }),
  }
}

/** A header as a page or a stranger would send it. */
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

/** The value of a sample: `sluice_sessions{route="chat"}`. */
export function sample(exposition: string, name: string): number | undefined {
  const line = exposition.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}
