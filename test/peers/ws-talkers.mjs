// `ws` clients that stay: node ws-talkers.mjs URL [--clients=4]. They offer permessage-deflate and keep their
// windows if they may. Each line on stdin, {"say":N}, has each of them say so many messages, one after the
// other, and wait for each echo; reports {"said":N} when all are done. Reports {"extensions"} of each one
// that opens, and {"fault"} of whatever comes otherwise than it was sent, and of each that closes.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { readArguments, report } from './peer.mjs'

const { clients, positionals } = readArguments({ clients: '4' })
const [url] = positionals
/** Of all: no two messages are alike, and each has much of the one before. */
let count = 0

const sockets = Array.from({ length: Number(clients) }, () => {
  const socket = new WebSocket(url, { perMessageDeflate: { threshold: 0 } })
  socket.on('error', (error) => report({ fault: error.message }))
  socket.on('close', (code, reason) => report({ fault: `closed with ${code} ${String(reason)}` }))
  return socket
})
await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('open', resolve))))
report({ port: 0 }) // nobody listens here: all of them are open
for (const { extensions } of sockets) report({ extensions: extensions })

for await (const line of createInterface({ input: process.stdin })) {
  const { say } = JSON.parse(line)
  await Promise.all(sockets.map((socket) => talk(socket, say)))
  report({ said: say })
}
process.exit(0)

async function talk(socket, messages) {
  for (let left = messages; left > 0; left--) {
    const text = JSON.stringify({ number: count++, said: 'the same words again '.repeat(100) })
    const echo = new Promise((resolve) => socket.once('message', resolve))
    socket.send(text)
    if (String(await echo) !== text) report({ fault: `${text.slice(0, 30)} came back otherwise` })
  }
}
