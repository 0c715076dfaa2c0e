/**
 * What must hold of every stay at the gateway, whatever befell it. See README.md for each of them in words.
 */
import { CloseCode } from '../../src/core/close-codes.ts'
import type { Sessions } from '../../src/proxy/sessions.ts'
import type { Compression } from '../../src/wire/compression.ts'
import { mostChunkBytes } from './network.ts'
import { nameOf, type Label } from './message.ts'
import type { Incident, Schedule } from './schedule.ts'
import type { Departed, Stay } from './stay.ts'
import type { World } from './world.ts'

export interface Case {
  readonly world: World
  readonly stays: readonly Stay[]
  readonly sessions: Sessions
  readonly compression: Compression
}

export function judge(judged: Case): void {
  for (const stay of judged.stays) judgeStay(stay, judged.world)
  judgeRemains(judged)
}

function judgeStay(stay: Stay, world: World): void {
  judgeInbound(stay, world)
  judgeCounts(stay, world)
  judgeMemory(stay, world)
  judgeOutbound(stay, world)
  judgeDepartures(stay, world)
  judgeEnd(stay, world)
}

/** Each message of the client's is given to one server, whole, and in order. */
function judgeInbound(stay: Stay, world: World): void {
  const handed = stay.links.flatMap((link) => link.handed)
  const gap = handed.findIndex((number, index) => number !== index + 1)
  if (gap >= 0)
    world.violate(
      `client ${stay.number}: servers got ${handed.slice(Math.max(0, gap - 2), gap + 3).join()} where ${gap + 1} was due`,
    )
  if (handed.length > stay.read.length)
    world.violate(`client ${stay.number}: servers got more than the gateway has read`)
  // Whoever left in order has had everything delivered.
  const hasStayed = stay.client?.departure === 'close' && stay.hasBeenAnswered
  if (hasStayed && handed.length < stay.read.length)
    world.violate(
      `client ${stay.number}: ${stay.read.length - handed.length} messages were kept for ever`,
    )
  for (const link of world.links)
    if (!link.isJoined && link.handed.length > 0)
      world.violate(`link ${link.options.number} was given messages, and never joined`)
}

/** What is told of a move is what happened. */
function judgeCounts(stay: Stay, world: World): void {
  for (const [index, { link, event }] of stay.departures.entries()) {
    const { from, to, moves, gapMs } = event
    if (!isInOrder(event) && gapMs > longestGapMs(world.schedule))
      world.violate(`client ${stay.number}: was without a server for ${gapMs}ms`)
    const next = stay.links[index + 1]
    if (link.url !== from || next?.url !== to || moves !== index + 1)
      world.violate(`client ${stay.number}: move ${moves} is told as from ${from} to ${to}`)
  }
}

/** A client that reads nothing for a while is waited for, and so is a server that is being left in order. */
function longestGapMs({ waitMs, incidents }: Schedule): number {
  const isLeft = incidents.some(({ kind }) => kind === 'drain' || kind === 'rebalance')
  return waitMs + (isLeft ? 8_000 : 1_000)
}

/** What waits is bounded: what is held and kept, what may wait, and what came in one piece. */
function judgeMemory(stay: Stay, world: World): void {
  const { holdBytes, pendingBytes, framing } = world.schedule
  // Inflated, a few bytes may be many.
  if (framing.kind === 'framed' && framing.client !== undefined) return
  const most = holdBytes + pendingBytes + 2 * mostChunkBytes
  const streams = [stay.near, ...stay.links.map(({ options }) => options.stream)]
  for (const { mostBufferedBytes } of streams)
    if (mostBufferedBytes > most)
      world.violate(
        `client ${stay.number}: ${mostBufferedBytes} bytes waited, and not at most ${most}`,
      )
}

/** What the gateway has got whole of the servers a session was at, the client has got, whole and in order. */
function judgeOutbound(stay: Stay, world: World): void {
  const { client, links } = stay
  if (client === undefined) return
  const isNotified = world.schedule.mode === 'notify'
  const due = links.flatMap((link, index) => [
    ...(isNotified && stay.departures[index - 1]?.isNotified === true ? ['notice'] : []),
    ...link.heard.map(nameOf),
  ])
  const heard = client.heard.map((each) => (each === 'notice' ? each : nameOf(each)))
  const wrong = heard.findIndex((name, index) => name !== due[index])
  if (wrong >= 0)
    world.violate(
      `client ${stay.number} got ${heard[wrong]} where ${due[wrong]} was due, behind ${heard.slice(Math.max(0, wrong - 2), wrong).join()}`,
    )
  else if (heard.length < stay.dueAtProbe)
    world.violate(
      `client ${stay.number} never got ${due.slice(heard.length, stay.dueAtProbe).join()}`,
    )
}

/** A server that was left in order had been heard to its end. */
function judgeDepartures(stay: Stay, world: World): void {
  for (const { link, event } of stay.departures) {
    const { connection, heard } = link
    if (!isInOrder(event) || connection.fate !== 'left' || connection.toldCode !== 1001) continue
    if (connection.hasBeenCut) continue
    if (!isSame(heard, connection.said))
      world.violate(
        `client ${stay.number}: of ${connection.said.length} messages said, link ${link.options.number} was heard ${heard.length}`,
      )
    const { thinkMs, slowness } = connection.server.options
    const isQuick = thinkMs <= 20 && slowness <= 5 && world.schedule.settleMs === 250
    if (isQuick && stay.plan.pauses.length === 0 && connection.unanswered > 0)
      world.violate(
        `link ${link.options.number} was dismissed with ${connection.unanswered} unanswered`,
      )
  }
}

