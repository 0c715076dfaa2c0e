// Real clients in a process of their own: they connect, are silent, answer pings, and come back as
// reconnect.ts says when their connection ends.
//
//   clients.ts PORT COUNT [RECONNECT]
//
// Prints "ready" when all are connected. A line of input sets the clock to 0; from then on it is noted when
// each of them was closed first and, with RECONNECT, when it was connected again. When that is known of all
// it prints one line of JSON. It ends with its input.
import { createRandom } from './random.ts'
import { reconnectNamed } from './reconnect.ts'

/** What is printed; times are in ms from the line of input on. */
export interface ClientsResult {
  closedMs: number[]
  backMs: number[]
  /** Attempts that came to nothing. */
  failures: number
}

const [portText = '', countText = '', reconnectName] = process.argv.slice(2)
const url = `ws://127.0.0.1:${portText}/`
const count = Number(countText)
const reconnect = reconnectName === undefined ? undefined : reconnectNamed(reconnectName)
const random = createRandom(count)
const openingAtOnce = 64

const result: ClientsResult = { closedMs: [], backMs: [], failures: 0 }
let startedAtMs = Infinity
let nextToOpen = 0
let opened = 0

/** The first time: a few at once. */
function openNext(): void {
  if (nextToOpen++ >= count) return
  const socket = new WebSocket(url)
  socket.onopen = () => {
    opened++
    if (opened === count) console.log('ready')
    openNext()
  }
  socket.onclose = () => onLost()
}

function onLost(): void {
  if (startedAtMs === Infinity) {
    console.error('a connection has ended before its time')
    process.exit(1)
  }
  result.closedMs.push(performance.now() - startedAtMs)
  if (reconnect === undefined) tellWhenDone()
  else comeBackIn(reconnect.delayMs(0, random), 0)
}

function comeBackIn(delayMs: number, failures: number): void {
  setTimeout(comeBack, delayMs, failures)
}

function comeBack(failures: number): void {
  const socket = new WebSocket(url)
  let isBack = false
  socket.onopen = () => {
    isBack = true
    result.backMs.push(performance.now() - startedAtMs)
    tellWhenDone()
  }
  socket.onclose = () => {
    if (isBack || reconnect === undefined) return
    result.failures++
    comeBackIn(reconnect.delayMs(failures + 1, random), failures + 1)
  }
}

function tellWhenDone(): void {
  const done = reconnect === undefined ? result.closedMs : result.backMs
  if (done.length === count) console.log(JSON.stringify(result))
}

for (let client = 0; client < openingAtOnce; client++) openNext()
process.stdin.once('data', () => (startedAtMs = performance.now()))
process.stdin.once('end', () => process.exit(0))
