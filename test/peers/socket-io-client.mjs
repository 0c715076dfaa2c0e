// A Socket.IO 4 client: node socket-io-client.mjs http://host:port [--mode=polling|websocket|upgrade].
// Checks acknowledgements, binary both ways and a broadcast to itself; in `upgrade` mode it waits for the
// switch from long-polling, and speaks before and after. Prints {ok, mode, transport, counts}.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { io } from 'socket.io-client'
import { readArguments, runClient } from './peer.mjs'

const { mode, positionals, seconds } = readArguments({ mode: 'upgrade', seconds: '20' })
const transports = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
}

await runClient(Number(seconds), async () => {
  const url = new URL('/peers', positionals[0])
  const socket = io(url.href, { transports: transports[mode], reconnection: false, forceNew: true })
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', (error) =>
      reject(new Error(`${error.message}: ${error.description}`)),
    )
  })
  const { engine } = socket.io
  if (mode === 'upgrade' && engine.transport.name === 'polling') {
    const upgraded = once(engine, 'upgrade')
    await checkAll(socket)
    await upgraded
  }
  await checkAll(socket)
  const counts = await socket.emitWithAck('counts')
  const transport = engine.transport.name
  const expected = mode === 'polling' ? 'polling' : 'websocket'
  socket.close()
  return { ok: transport === expected, mode, transport, counts }
})

async function checkAll(socket) {
  const said = { text: 'grüße 👋', list: [1, 2.5, null, true] }
  const echoed = await socket.emitWithAck('echo', said)
  if (JSON.stringify(echoed) !== JSON.stringify(said)) throw new Error('the echo differs')

  for (const size of [0, 1, 1_000, 300_000]) {
    const bytes = randomBytes(size)
    const { 0: back, 1: wasBuffer } = await emitForAll(socket, 'binary', bytes)
    if (!wasBuffer || !bytes.equals(back)) throw new Error(`${size} bytes came back changed`)
  }

  const heard = once(socket, 'shout')
  const word = `word ${randomBytes(4).toString('hex')}`
  socket.emit('shout', word)
  if ((await heard)[0] !== word) throw new Error('somebody else was heard first')
}

/** All the values of the acknowledgement: `emitWithAck` gives the first only. */
function emitForAll(socket, event, value) {
  return new Promise((resolve) => socket.emit(event, value, (...values) => resolve(values)))
}
