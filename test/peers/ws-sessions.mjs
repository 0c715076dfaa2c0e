// Both ends of sessions, with `ws`: node ws-sessions.mjs. Each line on stdin is a session to hold:
// {id, url, client, server, fromClient, fromServer, end}, where `client` and `server` are what `ws` is told of
// permessage-deflate, `url` leads here through whatever stands between, and the rest is what each end says
// and who ends it how; test/differential/session-plan.ts has the words. Reports for each {id, offered,
// answered, refused, faults}: what the server was offered, what the client was answered, and whatever came
// otherwise than it was sent.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import WebSocket, { WebSocketServer } from 'ws'
import { announce, report } from './peer.mjs'

const deadlineMs = 15_000
const maxPayload = 4 << 20
/** First byte of pongs that nobody asked for. */
const ownMark = 'u'.charCodeAt(0)
/** Id → the session whose client is on its way. */
const awaited = new Map()

const server = createServer((_, response) => response.writeHead(426).end())
server.on('upgrade', (request, socket, head) => {
  awaited.get(request.url.split('/').at(-1))(request, socket, head)
})
announce(server)

for await (const line of createInterface({ input: process.stdin })) {
  const plan = JSON.parse(line)
  void hold(plan).then(
    (result) => report({ id: plan.id, ...result }),
    (error) => report({ id: plan.id, faults: [`${error.stack}`] }),
  )
}

async function hold(plan) {
  const session = { faults: [] }
  const accepted = accept(plan, session)
  const socket = new WebSocket(plan.url + plan.id, { perMessageDeflate: plan.client, maxPayload })
  socket.on('upgrade', ({ headers }) => (session.answered = headers['sec-websocket-extensions']))
  const client = endOf('client', socket, plan.fromClient, session)
  try {
    const opened = await within(handshake(socket), () => 'the handshake')
    if (opened !== true) return { ...session, refused: opened }
    const upstream = endOf('server', await accepted, plan.fromServer, session)
    await within(converse(client, upstream, plan.end), () => describe(client, upstream))
    client.judge(upstream, plan.end)
    upstream.judge(client, plan.end)
    return session
  } finally {
    socket.terminate()
    awaited.delete(plan.id)
  }
}

/** The server's end, once it was asked. */
function accept(plan, session) {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: plan.server,
    maxPayload,
  })
  // It refuses a handshake whose offers ask for more than it may give.
  sockets.on('wsClientError', (error, socket) => {
    session.declined = error.message
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  return new Promise((resolve) => {
    awaited.set(plan.id, (request, socket, head) => {
      session.offered = request.headers['sec-websocket-extensions']
      sockets.handleUpgrade(request, socket, head, (each) => {
        // What came with the handshake must not be said before somebody listens.
        each.pause()
        resolve(each)
      })
    })
  })
}

function handshake(socket) {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.pause()
      resolve(true)
    })
    socket.once('error', reject)
    socket.once('unexpected-response', (_, { statusCode }) => resolve(statusCode))
  })
}

async function converse(client, server, end) {
  const closer = end.by === 'client' ? client : server
  client.socket.resume()
  server.socket.resume()
  const said = Promise.all([client.say(), server.say()])
  if (end.isCalm) {
    await said
    await Promise.all([client.hearAll(server), server.hearAll(client)])
  } else await closer.said
  if (end.how === 'terminate') closer.socket.terminate()
  else if (end.code === undefined) closer.socket.close()
  else closer.socket.close(end.code, end.reason)
  await Promise.all([client.closed, server.closed])
}

