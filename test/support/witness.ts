// A server that answers whatever it is asked, and tells exactly what it was asked.

import { Journal } from './journal.ts'
import { listenTcp } from './tcp.ts'
import { switchAnswer } from './websocket.ts'

/** A request's head as it came in. */
export class SeenHead {
  readonly startLine: string
  /** Names as sent, in their order. */
  readonly lines: readonly (readonly [name: string, value: string])[]

  constructor(text: string) {
    const [startLine = '', ...lines] = text.trimEnd().split('\r\n')
    this.startLine = startLine
    this.lines = lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
    })
  }

  /** The values of all lines of this name, whatever its case and whether spelled with `-` or `_`. */
  all(name: string): string[] {
    const spelled = (text: string) => text.toLowerCase().replaceAll('_', '-')
    return this.lines.filter(([each]) => spelled(each) === spelled(name)).map(([, value]) => value)
  }
}

export interface Witness extends Disposable {
  readonly port: number
  readonly host: string
  readonly heads: readonly SeenHead[]
  /** The request of this number, from 0, once it has come. */
  head(index?: number): Promise<SeenHead>
}

export interface WitnessAnswers {
  /** Header lines of the 101. */
  readonly switching?: Readonly<Record<string, string>>
  /** The answer to whatever is no upgrade. */
  readonly page?: string
}

export async function startWitness({
  switching = {},
  page = 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
}: WitnessAnswers = {}): Promise<Witness> {
  const journal = new Journal<SeenHead>()
  const server = await listenTcp(async (connection) => {
    for (;;) {
      const head = await connection.until(/\r\n\r\n/).catch(() => undefined)
      if (head === undefined) return
      journal.add(new SeenHead(head))
      const isUpgrade = /^upgrade: websocket\r$/im.test(head)
      connection.send(isUpgrade ? switchAnswer(switching) : page)
      if (isUpgrade) return
    }
  })
  return {
    port: server.port,
    host: server.host,
    heads: journal.items,
    head: (index = 0) => journal.find((head) => journal.items.indexOf(head) === index),
    [Symbol.dispose]: () => server[Symbol.dispose](),
  }
}
