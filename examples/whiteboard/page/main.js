// The page: joins the connection, the sheet and the panels. What the servers have confirmed is in `strokes` and
// in the chat; what was drawn and said here and has not yet come back is in `pending`. It is sent again when a
// server welcomes this page: a new connection, or the next server when the one before has died.
import { createSheet, followPointer } from './canvas.js'
import { connect } from './connection.js'
import { createServerPanel, inkOf } from './servers.js'

/** @typedef {{ id: number, name: string, colour: number }} Person */
/** @typedef {import('./canvas.js').Stroke} Stroke */

const maxPending = 500 // strokes and lines kept while nobody confirms them: older ones are forgotten first
const cursorMs = 50
const pageId = crypto.getRandomValues(new Uint32Array(2)).join('-')

/** @type {Stroke[]} */
let strokes = []
/** @type {Map<string, { type: 'stroke', stroke: Stroke } | { type: 'chat', id: string, text: string }>} */
const pending = new Map()
/** @type {Map<number, Person>} */
const people = new Map()
let segments = 0
let maxSegments = Infinity
let me = 0
let server = 0
let lastId = 0
let cursorSentAt = 0

/** @param {string} selector @returns {any} */
const find = (selector) => document.querySelector(selector)
const tools = find('#tools')
const canvas = find('#board canvas')
const sheet = createSheet(canvas, () => [...strokes, ...pendingStrokes()])
const serverPanel = createServerPanel(find('#servers'))
const connection = connect({
  url: socketAddress(),
  stateChanged: showState,
  messageArrived,
  measured: showMeasure,
})

followPointer(canvas, {
  drawn(points) {
    const colour = Number(tools.colour.value)
    const width = /** @type {1 | 2 | 3} */ (Number(tools.width.value))
    const stroke = { id: newId(), colour, width, points }
    sheet.draw(stroke)
    sendUntilConfirmed(stroke.id, { type: 'stroke', stroke })
    showHint()
  },
  moved(at) {
    const now = performance.now()
    if (at && now - cursorSentAt < cursorMs) return
    cursorSentAt = now
    connection.send({ type: 'cursor', at })
  },
})

find('#clear').addEventListener('click', () => connection.send({ type: 'clear' }))
find('#chat-form').addEventListener('submit', submitChat)
find('#name-form').addEventListener('submit', submitName)
find('#name').addEventListener('blur', submitName)

// For the console and for tests: what the server has confirmed.
Object.assign(window, {
  whiteboard: {
    get strokeCount() {
      return strokes.length
    },
    get segmentCount() {
      return segments
    },
    get pendingCount() {
      return pending.size
    },
    get people() {
      return [...people.values()]
    },
    get server() {
      return server
    },
  },
})

function newId() {
  return `${pageId}-${++lastId}`
}

/** @param {string} id @param {any} message one of ClientMessage in messages.ts */
function sendUntilConfirmed(id, message) {
  pending.set(id, message)
  if (pending.size > maxPending) pending.delete(pending.keys().next().value ?? '')
  connection.send(message)
}

function pendingStrokes() {
  return [...pending.values()].flatMap((message) =>
    message.type === 'stroke' ? [message.stroke] : [],
  )
}

