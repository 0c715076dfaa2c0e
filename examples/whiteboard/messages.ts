// What pages may send, and the bounds of each field. A message that does not fit closes its sender:
// nothing unchecked is kept or passed on, and fields nobody knows are left behind by the parser.
import { z } from 'zod'

export const limits = {
  messageBytes: 16 * 1024, // the longest stroke below, in JSON, with room to spare
  bufferedBytes: 1024 * 1024, // twice a full board: who has more waiting does not read
  cursorBufferedBytes: 64 * 1024, // cursors are skipped, not queued, for somebody this far behind
  people: 200, // at one server
  segments: 5_000, // past it the oldest strokes fade from the board
  chatLines: 50,
}

const share = z.number().min(0).max(1) // of the board's width or height
const colour = z.int().min(0).max(7) // an index: light and dark pages have different inks for it

// Chosen by the sender, who recognises the echo by it, and sends it again when there was none.
const id = z.string().min(1).max(40)

const Stroke = z.object({
  id,
  colour,
  width: z.int().min(1).max(3),
  points: z
    .array(share) // x, y, x, y, …: a line through at least two points
    .min(4)
    .max(512)
    .refine((points) => points.length % 2 === 0),
})

export const ClientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stroke'), stroke: Stroke }),
  z.object({ type: z.literal('clear') }),
  z.object({ type: z.literal('chat'), id, text: z.string().trim().min(1).max(500) }),
  z.object({ type: z.literal('cursor'), at: z.tuple([share, share]).nullable() }), // null: left the board
  z.object({ type: z.literal('rename'), name: z.string().trim().min(1).max(24) }),
  z.object({ type: z.literal('ping'), at: z.number() }),
])

export type Stroke = z.infer<typeof Stroke>
export type ClientMessage = z.infer<typeof ClientMessage>
export type Person = { id: number; name: string; colour: number }
export type ChatLine = { id: string; name: string; colour: number; text: string; at: number } // at: ms since 1970
export type Server = { number: number; isUp: boolean; windows: number }
export type Moved = { from: number; ms?: number | undefined } // ms: without a server; none: the old one works

export type ServerMessage =
  | {
      type: 'welcome' // first of all, and again from each server that takes the session over
      you: number
      server: number
      moved?: Moved
      canKill: boolean
      servers: Server[]
      people: Person[]
      strokes: Stroke[]
      chat: ChatLine[]
      maxSegments: number
    }
  | { type: 'servers'; servers: Server[] } // one came or went, or has more or fewer windows
  | { type: 'person'; person: Person } // joined, or has a new name
  | { type: 'left'; id: number }
  | { type: 'stroke'; stroke: Stroke }
  | { type: 'clear'; by: string }
  | { type: 'chat'; line: ChatLine }
  | { type: 'cursor'; id: number; at: [number, number] | null }
  | { type: 'pong'; at: number }

/** What `text` is in JSON, or undefined when it does not fit: the caller closes the connection either way. */
export function parse<Message>(schema: z.ZodType<Message>, text: string): Message | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // bad JSON and a bad shape are one refusal
  }
  return schema.safeParse(value).data
}
