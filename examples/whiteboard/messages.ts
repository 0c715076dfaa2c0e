// What clients may send, and the bounds of each field. A message that does not fit closes its sender:
// nothing unchecked is kept or passed on, and fields nobody knows are left behind by the parser.
import { z } from 'zod'

export const limits = {
  messageBytes: 16 * 1024, // the longest stroke below, in JSON, with room to spare
  bufferedBytes: 1024 * 1024, // twice a full board: who has more waiting does not read
  cursorBufferedBytes: 64 * 1024, // cursors are skipped, not queued, for somebody this far behind
  people: 200,
  segments: 5_000, // past it the oldest strokes fade from the board
  chatLines: 50,
}

const share = z.number().min(0).max(1) // of the board's width or height
const colour = z.int().min(0).max(7) // an index: light and dark pages have different inks for it

const Stroke = z.object({
  id: z.string().min(1).max(40), // chosen by the sender, who recognises the echo by it
  colour,
  width: z.int().min(1).max(3),
  points: z
    .array(share) // x, y, x, y, …: a line through at least two points
    .min(4)
    .max(512)
    .refine((points) => points.length % 2 === 0),
})

const ClientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stroke'), stroke: Stroke }),
  z.object({ type: z.literal('clear') }),
  z.object({ type: z.literal('chat'), text: z.string().trim().min(1).max(500) }),
  z.object({ type: z.literal('cursor'), at: z.tuple([share, share]).nullable() }), // null: left the board
  z.object({ type: z.literal('rename'), name: z.string().trim().min(1).max(24) }),
  z.object({ type: z.literal('ping'), at: z.number() }),
])

export type Stroke = z.infer<typeof Stroke>
export type ClientMessage = z.infer<typeof ClientMessage>
export type Person = { id: number; name: string; colour: number }
export type ChatLine = { name: string; colour: number; text: string; at: number } // at: ms since 1970

export type ServerMessage =
  | {
      type: 'welcome'
      you: number
      people: Person[]
      strokes: Stroke[]
      chat: ChatLine[]
      maxSegments: number
    }
  | { type: 'person'; person: Person } // joined, or has a new name
  | { type: 'left'; id: number }
  | { type: 'stroke'; stroke: Stroke }
  | { type: 'clear'; by: string }
  | { type: 'chat'; line: ChatLine }
  | { type: 'cursor'; id: number; at: [number, number] | null }
  | { type: 'pong'; at: number }

/** The message in `text`, or undefined when it is not one. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // the caller closes the connection: bad JSON and a bad shape are one refusal
  }
  return ClientMessage.safeParse(value).data
}
