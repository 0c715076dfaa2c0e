// The state everybody shares: strokes, the last chat lines and who is here. It knows no sockets, and
// every list in it has an upper bound (see messages.ts).
import { limits, type ChatLine, type Person, type Stroke } from './messages.ts'

const adjectives = 'Amber Bold Calm Deft Eager Fond Glad Keen Lucky Merry Quick Sunny Swift Witty'
const animals = 'Badger Crane Dolphin Falcon Fox Heron Ibex Lynx Marten Otter Panda Robin Seal Wren'
const personColours = [1, 2, 3, 4, 5, 6, 7] // 0 is plain ink, which nobody is

export class Board {
  strokes: Stroke[] = []
  readonly chat: ChatLine[] = []
  readonly people = new Map<number, Person>()
  #segments = 0
  #lastId = 0

  join(): Person {
    const person = { id: ++this.#lastId, name: this.#freeName(), colour: this.#rarestColour() }
    this.people.set(person.id, person)
    return person
  }

  draw(stroke: Stroke): void {
    this.strokes.push(stroke)
    this.#segments += segmentsOf(stroke)
    while (this.#segments > limits.segments) {
      const oldest = this.strokes.shift()
      if (!oldest) break
      this.#segments -= segmentsOf(oldest)
    }
  }

  clear(): void {
    this.strokes = []
    this.#segments = 0
  }

  say(person: Person, text: string): ChatLine {
    const line = { name: person.name, colour: person.colour, text, at: Date.now() }
    this.chat.push(line)
    if (this.chat.length > limits.chatLines) this.chat.shift()
    return line
  }

  #freeName(): string {
    const taken = new Set([...this.people.values()].map((person) => person.name))
    const free = adjectives
      .split(' ')
      .flatMap((adjective) => animals.split(' ').map((animal) => `${adjective} ${animal}`))
      .filter((name) => !taken.has(name))
    return free[Math.floor(Math.random() * free.length)] ?? `Guest ${this.#lastId}`
  }

  #rarestColour(): number {
    const worn = [...this.people.values()].map((person) => person.colour)
    const wearers = (colour: number) => worn.filter((one) => one === colour).length
    return personColours.reduce((best, one) => (wearers(one) < wearers(best) ? one : best))
  }
}

function segmentsOf(stroke: Stroke): number {
  return stroke.points.length / 2 - 1
}
