// The state everybody shares: strokes, the last chat lines and who is here, at which server. It knows no
// sockets, and every list in it has an upper bound (see messages.ts). What is sent twice is there once: a
// page that is not sure whether the server that has just died had passed something on sends it again.
import { limits, type ChatLine, type Moved, type Person, type Stroke } from './messages.ts'

const adjectives = 'Amber Bold Calm Deft Eager Fond Glad Keen Lucky Merry Quick Sunny Swift Witty'
const animals = 'Badger Crane Dolphin Falcon Fox Heron Ibex Lynx Marten Otter Panda Robin Seal Wren'
const personColours = [1, 2, 3, 4, 5, 6, 7] // 0 is plain ink, which nobody is

interface Guest {
  readonly person: Person
  server: number
  /** When that server was lost, in milliseconds; undefined while it works. */
  lostAt: number | undefined
}

export class Board {
  /** By id, the oldest first. */
  readonly strokes = new Map<string, Stroke>()
  readonly chat: ChatLine[] = []
  readonly #guests = new Map<string, Guest>()
  #segments = 0
  #lastId = 0

  get people(): Person[] {
    return [...this.#guests.values()].map(({ person }) => person)
  }

  person(session: string): Person | undefined {
    return this.#guests.get(session)?.person
  }

  windowsAt(server: number): number {
    const isThere = (guest: Guest) => guest.server === server && guest.lostAt === undefined
    return [...this.#guests.values()].filter(isThere).length
  }

  /** A session is one person, whichever server it comes by. `moved`: it was at another, or at one that died. */
  join(session: string, server: number, now: number): { person: Person; moved: Moved | undefined } {
    const guest = this.#guests.get(session)
    if (guest !== undefined) {
      const moved = { from: guest.server, ms: guest.lostAt && Math.max(0, now - guest.lostAt) }
      guest.server = server
      guest.lostAt = undefined
      return { person: guest.person, moved }
    }
    const person = { id: ++this.#lastId, name: this.#freeName(), colour: this.#rarestColour() }
    this.#guests.set(session, { person, server, lostAt: undefined })
    return { person, moved: undefined }
  }

  /** The window is closed, unless its session is at another server by now. */
  leave(session: string, server: number): Person | undefined {
    const guest = this.#guests.get(session)
    if (guest?.server !== server) return undefined
    this.#guests.delete(session)
    return guest.person
  }

  /** Who was at this server is on the way to another one. */
  lose(server: number, now: number): void {
    for (const guest of this.#guests.values()) if (guest.server === server) guest.lostAt ??= now
  }

  /** Those whose server was lost before `time`, and who did not come back. */
  forget(time: number): Person[] {
    const gone = [...this.#guests].filter(([, { lostAt }]) => lostAt !== undefined && lostAt < time)
    for (const [session] of gone) this.#guests.delete(session)
    return gone.map(([, { person }]) => person)
  }

  /** Whether it is new. */
  draw(stroke: Stroke): boolean {
    if (this.strokes.has(stroke.id)) return false
    this.strokes.set(stroke.id, stroke)
    this.#segments += segmentsOf(stroke)
    for (const oldest of this.strokes.values()) {
      if (this.#segments <= limits.segments) break
      this.strokes.delete(oldest.id)
      this.#segments -= segmentsOf(oldest)
    }
    return true
  }

  clear(): void {
    this.strokes.clear()
    this.#segments = 0
  }

  /** The line, if it is new. */
  say({ name, colour }: Person, id: string, text: string, at: number): ChatLine | undefined {
    if (this.chat.some((line) => line.id === id)) return undefined
    const line = { id, name, colour, text, at }
    this.chat.push(line)
    if (this.chat.length > limits.chatLines) this.chat.shift()
    return line
  }

  #freeName(): string {
    const taken = new Set(this.people.map((person) => person.name))
    const free = adjectives
      .split(' ')
      .flatMap((adjective) => animals.split(' ').map((animal) => `${adjective} ${animal}`))
      .filter((name) => !taken.has(name))
    return free[Math.floor(Math.random() * free.length)] ?? `Guest ${this.#lastId}`
  }

  #rarestColour(): number {
    const worn = this.people.map((person) => person.colour)
    const wearers = (colour: number) => worn.filter((one) => one === colour).length
    return personColours.reduce((best, one) => (wearers(one) < wearers(best) ? one : best))
  }
}

function segmentsOf(stroke: Stroke): number {
  return stroke.points.length / 2 - 1
}