function endOf(name, socket, items, session) {
  /** Messages and pings in their order, and pongs. */
  const heard = []
  const pongs = []
  /** What the other end is to hear, in order, since this one has said it. */
  const expected = []
  let close
  let onHeard = () => {}
  let onSaid = () => {}
  const said = new Promise((resolve) => (onSaid = resolve))

  socket.on('message', (data, isBinary) => hear(heard, isBinary ? 'binary' : 'text', data))
  socket.on('ping', (data) => hear(heard, 'ping', data))
  socket.on('pong', (data) => hear(pongs, 'pong', data))
  socket.on('error', (error) => session.faults.push(`${name}: ${error.message}`))
  const closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => {
      close = { code, reason: `${reason}` }
      onHeard()
      resolve()
    })
  })

  function hear(list, kind, data) {
    list.push({ kind, data })
    onHeard()
  }

  async function say() {
    for (const item of items) {
      if (socket.readyState !== WebSocket.OPEN) break
      expected.push(...sayings(item))
      await sayItem(socket, item)
    }
    onSaid()
  }

  /** Everything the other end says, and the answers to the pings of this one. */
  async function hearAll(other) {
    const answers = countOf(expected, 'ping') + countOf(other.expected, 'pong')
    const others = other.expected.length - countOf(other.expected, 'pong')
    while (heard.length < others || pongs.length < answers) {
      if (close !== undefined) throw new Error(`the ${name} was closed with ${close.code}`)
      await new Promise((resolve) => (onHeard = resolve))
    }
  }

  function judge(other, end) {
    const isWhole = end.isCalm || end.how === 'close'
    const wanted = other.expected.filter(({ kind }) => kind !== 'pong')
    compare(`${name} hears`, heard, wanted, isWhole)
    // Pings that come with a Close are not answered any more.
    const isOwn = ({ data }) => data[0] === ownMark
    const own = other.expected.filter(({ kind }) => kind === 'pong')
    compare(`${name} hears, unasked,`, pongs.filter(isOwn), own, isWhole)
    const answers = expected.filter(({ kind }) => kind === 'ping')
    const answered = pongs.filter((pong) => !isOwn(pong))
    const asPong = answers.map(({ data }) => ({ kind: 'pong', data }))
    compare(`${name} is answered`, answered, asPong, end.isCalm)
    const isLast = end.how === 'terminate'
    const code = isLast ? 1006 : (end.code ?? 1005)
    const reason = isLast || end.code === undefined ? '' : end.reason
    if (close.code !== code || close.reason !== reason)
      session.faults.push(`${name} is closed with ${close.code} "${close.reason}"`)
  }

  function compare(what, actual, wanted, isWhole) {
    const length = Math.min(actual.length, wanted.length)
    for (let index = 0; index < length; index++) {
      const { kind, data } = wanted[index]
      const { kind: actualKind, data: actualData } = actual[index]
      if (kind === actualKind && data.equals(actualData)) continue
      session.faults.push(
        `${what} ${actualKind} of ${actualData.length} as its ${index}th, not ${kind} of ${data.length}`,
      )
      return
    }
    if (actual.length > length || (isWhole && wanted.length > length))
      session.faults.push(`${what} ${actual.length}, not ${wanted.length}`)
  }

  return { name, socket, expected, heard, pongs, closed, said, say, hearAll, judge }
}

/** What the other end is to hear of an item, in order. */
function sayings(item) {
  if (item.kind === 'ping' || item.kind === 'pong')
    return [{ kind: item.kind, data: controlOf(item) }]
  if (item.kind === 'rest') return []
  const pings = (item.pings ?? []).map((each) => ({ kind: 'ping', data: controlOf(each) }))
  return [...pings.slice(0, item.cuts.length), { kind: item.kind, data: dataOf(item) }]
}

function countOf(list, wanted) {
  return list.filter(({ kind }) => kind === wanted).length
}

/** Says one, in fragments, with pings between them if there are some. */
function sayItem(socket, item) {
  if (item.kind === 'ping') return socket.ping(controlOf(item))
  if (item.kind === 'pong') return socket.pong(controlOf(item))
  if (item.kind === 'rest') return new Promise((resolve) => setTimeout(resolve, item.ms))
  const { compress } = item
  const data = dataOf(item)
  const binary = item.kind === 'binary'
  const ends = item.cuts.map((share) => Math.floor(share * data.length)).toSorted((a, b) => a - b)
  let start = 0
  for (const [index, end] of ends.entries()) {
    socket.send(data.subarray(start, end), { binary, compress, fin: false })
    start = end
    const ping = item.pings?.[index]
    if (ping !== undefined) socket.ping(controlOf(ping))
  }
  socket.send(data.subarray(start), { binary, compress, fin: true })
}

function controlOf({ kind, data }) {
  return Buffer.concat([Buffer.from(kind === 'pong' ? 'u' : 'p'), Buffer.from(data, 'base64')])
}

function dataOf({ kind, content }) {
  if (content.data !== undefined) return Buffer.from(content.data, 'base64')
  if (content.text !== undefined) return Buffer.from(content.text)
  const { like, seed, bytes } = content
  return kind === 'text' ? textOf(like, seed, bytes) : bytesOf(like, seed, bytes)
}

function bytesOf(like, seed, length) {
  if (like === 'repeated') return Buffer.alloc(length, `again ${seed} and `)
  const bytes = Buffer.allocUnsafe(length)
  const random = randomOf(seed + 1)
  for (let index = 0; index < length; index++) bytes[index] = random()
  return bytes
}

/** Characters of one to four bytes; repeated ones are cut to whole characters. */
function textOf(like, seed, length) {
  if (like === 'repeated') {
    const unit = `{"n":${seed},"größe":"😀"},`
    return Buffer.from(unit.repeat(Math.ceil(length / Buffer.byteLength(unit))))
  }
  const random = randomOf(seed + 1)
  let text = ''
  for (let size = 0; size < length;) {
    const code = random() % [0x80, 0x800, 0x10000, 0x110000][random() & 3]
    if (code >= 0xd800 && code < 0xe000) continue
    const character = String.fromCodePoint(code)
    size += Buffer.byteLength(character)
    text += character
  }
  return Buffer.from(text)
}

/** xorshift32. */
function randomOf(seed) {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

function within(promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in time: ${what()}`)), deadlineMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function describe(...ends) {
  return ends
    .map(({ name, heard, pongs, socket }) => {
      return `${name}, in state ${socket.readyState}, has heard ${heard.length}, and ${pongs.length} pongs`
    })
    .join('; ')
}
