/**
 * What is answered about sessions, and to who closes or moves one.
 */
import type { Gateway } from '../gateway.ts'
import { badQuery, json, problem, type Problem } from './answer.ts'
import { readCloseWords, readMove, readSessionQuery } from './session-query.ts'
import { found } from './upstream-answers.ts'

/** How long a move is waited for: a dial, and a server that ends in order. Who asks waits some seconds more. */
const moveWaitMs = 5_000

export function listSessions(gateway: Gateway, query: URLSearchParams): Response {
  const read = readSessionQuery(query)
  return typeof read === 'string' ? badQuery(read) : json(gateway.listSessions(read))
}

export function showSession(gateway: Gateway, id: string): Response {
  const session = gateway.session(id)
  return session === undefined ? problem(unknownSession) : json(session)
}

/** 202: the closing handshake takes as long as the two sides take. */
export function closeSession(gateway: Gateway, id: string, query: URLSearchParams): Response {
  const words = readCloseWords(query)
  if (typeof words === 'string') return badQuery(words)
  return gateway.closeSession(id, words) ? json({ session: id }, 202) : problem(unknownSession)
}

/** 202 where it takes longer than anybody wants to wait: the log tells how it has come out. */
export async function moveSession(
  gateway: Gateway,
  id: string,
  query: URLSearchParams,
): Promise<Response> {
  const read = readMove(query)
  if (typeof read === 'string') return badQuery(read)
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), moveWaitMs)
  const moved = await Promise.race([gateway.moveSession(id, read.to), late.promise])
  clearTimeout(timer)
  return moved === undefined ? json({ session: id }, 202) : found(moved)
}

const unknownSession: Problem = {
  status: 404,
  title: 'No open session has this id; it may have closed since',
}
