// The board, and the servers that are told of it. Its order is the truth: strokes, clears and chat lines go to
// all servers in one order, so that all pages end up with the same board.
import type { ServerWebSocket } from 'bun'
import { Board } from './board.ts'
import type { Introduction, ToBoard, ToServer } from './link.ts'
import { limits, type ClientMessage, type Server, type ServerMessage } from './messages.ts'

type Link = ServerWebSocket<Introduction>

export class Keeper {
  readonly #board = new Board()
  /** Of the servers that are up, by number. */
  readonly #links = new Map<number, Link>()
  /** The numbers of all that were ever here. */
  readonly #known = new Set<number>()
  readonly #canKill: boolean

  constructor(canKill: boolean) {
    this.#canKill = canKill
  }

  linkOpened(link: Link): void {
    const { server } = link.data
    const old = this.#links.get(server)
    if (old) this.linkClosed(old) // it hangs, and was started a second time
    old?.terminate()
    this.#known.add(server)
    this.#links.set(server, link)
    this.#tellServers()
  }

  linkClosed(link: Link): void {
    const { server } = link.data
    if (this.#links.get(server) !== link) return
    this.#links.delete(server)
    this.#board.lose(server, Date.now())
    this.#tellServers()
  }

  messageArrived(link: Link, message: ToBoard): void {
    switch (message.type) {
      case 'join':
        return this.#join(link, message.session, message.moves)
      case 'leave': {
        const person = this.#board.leave(message.session, link.data.server)
        if (!person) return
        this.#tellAll({ message: { type: 'left', id: person.id } })
        return this.#tellServers()
      }
      case 'said':
        return this.#said(message.session, message.message)
    }
  }

  /** People whose server was lost before `time`, and who came to no other one. */
  forgetAbsent(time: number): void {
    for (const { id } of this.#board.forget(time)) this.#tellAll({ message: { type: 'left', id } })
  }

  #join(link: Link, session: string, moves: number): void {
    const { server } = link.data
    const { person, moved } = this.#board.join(session, server, Date.now())
    const welcome: ServerMessage = {
      type: 'welcome',
      you: person.id,
      server,
      // Else the window itself came back, and knows.
      ...(moved && moves > 0 && { moved }),
      canKill: this.#canKill,
      servers: this.#servers(),
      people: this.#board.people,
      strokes: [...this.#board.strokes.values()],
      chat: this.#board.chat,
      maxSegments: limits.segments,
    }
    tell(link, JSON.stringify({ to: session, message: welcome } satisfies ToServer))
    if (!moved) this.#tellAll({ except: session, message: { type: 'person', person } })
    this.#tellServers()
  }

  #said(session: string, message: ClientMessage): void {
    const person = this.#board.person(session)
    if (!person) return // was away for too long
    switch (message.type) {
      case 'stroke':
        if (this.#board.draw(message.stroke)) this.#tellAll({ message })
        return
      case 'clear':
        this.#board.clear()
        return this.#tellAll({ message: { type: 'clear', by: person.name } })
      case 'chat': {
        const line = this.#board.say(person, message.id, message.text, Date.now())
        if (line) this.#tellAll({ message: { type: 'chat', line } })
        return
      }
      case 'cursor':
        return this.#tellAll({
          except: session,
          message: { type: 'cursor', id: person.id, at: message.at },
        })
      case 'rename':
        person.name = message.name
        return this.#tellAll({ message: { type: 'person', person } })
    }
  }

  #servers(): Server[] {
    return [...this.#known]
      .toSorted((a, b) => a - b)
      .map((number) => ({
        number,
        isUp: this.#links.has(number),
        windows: this.#board.windowsAt(number),
      }))
  }

  #tellServers(): void {
    this.#tellAll({ message: { type: 'servers', servers: this.#servers() } })
  }

  /** Encoded once, whatever the number of servers. */
  #tellAll(what: ToServer): void {
    const text = JSON.stringify(what)
    for (const link of this.#links.values()) tell(link, text)
  }
}

/** Bounds what waits for a server that does not read: it is given up, as if it had died. */
function tell(link: Link, text: string): void {
  if (link.getBufferedAmount() > limits.bufferedBytes) link.terminate()
  else link.sendText(text)
}
