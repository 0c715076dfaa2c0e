/**
 * A client of the model: a WebSocket that knows which session it is, what it has said and what came back.
 */
import type { Closed } from '../support/websocket.ts'

/** How long anything may take before it counts as lost. */
export const patienceMs = 5_000

export class Visitor {
  readonly socket: WebSocket
  /** Of the gateway, as its server was told. */
  readonly opened: Promise<string | undefined>
  closed: Closed | undefined
  /** What was said and has not come back. */
  readonly unanswered = new Set<string>()
  /** Answers that nobody has asked for. */
  readonly strange: string[] = []
  #onAnswer: ((text: string) => void) | undefined
  #said = 0

  /** @param host as requests name it. */
  constructor(url: string, host: string, headers: Readonly<Record<string, string>> = {}) {
    // Missing in the types of browsers.
    const options = { headers: { host, ...headers }, tls: { rejectUnauthorized: false } }
    const socket = new WebSocket(url, options as unknown as string[])
    this.socket = socket
    this.opened = new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => this.#hear(String(data), resolve))
      socket.addEventListener('close', ({ code, reason }) => {
        this.closed = { code, reason }
        resolve(undefined)
      })
    })
  }

  /** Something short, or long enough to be compressed and to come in pieces. @returns what. */
  say(length: number): string {
    const text = `${this.#said++} ${'ab'.repeat(length / 2)}`
    this.unanswered.add(text)
    this.socket.send(text)
    return text
  }

  /** Says things until the last comes back: what was said before, to a server that is gone, may be lost. @returns whether one has. */
  async goesOn(): Promise<boolean> {
    for (let tries = patienceMs / 100; tries > 0 && this.closed === undefined; tries--) {
      const last = this.say(10)
      const isBack = new Promise<boolean>((resolve) => {
        this.#onAnswer = (text) => text === last && resolve(true)
      })
      if ((await Promise.race([isBack, Bun.sleep(100)])) !== true) continue
      // Those before it have come back, or never will, as they keep their order.
      this.unanswered.clear()
      return true
    }
    return false
  }

  #hear(text: string, onName: (id: string) => void): void {
    // A server that a session has come to says its name, too.
    const name = /^server\d (.*)$/.exec(text)
    if (name !== null) onName(name[1] ?? '')
    else if (text.startsWith('{"') || text === 'reconnected') return
    else if (!this.unanswered.delete(text)) this.strange.push(text.slice(0, 40))
    else this.#onAnswer?.(text)
  }
}
