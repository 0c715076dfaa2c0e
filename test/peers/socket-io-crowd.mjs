// Many Socket.IO clients held on long-polling at once: node socket-io-crowd.mjs http://host:port
// [--clients=600]. Each must hear one broadcast. Prints {ok, connected, received, elapsedMs}.
// A held poll occupies an HTTP request for as long as nothing is said: whatever caps those, shows here.
import { Agent } from 'node:http'
import { io } from 'socket.io-client'
import { readArguments, runClient } from './peer.mjs'

const { clients, positionals, seconds } = readArguments({ clients: '600', seconds: '60' })
const dialsAtOnce = 50

await runClient(Number(seconds), async () => {
  const startedAt = performance.now()
  const url = new URL('/peers', positionals[0]).href
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity }) // kept alive, as browsers do
  const sockets = Array.from({ length: Number(clients) }, () =>
    io(url, {
      agent,
      autoConnect: false,
      forceNew: true,
      reconnection: false,
      transports: ['polling'],
    }),
  )
  const problems = new Set()
  let connected = 0
  for (let i = 0; i < sockets.length; i += dialsAtOnce) {
    const outcomes = await Promise.all(sockets.slice(i, i + dialsAtOnce).map(connect))
    connected += outcomes.filter((problem) => !problem).length
    for (const problem of outcomes) if (problem) problems.add(problem)
  }

  let received = 0
  const allHeard = new Promise((resolve) => {
    for (const socket of sockets) {
      socket.once('shout', () => ++received === connected && resolve())
    }
  })
  sockets.find((socket) => socket.connected)?.emit('shout', 'everybody')
  const patience = new Promise((resolve) => setTimeout(resolve, 15_000))
  if (connected > 0) await Promise.race([allHeard, patience])

  const ok = connected === sockets.length && received === connected
  const elapsedMs = Math.round(performance.now() - startedAt)
  return { ok, connected, received, elapsedMs, problems: [...problems] }
})

/** What went wrong, or undefined. */
function connect(socket) {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(undefined))
    socket.once('connect_error', (error) => resolve(`${error.message}: ${error.description}`))
    socket.connect()
  })
}
