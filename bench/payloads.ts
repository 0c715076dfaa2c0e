// Payloads as applications send them, for compression: the same ones in every run, no two alike.
//
// JSON is of three kinds in turn: quotes, chat and strokes on a whiteboard. Binary is positions: floats
// of limited precision, which deflate to between half and three quarters. A payload has at most the bytes
// asked for, and not much less.

export type PayloadKind = 'json' | 'binary'

export function createPayloads(kind: PayloadKind, count: number, bytesMax: number): Buffer[] {
  const random = createRandom(bytesMax)
  return Array.from({ length: count }, (_, number) => {
    const bytes = bytesMax - random.below(bytesMax / 8)
    return kind === 'json' ? jsonPayload(random, number, bytes) : positions(random, number, bytes)
  })
}

interface Random {
  /** From 0 to below `end`, a whole number. */
  below(end: number): number
  /** From -size to size, small ones more often. */
  step(size: number): number
  pick(list: readonly string[]): string
}

/** mulberry32. */
function createRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    step: (size) => (next() - next()) * size,
    pick: (list) => list[below(list.length)] ?? '',
  }
}

/** What a JSON text begins with, what it repeats, and how it ends. */
interface Shape {
  head: string
  item: () => string
  separator: string
  tail: string
}

function jsonPayload(random: Random, number: number, bytes: number): Buffer {
  const at = startMs + number * 137 + random.below(100)
  const shapes = [quotes, bytes < 400 ? chat : history, stroke]
  const { head, item, separator, tail } = (shapes[number % shapes.length] ?? quotes)(random, at)
  const items: string[] = []
  let left = bytes - head.length - tail.length
  for (;;) {
    const text = item()
    left -= Buffer.byteLength(text) + separator.length
    if (left < 0) break
    items.push(text)
  }
  return Buffer.from(head + items.join(separator) + tail)
}

// 2 March 2026, 09:00 UTC.
const startMs = 1_772_442_000_000

function quotes(random: Random, at: number): Shape {
  const item = () => {
    const cents = 5000 + random.below(40_000)
    const prices = `"bid":${cents / 100},"ask":${(cents + 1 + random.below(9)) / 100}`
    return `{"symbol":"${random.pick(symbols)}",${prices},"volume":${random.below(5000) * 10}}`
  }
  return { head: `{"type":"quotes","at":${at},"list":[`, item, separator: ',', tail: ']}' }
}

function chat(random: Random, at: number): Shape {
  const head = `{"type":"chat","from":"${random.pick(names)}","at":${at},"text":"`
  return { head, item: () => random.pick(words), separator: ' ', tail: '"}' }
}

function history(random: Random, at: number): Shape {
  const item = () => {
    const text = Array.from({ length: 3 + random.below(20) }, () => random.pick(words)).join(' ')
    const time = at - random.below(600_000)
    return `{"id":"${random.below(2 ** 32).toString(36)}","from":"${random.pick(names)}","at":${time},"text":"${text}"}`
  }
  return { head: '{"type":"history","room":"lobby","messages":[', item, separator: ',', tail: ']}' }
}

function stroke(random: Random): Shape {
  let x = random.below(1920)
  let y = random.below(1080)
  const item = () => {
    x += random.step(12)
    y += random.step(12)
    return `[${x.toFixed(1)},${y.toFixed(1)}]`
  }
  const head = `{"type":"stroke","by":"${random.pick(names)}","colour":"${random.pick(colours)}","points":[`
  return { head, item, separator: ',', tail: ']}' }
}

const symbols =
  'AAPL ADBE AMD AMZN ASML AVGO CSCO GOOG INTC META MSFT NFLX NVDA ORCL SAP TSLA'.split(' ')
const names =
  'ada ben chloe dmitri elif farid grace hana ivan jo kemal lena mei nils olu priya'.split(' ')
const colours = ['#1b1b1f', '#d7263d', '#1b998b', '#2e5eaa', '#f2a541']
const words = (
  'the and you that was for are with they have this from had words but what some were when your can said ' +
  'there use each which she how their will other about out many then them these so her would make like ' +
  'him into time has look two more write go see number no way could people my than first water been call ' +
  'who oil its now find long down day did get come made may part meeting tomorrow release branch ' +
  'deployed staging review please thanks okay maybe später café 🙂 lunch ticket customer invoice'
).split(' ')

const headBytes = 8
const entityBytes = 16

/** A count and a time, then an id, flags and x, y, z for each entity. */
function positions(random: Random, number: number, bytes: number): Buffer {
  const entities = Math.floor((bytes - headBytes) / entityBytes)
  const payload = Buffer.alloc(headBytes + entities * entityBytes)
  payload.writeUInt32LE(entities, 0)
  payload.writeUInt32LE(number * 50, 4)
  for (let entity = 0; entity < entities; entity++) {
    const place = headBytes + entity * entityBytes
    payload.writeUInt16LE(random.below(4096), place)
    payload.writeUInt16LE(random.below(4), place + 2)
    // In steps of an eighth within a room: the low bytes of the mantissas are zero.
    for (const axis of [4, 8, 12]) payload.writeFloatLE(random.below(512) / 8, place + axis)
  }
  return payload
}
