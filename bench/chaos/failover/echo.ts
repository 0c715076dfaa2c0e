// A server of the table in a process of its own, so that it can be killed and stopped: run as a program
// with the port that is held for it, it echoes each message. It answers what it is asked, closes everybody
// with 1001 on SIGTERM, and ends with its standard input.
import { randomBytes } from 'node:crypto'
import { Opcode } from '../../../src/wire/opcode.ts'
import { EchoSession } from './echo-session.ts'
import { talk } from './talk.ts'

export type EchoQuestion =
  | { ask: 'ready' }
  /** Which sessions it has. */
  | { ask: 'sessions' }
  /** Begins to send a message to so many of them, and does not end it: it is about to be killed. */
  | { ask: 'push'; sessions: number; bytes: readonly number[] }
  /** Nothing passes any more, either way: what comes is swallowed, and no connect is answered. */
  | { ask: 'cut' }
  /** Those that were cut off are reset, and others may come. */
  | { ask: 'heal' }

export interface Pushed {
  begun: number
}

/** How much of a message is sent before it is killed, and in how many frames it would come. */
const begunShare = 0.7
const pushedFragments = [1, 1, 6]
/** Longer than it lives. */
const neverMs = 60_000
const leaveMs = 300

const port = Number(process.argv[2])
const sessions = new Set<EchoSession>()
let isCut = false
let listener: Bun.TCPSocketListener<EchoSession> | undefined

function listen(): void {
  const options = {
    hostname: '127.0.0.1',
    port,
    reusePort: true, // beside the socket that holds the port; Bun has it, its types do not
    socket: {
      open(socket: Bun.Socket<EchoSession>) {
        socket.data = new EchoSession(socket)
        sessions.add(socket.data)
      },
      data(socket: Bun.Socket<EchoSession>, chunk: Buffer) {
        if (!isCut) socket.data.read(chunk)
      },
      drain: ({ data }: Bun.Socket<EchoSession>) => data.outgoing.flush(),
      end(socket: Bun.Socket<EchoSession>) {
        if (!isCut) socket.end()
      },
      close({ data }: Bun.Socket<EchoSession>) {
        sessions.delete(data)
        data.release()
      },
      error() {}, // a gateway that leaves in the middle
    },
    allowHalfOpen: true,
  }
  listener = Bun.listen<EchoSession>(options)
}

function push(count: number, bytes: readonly number[]): Pushed {
  let begun = 0
  for (const session of sessions) {
    if (begun === count) break
    if (session.number === undefined || !session.outgoing.isIdle) continue
    const length = bytes[begun % bytes.length] ?? 0
    const payload = randomBytes(length)
    payload.write(`push ${length} `)
    session.begin(Opcode.binary, payload, {
      fragments: pushedFragments[begun % pushedFragments.length] ?? 1,
      share: begunShare,
      pauseMs: neverMs,
    })
    begun++
  }
  return { begun }
}

function answer(line: string): unknown {
  const question = JSON.parse(line) as EchoQuestion
  switch (question.ask) {
    case 'ready':
      return true
    case 'sessions':
      return [...sessions].flatMap(({ number }) => number ?? [])
    case 'push':
      return push(question.sessions, question.bytes)
    case 'cut':
      isCut = true
      listener?.stop()
      for (const session of sessions) session.outgoing.stop()
      return undefined
    case 'heal':
      for (const session of sessions) session.reset()
      isCut = false
      listen()
      return undefined
  }
}

function leave(): void {
  listener?.stop()
  for (const session of sessions) session.leave()
  setTimeout(() => process.exit(), leaveMs)
}

if (import.meta.main) {
  listen()
  process.on('SIGTERM', leave)
  await talk(answer)
}
