// A control row: the gateway one would write with `ws` in a few lines. It runs on Node, since Bun
// puts a shim of its own in the place of `ws`.
//
//   node bench/node-ws.mjs PORT UPSTREAM_PORT [single|takeover LEVEL THRESHOLD]
import { WebSocket, WebSocketServer } from 'ws'

const [port, upstreamPort, deflate, level, threshold] = process.argv.slice(2)
const perMessageDeflate = deflate !== undefined && {
  serverNoContextTakeover: deflate === 'single',
  clientNoContextTakeover: deflate === 'single',
  threshold: Number(threshold),
  zlibDeflateOptions: { level: Number(level) },
}
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), perMessageDeflate })

server.on('connection', (client, { url }) => {
  const address = `ws://127.0.0.1:${upstreamPort}${url}`
  const upstream = new WebSocket(address, { perMessageDeflate: false })
  const waiting = []
  client.on('message', (data, binary) => {
    if (upstream.readyState === WebSocket.OPEN) upstream.send(data, { binary })
    else waiting.push([data, { binary }])
  })
  upstream.on('open', () => {
    for (const [data, options] of waiting.splice(0)) upstream.send(data, options)
  })
  upstream.on('message', (data, binary) => client.send(data, { binary }))
  pass(client, upstream)
  pass(upstream, client)
})

/** What ends one side ends the other: with the same code, or abruptly where there was none. */
function pass(from, to) {
  from.on('close', (code, reason) => {
    if (code === 1006) to.terminate()
    else if (code === 1005) to.close()
    else to.close(code, reason)
  })
  from.on('error', (error) => {
    console.error(error.message)
    to.terminate()
  })
}