/** Beside the page, so that both come through the same host and port. */
function socketAddress() {
  const url = new URL('board', location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}

/** @param {any} message one of ServerMessage in messages.ts */
function messageArrived(message) {
  switch (message.type) {
    case 'welcome':
      return welcome(message)
    case 'stroke':
      return addStroke(message.stroke)
    case 'clear':
      setStrokes([])
      return addChatLine(note(`${message.by} cleared the board`))
    case 'chat':
      return showChatLine(message.line)
    case 'servers':
      return serverPanel.show(message.servers)
    case 'person':
      people.set(message.person.id, message.person)
      return showPeople()
    case 'left':
      people.delete(message.id)
      find(`#cursors [data-id="${message.id}"]`)?.remove()
      return showPeople()
    case 'cursor':
      return showCursor(message.id, message.at)
  }
}

/**
 * The whole state, from the server that serves this page from now on. What is shown already stays.
 * @param {{
 *   you: number, server: number, moved?: { from: number, ms?: number }, canKill: boolean,
 *   servers: import('./servers.js').Server[], people: Person[], strokes: Stroke[], chat: any[], maxSegments: number,
 * }} board
 */
function welcome(board) {
  me = board.you
  server = board.server
  maxSegments = board.maxSegments
  people.clear()
  for (const person of board.people) people.set(person.id, person)
  for (const cursor of find('#cursors').children)
    if (!people.has(Number(cursor.dataset.id))) cursor.remove()
  for (const line of board.chat) showChatLine(line)
  for (const { id } of board.strokes) pending.delete(id)
  for (const message of pending.values()) connection.send(message)
  setStrokes(board.strokes)
  const mine = people.get(me)
  if (!tools.colour.value) tools.colour.value = String(mine?.colour ?? 0)
  const name = sessionStorage.getItem('name')
  if (name && name !== mine?.name) connection.send({ type: 'rename', name })
  showPeople()
  serverPanel.welcome(board)
  serverPanel.say(board.moved ? moveNote(board.moved) : '')
  find('#server').textContent = `server ${server}`
  find('#server').dataset.ink = inkOf(server)
}

/** @param {{ from: number, ms?: number }} moved */
function moveNote({ from, ms }) {
  const way =
    from === server ? `Server ${from} is back` : `Moved from server ${from} to server ${server}`
  return `${way}${ms === undefined ? '' : ` in ${duration(ms)}`}. This window stayed connected.`
}

/** @param {number} ms */
function duration(ms) {
  if (ms < 1) return 'less than 1 ms'
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

/** @param {Stroke[]} next */
function setStrokes(next) {
  strokes = next
  segments = next.reduce((sum, stroke) => sum + segmentsOf(stroke), 0)
  sheet.redraw()
  showHint()
}

/** @param {Stroke} stroke */
function addStroke(stroke) {
  const isMine = pending.delete(stroke.id)
  strokes.push(stroke)
  segments += segmentsOf(stroke)
  if (!isMine) sheet.draw(stroke)
  if (segments > maxSegments) sheet.redraw()
  for (let oldest; segments > maxSegments && (oldest = strokes.shift());) {
    segments -= segmentsOf(oldest)
  }
  showHint()
}

/** @param {Stroke} stroke */
function segmentsOf(stroke) {
  return stroke.points.length / 2 - 1
}

function showHint() {
  find('#hint').hidden = strokes.length + pendingStrokes().length > 0
}

/** @param {import('./connection.js').State} state @param {number} retryInMs */
function showState(state, retryInMs) {
  const words = {
    connecting: 'Connecting',
    open: 'Connected',
    reconnecting: `Reconnecting in ${(retryInMs / 1000).toFixed(1)} s`,
  }
  find('#status').dataset.state = state
  find('#status span').textContent = words[state]
  find('#server').hidden = state !== 'open'
  if (state === 'reconnecting') find('#cursors').replaceChildren()
}

/** @param {import('./connection.js').Measure} measure */
function showMeasure({ rtts, inPerSecond, outPerSecond }) {
  const last = rtts.at(-1)
  const least = Math.min(...rtts)
  const median = rtts.toSorted((a, b) => a - b)[rtts.length >> 1] ?? 0
  const most = Math.max(...rtts, 1)
  find('#rtt').textContent = last === undefined ? '–' : `${milliseconds(last)} ms`
  find('#rtt-summary').textContent =
    last === undefined ? '' : `least ${milliseconds(least)}, median ${milliseconds(median)}`
  find('#rate [data-direction="in"]').textContent = String(Math.round(inPerSecond))
  find('#rate [data-direction="out"]').textContent = String(Math.round(outPerSecond))
  const step = 120 / Math.max(1, rtts.length - 1)
  const line = rtts.map(
    (rtt, i) => `${(i * step).toFixed(1)},${(31 - (rtt / most) * 28).toFixed(1)}`,
  )
  find('#rtt-history polyline').setAttribute('points', line.join(' '))
  find('#rtt-history polygon').setAttribute('points', `0,32 ${line.join(' ')} 120,32`)
}

/** @param {number} ms */
function milliseconds(ms) {
  return ms.toFixed(ms < 10 ? 1 : 0)
}

function showPeople() {
  const items = [...people.values()].map((person) => {
    const item = element('li', person.name)
    item.dataset.ink = String(person.colour)
    if (person.id === me) item.append(element('small', 'you'))
    return item
  })
  find('#people').replaceChildren(...items)
  find('#people-count').textContent = String(people.size)
  const name = find('#name')
  if (document.activeElement !== name) name.value = people.get(me)?.name ?? ''
}

/** @param {number} id @param {[number, number] | null} at */
function showCursor(id, at) {
  let cursor = find(`#cursors [data-id="${id}"]`)
  const person = people.get(id)
  if (!at || !person) return cursor?.remove()
  if (!cursor) {
    cursor = element('div')
    cursor.dataset.id = String(id)
    find('#cursors').append(cursor)
  }
  cursor.dataset.ink = String(person.colour)
  cursor.dataset.name = person.name
  cursor.style.left = `${at[0] * 100}%`
  cursor.style.top = `${at[1] * 100}%`
}

/** @param {HTMLElement} item */
function addChatLine(item) {
  const log = find('#chat-log')
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  log.append(item)
  while (log.children.length > 200) log.firstElementChild.remove()
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

/** @param {{ id: string, name: string, colour: number, text: string, at: number }} line */
function showChatLine({ id, name, colour, text, at }) {
  pending.delete(id)
  if ([...find('#chat-log').children].some((item) => item.dataset.id === id)) return
  const item = element('li')
  item.dataset.id = id
  item.dataset.ink = String(colour)
  const time = element('time', new Date(at).toLocaleTimeString([], { timeStyle: 'short' }))
  item.append(element('b', name), time, element('p', text))
  addChatLine(item)
}

/** @param {string} text */
function note(text) {
  const item = element('li', text)
  item.className = 'note'
  return item
}

/** @param {string} tag */
function element(tag, text = '') {
  const made = document.createElement(tag)
  made.textContent = text
  return made
}

/** @param {SubmitEvent} event */
function submitChat(event) {
  event.preventDefault()
  const field = find('#chat-form input')
  const text = field.value.trim()
  if (!text) return
  const id = newId()
  sendUntilConfirmed(id, { type: 'chat', id, text })
  field.value = ''
}

/** @param {Event} event */
function submitName(event) {
  event.preventDefault()
  const name = find('#name').value.trim()
  if (!name || name === people.get(me)?.name) return
  sessionStorage.setItem('name', name)
  connection.send({ type: 'rename', name })
}
