/**
 * One question asked of one DNS server: over UDP, and once more over TCP where the answer does not fit.
 *
 * Invariant: each question has a socket of its own, connected to the server and at a port of the system's
 * choice, and a random id. An answer from elsewhere is never seen; one to another question is waited past.
 * However it ends, the socket is closed.
 */
import { randomInt } from 'node:crypto'
import { createConnection, isIPv6, type Socket } from 'node:net'
import { readReply, writeQuestion, type DnsQuestion, type DnsReply } from './dns-message.ts'
import type { DnsServer } from './dns-servers.ts'

/** @throws the system's error, or the reason of the signal. */
export async function askServer(
  server: DnsServer,
  asked: Omit<DnsQuestion, 'id'>,
  signal: AbortSignal,
): Promise<DnsReply> {
  signal.throwIfAborted()
  const question = { ...asked, id: randomInt(0x1_0000) }
  const reply = await askByUdp(server, question, signal)
  return reply.code === 'TRUNCATED' ? askByTcp(server, question, signal) : reply
}

async function askByUdp(
  { address, port }: DnsServer,
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<DnsReply> {
  const answer = Promise.withResolvers<DnsReply>()
  const socket = await Bun.udpSocket({
    hostname: isIPv6(address) ? '::' : '0.0.0.0',
    connect: { hostname: address, port },
    socket: {
      data(_, message) {
        const reply = readReply(message, question)
        if (reply !== undefined) answer.resolve(reply)
      },
      // The types name the socket first, but Bun passes the error alone.
      error: (...told: readonly unknown[]) => answer.reject(told.find((it) => it instanceof Error)),
    },
  })
  const giveUp = () => answer.reject(signal.reason)
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', giveUp)
    socket.send(writeQuestion(question))
    return await answer.promise
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.close()
  }
}

/** Each message with its length in front, in two bytes (RFC 1035 §4.2.2). */
async function askByTcp(
  { address, port }: DnsServer,
  question: DnsQuestion,
  signal: AbortSignal,
): Promise<DnsReply> {
  signal.throwIfAborted()
  const socket = createConnection({ host: address, port })
  const giveUp = () => socket.destroy(signal.reason)
  signal.addEventListener('abort', giveUp)
  try {
    const message = writeQuestion(question)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    socket.write(Buffer.concat([length, message]))
    const reply = readReply(await firstMessage(socket), question)
    if (reply === undefined || reply.code === 'TRUNCATED') throw new Error('it answered nonsense')
    return reply
  } finally {
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
  }
}

async function firstMessage(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk])
    const end = received.length < 2 ? Infinity : 2 + received.readUInt16BE(0)
    if (received.length >= end) return received.subarray(2, end)
  }
  throw new Error('it ended the connection without an answer')
}
