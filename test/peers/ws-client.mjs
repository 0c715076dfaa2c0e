// A `ws` client: node ws-client.mjs URL [--subprotocols=a,b] [--messages=3] [--sizes=0,125,126,65536]
// [--kind=both] [--fragments] [--pings=1] [--deflate] [--header=name:value] [--close=1000,reason] (empty:
// a Close without a code) [--wait-close]. Checks the echo of every size, text and binary, in order.
// Prints {ok, status, subprotocol, extensions, headers, echoed, pongs, close}, or a refusal with its body.
import { createHash } from 'node:crypto'
import { on } from 'node:events'
import WebSocket from 'ws'
import { readArguments, runClient } from './peer.mjs'

const options = readArguments({
  subprotocols: '',
  messages: '1',
  sizes: '0,1,125,126,1000,65535,65536,200000',
  kind: 'both', // text | binary | both
  fragments: false,
  pings: '1',
  deflate: false,
  header: '',
  close: '1000,done',
  'wait-close': false, // only waits for the server to close
  seconds: '20',
})
const [url] = options.positionals

await runClient(Number(options.seconds), async () => {
  const [headerName, headerValue] = options.header.split(':')
  const socket = new WebSocket(url, options.subprotocols.split(',').filter(Boolean), {
    perMessageDeflate: options.deflate,
    headers: headerName ? { [headerName]: headerValue } : {},
  })
  const closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  const arrived = queueOf(socket)
  const response = await handshake(socket)
  if (response.body !== undefined) return { ok: false, ...response }

  let counts = {}
  if (!options['wait-close']) {
    counts = await checkEcho(socket, arrived)
    const [code, reason] = options.close.split(',')
    if (code) socket.close(Number(code), reason)
    else socket.close()
  }
  const { protocol: subprotocol, extensions } = socket
  return { ok: true, ...response, subprotocol, extensions, ...counts, close: await closed }
})

/** The 101's headers, or the refusal with its body. */
function handshake(socket) {
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    let headers
    socket.on('upgrade', (response) => (headers = response.headers))
    socket.on('open', () => resolve({ status: 101, headers }))
    socket.on('unexpected-response', (_, response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body })
      })
    })
  })
}

/** Messages in arrival order. Waiting for one fails when the socket closes. */
function queueOf(socket) {
  const messages = on(socket, 'message', { close: ['close'] })
  return async () => {
    const { value, done } = await messages.next()
    if (done) throw new Error('closed before the echo came')
    const [data, isBinary] = value
    return { data, isBinary }
  }
}

async function checkEcho(socket, arrived) {
  const kinds = options.kind === 'both' ? ['text', 'binary'] : [options.kind]
  const sent = []
  for (let round = 0; round < Number(options.messages); round++) {
    for (const size of options.sizes.split(',').map(Number)) {
      for (const kind of kinds)
        sent.push({ data: payload(kind, size, round), isBinary: kind === 'binary' })
    }
  }
  for (const { data, isBinary } of sent) sendWhole(socket, data, isBinary)
  for (const [index, { data, isBinary }] of sent.entries()) {
    const echo = await arrived()
    const isSame = echo.isBinary === isBinary && data.equals(echo.data)
    if (!isSame)
      throw new Error(`echo ${index} differs: ${data.length} sent, ${echo.data.length} came`)
  }
  for (let i = 0; i < Number(options.pings); i++) {
    const pong = new Promise((resolve) => socket.once('pong', resolve))
    socket.ping(`ping ${i}`)
    if (`${await pong}` !== `ping ${i}`) throw new Error('a pong with other content than its ping')
  }
  return { echoed: sent.length, pongs: Number(options.pings) }
}

function sendWhole(socket, data, binary) {
  if (!options.fragments) return socket.send(data, { binary })
  const third = Math.ceil(data.length / 3)
  socket.send(data.subarray(0, third), { binary, fin: false })
  socket.send(data.subarray(third, 2 * third), { binary, fin: false })
  socket.send(data.subarray(2 * third), { binary, fin: true })
}

/** Text cuts characters of two bytes at fragment ends on purpose; binary does not compress. */
function payload(kind, size, round) {
  if (kind === 'text') return Buffer.from(`${'é'.repeat(size >> 1)}${size % 2 ? round % 10 : ''}`)
  const noise = createHash('shake256', { outputLength: Math.max(1, size) }).update(
    `${size} ${round}`,
  )
  return noise.digest().subarray(0, size)
}