function isInOrder({ cause }: Departed['event']): boolean {
  return cause === 'draining' || cause === 'rebalance'
}

/** Nobody is sent away but for a reason. */
function judgeEnd(stay: Stay, world: World): void {
  const { client } = stay
  if (client === undefined || client.departure !== undefined) return
  const { mode, holdBytes, waitMs, on, pendingBytes } = world.schedule
  const { closed } = client
  // Who goes on sending to nobody is cut off, and may never read why.
  const isCutOff = closed === 'reset' && stay.readBytes > pendingBytes
  const code = client.closeCode ?? (isCutOff ? endCodeOf(stay, world) : undefined)
  const say = (why: string) =>
    world.violate(`client ${stay.number} was closed with ${code} (${client.closeReason}): ${why}`)
  const wasLost = stay.links.some(({ connection }) => connection.fate !== undefined)
  const own = stay.links.at(-1)?.connection.ownCode
  const isPassed = mode === 'off' || !on.codes.includes(own ?? 0)
  if (code === undefined) {
    if (closed !== undefined && !(mayEndSilently(stay, world) && wasLost))
      world.violate(`client ${stay.number}: its connection ended without a Close: ${closed}`)
    return
  }
  if (code === own && isPassed) return
  switch (code) {
    case 1012:
      if (mode === 'close') return wasLost ? undefined : say('no server was lost')
      return isCaught(stay, world) ? undefined : say(`no message was longer than ${holdBytes}`)
    case 1013:
      return judgeWait(stay, world, waitMs, say)
    case 4_403:
      return world.hasRefused ? undefined : say('nobody has refused it')
    default:
      return say('nobody has said so')
  }
}

/** The Close that the session ended with, as it is told, if it was one. */
function endCodeOf({ session }: Stay, { events }: World): number | undefined {
  for (const event of events)
    if (event.type === 'session-closed' && event.session === session?.id)
      return event.end.code === CloseCode.abnormal ? undefined : event.end.code
  return undefined
}

/** Where nothing speaks for the server that was lost. */
function mayEndSilently({ links }: Stay, { schedule: { mode, on } }: World): boolean {
  if (mode === 'off' || !on.lost) return true
  // It broke off inside a frame, and so did what the client got.
  return mode === 'close' && (links.at(-1)?.unfinishedBytes ?? 0) > 0
}

function isCaught(stay: Stay, { schedule: { holdBytes, framing } }: World): boolean {
  // What the gateway compresses, or not, is of another length on either side.
  const least = framing.kind === 'framed' && framing.client !== undefined ? 0 : holdBytes
  const outbound = stay.links.at(-1)?.unfinishedBytes ?? 0
  const handed = stay.links.reduce((sum, link) => sum + link.handed.length, 0)
  // Where a long message has ended in what was passed at once nobody knows, so what came with its end is not kept.
  const waiting = stay.read.slice(Math.max(0, handed - 1)).map(({ wireBytes }) => wireBytes)
  return Math.max(outbound, stay.unfinishedBytes, ...waiting) > least
}

function judgeWait(stay: Stay, world: World, waitMs: number, say: (why: string) => void): void {
  const { closedAtMs = 0 } = stay
  // One that is asked and says nothing has two seconds before another is.
  const { incidents, traps, servers } = world.schedule
  const hang = new Set<Incident['kind']>(['freeze', 'mood', 'death'])
  const mayHang = traps > 0 || incidents.some(({ kind }) => hang.has(kind))
  if (mayHang && waitMs <= 2_000 * servers.length) return
  const lostAtMs = closedAtMs - waitMs
  const well = world.servers.find(
    ({ wellSinceMs }) => wellSinceMs !== undefined && wellSinceMs <= lostAtMs,
  )
  if (well !== undefined) say(`${well.url} was well since ${well.wellSinceMs}ms`)
}

function judgeRemains({ world, stays, sessions, compression }: Case): void {
  for (const name of world.network.open.values()) world.violate(`${name} is still open`)
  if (sessions.size > 0) world.violate(`${sessions.size} sessions are not over`)
  if (world.pendingCalls > 0)
    world.violate(`${world.pendingCalls} timers of the gateway are still running`)
  for (const { url, sessions: count } of world.pool.endpoints)
    if (count !== 0) world.violate(`${url} counts ${count} sessions`)
  if (compression.usedBytes !== 0)
    world.violate(`${compression.usedBytes} bytes of compression are not given back`)
  for (const mistake of world.mistakes) world.violate(`a mistake: ${Bun.inspect(mistake)}`)
  for (const { number, session } of stays) {
    const closes = world.events.filter(
      (event) => event.type === 'session-closed' && event.session === session?.id,
    )
    if (session !== undefined && closes.length !== 1)
      world.violate(`the session of client ${number} was closed ${closes.length} times`)
  }
}

function isSame(one: readonly Label[], other: readonly Label[]): boolean {
  return (
    one.length === other.length &&
    one.every((each, index) => nameOf(each) === nameOf(other[index] ?? each))
  )
}
