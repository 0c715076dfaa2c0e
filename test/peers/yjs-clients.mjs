// Yjs documents edited at the same time: node yjs-clients.mjs ws://host:port [--clients=3] [--edits=60]
// [--room=name]. Each inserts and deletes at random places, then all must become one.
// Prints {ok, converged, length, edits, reconnects}.
import { randomInt } from 'node:crypto'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { readArguments, runClient } from './peer.mjs'

const options = readArguments({ clients: '3', edits: '60', room: 'story', seconds: '30' })
const editEveryMs = 20

await runClient(Number(options.seconds), async () => {
  const writers = Array.from({ length: Number(options.clients) }, () => createWriter())
  await Promise.all(writers.map(({ provider }) => once(provider, 'sync')))
  const inserted = (await Promise.all(writers.map(edit))).flat()
  while (!isOne(writers)) await pause(editEveryMs)

  const [first] = writers
  const done = first.document.getMap('done')
  const hasAll = inserted.every((key) => done.has(key))
  for (const { provider } of writers) provider.destroy()
  const reconnects = writers.reduce((sum, writer) => sum + writer.connects - 1, 0)
  return {
    ok: hasAll,
    converged: true,
    length: first.document.getText('story').length,
    edits: done.size,
    reconnects,
  }
})

function createWriter() {
  const document = new Y.Doc()
  const provider = new WebsocketProvider(options.positionals[0], options.room, document, {
    WebSocketPolyfill: WebSocket,
    disableBc: true, // otherwise the documents meet inside this process
  })
  const writer = { document, provider, connects: 0 }
  provider.on('status', ({ status }) => {
    if (status === 'connected') writer.connects++
  })
  return writer
}

/** Every edit leaves a key in the map `done`, by which a lost one is found. */
async function edit({ document }) {
  const keys = []
  const text = document.getText('story')
  for (let i = 0; i < Number(options.edits); i++) {
    const key = `${document.clientID}-${i}`
    document.transact(() => {
      text.insert(randomInt(text.length + 1), `word${i} `)
      if (text.length > 20 && i % 4 === 0) text.delete(randomInt(text.length - 5), 3)
      document.getMap('done').set(key, i)
    })
    keys.push(key)
    await pause(editEveryMs)
  }
  return keys
}

function isOne(writers) {
  const states = writers.map(({ document }) => JSON.stringify(document.getText('story').toDelta()))
  const sizes = writers.map(({ document }) => document.getMap('done').size)
  const isComplete = sizes.every((size) => size >= writers.length * Number(options.edits))
  return isComplete && new Set(states).size === 1
}

function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, resolve))
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
