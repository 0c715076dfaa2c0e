// Many Socket.IO clients, every request of which comes on a TCP connection of its own:
// node socket-io-scattered.mjs http://host:port [--clients=500] [--at-once=25] [--kill].
// Each starts with long-polling and goes on over a WebSocket; it wants an acknowledgement before and after.
// With --kill one of the servers is then ended as by a crash, and its clients must come back elsewhere.
// Prints {ok, connected, upgraded, servers, returned, problems}.
import { Agent } from 'node:http'
import { io } from 'socket.io-client'
import { readArguments, runClient } from './peer.mjs'

const options = { clients: '500', 'at-once': '25', kill: false, seconds: '20' }
const { clients, 'at-once': atOnce, kill, positionals, seconds } = readArguments(options)

await runClient(Number(seconds), async () => {
  const url = new URL('/peers', positionals[0]).href
  const sockets = Array.from({ length: Number(clients) }, () =>
    io(url, {
      agent: new Agent({ keepAlive: false }),
      autoConnect: false,
      forceNew: true,
      reconnection: kill,
      reconnectionDelay: 20,
      reconnectionDelayMax: 200,
      transports: ['polling', 'websocket'],
    }),
  )
  const waiting = [...sockets]
  const arrivals = []
  const problems = {}
  async function connectOneByOne() {
    for (let socket = waiting.pop(); socket !== undefined; socket = waiting.pop()) {
      try {
        arrivals.push(await arrive(socket))
      } catch (error) {
        problems[error.message] = (problems[error.message] ?? 0) + 1
        socket.close()
      }
    }
  }
  await Promise.all(Array.from({ length: Number(atOnce) }, connectOneByOne))

  const servers = {}
  for (const { name } of arrivals) servers[name] = (servers[name] ?? 0) + 1
  const returned = kill ? await killOne(arrivals) : undefined
  const upgraded = arrivals.filter(({ transport }) => transport === 'websocket').length
  for (const socket of sockets) socket.close()
  const ok = arrivals.length === sockets.length && upgraded === sockets.length
  return { ok, connected: arrivals.length, upgraded, servers, returned, problems }
})

/** A client's whole way to a WebSocket. @throws what it was told instead. */
async function arrive(socket) {
  const connected = new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', (error) => reject(new Error(describe(error))))
    socket.once('disconnect', (reason, details) => reject(new Error(describe(details, reason))))
  })
  socket.connect()
  const { engine } = socket.io
  const upgraded = Promise.race([heard(engine, 'upgrade'), heard(engine, 'close')])
  await connected
  const before = await Promise.race([socket.emitWithAck('counts'), heard(engine, 'close')])
  await upgraded
  const { name, pid } = await Promise.race([socket.emitWithAck('counts'), heard(engine, 'close')])
  if (name === undefined || name !== before.name)
    throw new Error(`at ${before.name}, then at ${name}`)
  return { socket, name, pid, transport: engine.transport.name }
}

/** @returns how many clients had to come back, and are somewhere else. */
async function killOne(arrivals) {
  const [{ name: killed, pid }] = arrivals
  const affected = arrivals.filter(({ name }) => name === killed)
  const back = affected.map(({ socket }) => heard(socket.io, 'reconnect'))
  process.kill(pid, 'SIGKILL')
  await Promise.all(back)
  const names = await Promise.all(
    affected.map(async ({ socket }) => (await socket.emitWithAck('counts')).name),
  )
  const stayed = arrivals.filter(({ name }) => name !== killed)
  if (stayed.some(({ socket }) => !socket.connected)) throw new Error('others were cut, too')
  return {
    killed,
    clients: affected.length,
    elsewhere: names.filter((name) => name !== killed).length,
  }
}

/** Unlike `once` of Node it takes an error for what it is: another event. */
function heard(emitter, event) {
  return new Promise((resolve) => emitter.once(event, resolve))
}

function describe(error, reason = '') {
  const { message, description, context } = error ?? {}
  return [reason, message, description, context?.responseText].filter((part) => part).join(' ')
}
