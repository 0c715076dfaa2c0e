// A `ws` client for backpressure, with ws-server: node ws-flood-client.mjs URL --bytes=N.
// With URL?flood=N it reads, after reading nothing for --deaf-ms, and checks that every message came in
// order. With --send it writes to URL?deaf=1 until N bytes are out or nothing moved for --stall-ms.
// Prints {ok, bytes, isStalled}.
import { once } from 'node:events'
import WebSocket from 'ws'
import { readArguments, runClient } from './peer.mjs'

const messageBytes = 64 * 1024
const options = readArguments({
  bytes: '1000000',
  'deaf-ms': '0',
  send: false,
  'stall-ms': '1000',
  seconds: '30',
})
const totalBytes = Number(options.bytes)

await runClient(Number(options.seconds), async () => {
  const socket = new WebSocket(options.positionals[0], { perMessageDeflate: false })
  const result = options.send ? send(socket) : receive(socket)
  const closed = once(socket, 'close').then(([code]) => {
    throw new Error(`closed with ${code}`)
  })
  const { bytes, isStalled } = await Promise.race([result, closed])
  socket.terminate()
  return { ok: true, bytes, isStalled }
})

async function receive(socket) {
  let bytes = 0
  let index = 0
  const allCame = new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      const isInOrder = data.length < 4 || data.readUInt32BE() === index++
      if (!isInOrder) return reject(new Error(`message ${index - 1} is missing or out of order`))
      bytes += data.length
      if (bytes >= totalBytes) resolve()
    })
  })
  await once(socket, 'open')
  socket.pause()
  await new Promise((resolve) => setTimeout(resolve, Number(options['deaf-ms'])))
  socket.resume()
  await allCame
  return { bytes, isStalled: false }
}

/** The next message leaves when the system has taken the one before: `bytes` is what the path swallowed. */
async function send(socket) {
  let bytes = 0
  await once(socket, 'open')
  const message = Buffer.alloc(messageBytes)
  while (bytes < totalBytes) {
    const taken = new Promise((resolve) => socket.send(message, (error) => resolve(!error)))
    let timer
    const stalled = new Promise((resolve) => {
      timer = setTimeout(resolve, Number(options['stall-ms']), false)
    })
    const isTaken = await Promise.race([taken, stalled])
    clearTimeout(timer)
    if (!isTaken) return { bytes, isStalled: true }
    bytes += messageBytes
  }
  return { bytes, isStalled: false }
}
