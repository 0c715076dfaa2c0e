/** Handshakes that are asked of Sluice, and what becomes of them. */
import { relayTo, startGateway } from '../support/gateway.ts'
import { politely, startRecordingServer } from '../support/recording-server.ts'
import { dialTcp } from '../support/tcp.ts'
import { sampleKey } from '../support/websocket.ts'
import { routeOf, type Situation } from './situation.ts'

export interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What reached the upstream. */
  readonly forwarded: readonly string[]
}

/** What becomes of a request, in front of a server that answers like this. */
export async function ask(
  situation: Situation,
  request: string,
  answer: (head: string) => string = politely,
): Promise<Asked> {
  using upstream = await startRecordingServer({ answer })
  await using gateway = startGateway(relayTo(`ws://${upstream.host}`, routeOf(situation)))
  using client = await dialTcp(gateway.port)
  client.send(request)
  const { status, headers } = await client.message()
  // A connection that was made for a handshake that failed is not kept.
  if (status === 502) await until(() => upstream.open === 0)
  return { status, headers, forwarded: upstream.received }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** The handshake of RFC 6455 §1.3 with these fields instead; undefined: without. */
export function request(
  fields: Readonly<Record<string, string | undefined>> = {},
  line = 'GET /chat?v=2 HTTP/1.1',
): string {
  const usual = {
    Host: 'server.example.com',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
  }
  const lines = Object.entries({ ...usual, ...fields })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  return `${[line, ...lines].join('\n')}\n\n`
}

/** The fields that the upstream was asked with. */
export function fieldsOf(forwarded: string): Readonly<Record<string, string>> {
  const [, ...lines] = forwarded.split('\r\n\r\n')[0]?.split('\r\n') ?? []
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 2),
    ]),
  )
}
