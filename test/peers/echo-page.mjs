// A page in Chromium that sends messages and checks their echoes: node echo-page.mjs http://host:port/ The
// WebSocket is of the page's own host, /echo. Prints {ok, extensions, sent, echoed, problems}: what was
// agreed on as the page sees it, and the lengths of the messages in the order in which they were sent.
import { withBrowser } from './chromium.mjs'
import { readArguments, runClient } from './peer.mjs'

const { executable, positionals, seconds } = readArguments({
  executable: '/usr/bin/chromium',
  seconds: '40',
})
const [url] = positionals

await runClient(Number(seconds), () =>
  withBrowser(executable, async (browser) => {
    const page = await browser.newPage()
    const problems = []
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(url)
    const result = await page.evaluate(converse, url.replace('http', 'ws') + 'echo')
    return {
      ok: problems.length === 0 && result.echoed === result.sent.length,
      problems,
      ...result,
    }
  }),
)

/** Runs in the page. */
async function converse(address) {
  const { WebSocket, crypto } = globalThis
  const noise = [...crypto.getRandomValues(new Uint32Array(600))]
    .map((each) => String.fromCodePoint(0x1f600 + (each % 80)))
    .join('')
  const board = JSON.stringify({ type: 'draw', text: 'größer als sonst 👋🏽', at: [1, 2, 3] })
  const messages = [
    '',
    'short 😀',
    board.repeat(100),
    board.repeat(4_000),
    noise,
    noise,
    new Uint8Array(20_000).map((_, index) => index % 251),
    new Uint8Array(0),
    crypto.getRandomValues(new Uint8Array(60_000)),
  ]

  const socket = new WebSocket(address)
  socket.binaryType = 'arraybuffer'
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error('no WebSocket'))
  })
  let echoed = 0
  const all = new Promise((resolve, reject) => {
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code} behind ${echoed}`))
    socket.onmessage = ({ data }) => {
      if (!isSame(data, messages[echoed])) return reject(new Error(`the echo ${echoed} differs`))
      echoed++
      if (echoed === messages.length) return resolve()
      socket.send(messages[echoed])
    }
  })
  // One after the other, so that each is a frame of its own on the wire.
  socket.send(messages[0])
  await all
  const { extensions } = socket
  await new Promise((resolve) => {
    socket.onclose = resolve
    socket.close()
  })
  return { extensions, echoed, sent: messages.map((each) => each.length) }

  function isSame(data, message) {
    if (typeof message === 'string') return data === message
    const bytes = new Uint8Array(data)
    return bytes.length === message.length && bytes.every((byte, index) => byte === message[index])
  }
}
