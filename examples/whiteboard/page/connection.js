// The page's socket: it comes back by itself, and measures itself once a second. A socket that stops
// answering is given up without waiting for its close, which the browser may hold back for a minute.

const backoffMs = { first: 250, most: 8_000 }
const measureMs = 1_000
const silenceMs = 10_000 // no pong for this long: the path is dead. Longer than servers take to be there again
const rttSamples = 60

/**
 * @typedef {'connecting' | 'open' | 'reconnecting'} State
 * @typedef {{ rtts: number[], inPerSecond: number, outPerSecond: number }} Measure rtts in ms, oldest first
 * @param {{
 *   url: URL,
 *   stateChanged: (state: State, retryInMs: number) => void,
 *   messageArrived: (message: any) => void,
 *   measured: (measure: Measure) => void,
 * }} options
 */
export function connect({ url, stateChanged, messageArrived, measured }) {
  /** @type {WebSocket} */
  let socket
  let attempts = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retryTimer
  let counts = { in: 0, out: 0 }
  let measuredAt = performance.now()
  let heardAt = performance.now()
  /** @type {number[]} */
  let rtts = []

  function open() {
    clearTimeout(retryTimer)
    retryTimer = undefined
    const current = (socket = new WebSocket(url))
    heardAt = performance.now()
    current.onopen = () => {
      attempts = 0
      rtts = []
      heardAt = performance.now()
      stateChanged('open', 0)
      ping()
    }
    current.onmessage = ({ data }) => {
      counts.in++
      heardAt = performance.now()
      const message = JSON.parse(data)
      if (message.type === 'pong')
        rtts = [...rtts, performance.now() - message.at].slice(-rttSamples)
      else messageArrived(message)
    }
    current.onclose = () => current === socket && retry()
  }

  // "Equal jitter": half the delay is fixed, half is random, so that a crowd does not return at once.
  function retry() {
    const delayMs = Math.min(backoffMs.most, backoffMs.first * 2 ** attempts++)
    const retryInMs = delayMs / 2 + (Math.random() * delayMs) / 2
    stateChanged('reconnecting', retryInMs)
    retryTimer = setTimeout(open, retryInMs)
  }

  function giveUpSocket() {
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    retry()
  }

  /** @param {object} message @returns {boolean} whether it went out */
  function send(message) {
    if (socket.readyState !== WebSocket.OPEN) return false
    socket.send(JSON.stringify(message))
    counts.out++
    return true
  }

  function ping() {
    send({ type: 'ping', at: performance.now() })
  }

  function measure() {
    const now = performance.now()
    const seconds = (now - measuredAt) / 1000
    measured({ rtts, inPerSecond: counts.in / seconds, outPerSecond: counts.out / seconds })
    counts = { in: 0, out: 0 }
    measuredAt = now
    if (retryTimer === undefined && now - heardAt > silenceMs) giveUpSocket()
    else ping()
  }

  addEventListener('online', () => retryTimer !== undefined && open())
  setInterval(measure, measureMs)
  stateChanged('connecting', 0)
  open()
  return { send }
}
