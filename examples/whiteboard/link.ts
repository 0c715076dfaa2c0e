// What servers and the process that keeps the board say to each other, over one WebSocket each: servers pass
// on what their windows say, and the board tells all of them what has become of it, in one order.
import { z } from 'zod'
import { ClientMessage, type ServerMessage } from './messages.ts'

export const sessionLength = 100 // characters at most, more than any gateway takes
const session = z.string().min(1).max(sessionLength)

export const ToBoard = z.discriminatedUnion('type', [
  // moves: how often a gateway has moved it; its window knows nothing of that
  z.object({ type: z.literal('join'), session, moves: z.int() }),
  z.object({ type: z.literal('leave'), session }),
  z.object({ type: z.literal('said'), session, message: ClientMessage }),
])
export type ToBoard = z.infer<typeof ToBoard>

/** For one window, for all but one, or for all. */
export type ToServer = { to?: string; except?: string; message: ServerMessage }

/** Where a server connects to: which one it is, and the port it listens on. */
export function linkUrl(board: string, server: number, port: number): string {
  return `${board}/link?server=${server}&port=${port}`
}

const Introduction = z.object({
  server: z.coerce.number().int().min(1).max(9),
  port: z.coerce.number().int().min(1).max(65_535),
})
export type Introduction = z.infer<typeof Introduction>

export function readIntroduction(query: URLSearchParams): Introduction | undefined {
  return Introduction.safeParse(Object.fromEntries(query)).data
}
