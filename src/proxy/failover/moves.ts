/**
 * What lets a session go on at other servers: finds them, leaves the one it is at, in order or because it is
 * lost, and joins the next.
 *
 * Invariant: the session counts at one endpoint at a time, and at none while it has no server.
 */
import type { StreamClose } from '../../core/byte-stream.ts'
import { CloseCode } from '../../core/close-codes.ts'
import { GatewayError } from '../../core/errors.ts'
import type { MoveCause, Traffic } from '../../core/events.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'
import { encodeClose, encodeFrame } from '../../wire/frame-encoder.ts'
import { Opcode } from '../../wire/opcode.ts'
import { Handover } from './handover.ts'
import { Switchover } from './switchover.ts'
import { endOfMove } from '../session-end.ts'
import { cut, leaveInOrder } from './farewell.ts'
import type { MovingSession } from './moving-session.ts'
import { Patience } from './patience.ts'
import { RedialRefusal, discard, type NextServer, type Redialler } from './redialler.ts'
import type { Side } from '../side.ts'
import type { Succession } from './succession.ts'

export interface MoveParts {
  readonly session: MovingSession
  readonly client: Side
  readonly upstream: Side
  /** Of the upstream side. */
  readonly succession: Succession
  readonly redialler: Redialler
}

/** A move under way, as it is told when it is done. */
interface MoveFacts {
  readonly cause: MoveCause
  /** A clause. */
  readonly detail: string | undefined
  /** By the clock: since when nothing could be sent to a server. */
  readonly sinceMs: number
}

export class Moves {
  /** How often it has moved. */
  count = 0
  /** What the servers before this one have sent. */
  outboundBefore: Traffic | undefined
  readonly #parts: MoveParts
  readonly #patience = new Patience()
  #underWay: Handover | Switchover | undefined
  /** Told how a handover has ended. */
  #onMoved: ((hasMoved: boolean) => void) | undefined

  constructor(parts: MoveParts) {
    this.#parts = parts
  }

  /** There is no server at the moment. */
  get isBetween(): boolean {
    return this.#parts.succession.isBetween
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined
  }

  /** The server is left already, or told to go: what the client says now is for the next one. */
  get isCommitted(): boolean {
    return this.#underWay?.isCommitted === true
  }

  /** In order. @returns whether it has moved. */
  depart(cause: MoveCause, to: Endpoint | undefined): Promise<boolean> {
    const { session, upstream, redialler } = this.#parts
    const { pool, route, host } = session
    const handover = new Handover({
      clock: host.clock,
      redialler,
      redial: { session, to, moves: this.count + 1 },
      upstream,
      settleMs: pool.options.drain.settleMs,
      closeMs: route.config.timeout.closeMs,
      onLeft: (next) => this.#lose(cause, undefined, next),
      onFailure: (detail) => this.#stay(cause, detail),
    })
    this.#underWay = handover
    const moved = new Promise<boolean>((resolve) => (this.#onMoved = resolve))
    void handover.start()
    return moved
  }

  /** The server's stream is over. @returns whether the session goes on without. */
  lost(reason: StreamClose): boolean {
    const { session } = this.#parts
    if (this.isBetween) return false
    if (this.#underWay instanceof Handover && this.#underWay.isCommitted) {
      this.#underWay.left()
      return true
    }
    if (session.isEnding || !session.pool.options.failover.on.lost) return false
    return this.#lose('lost', reason)
  }

  /** The server has sent a Close. @returns whether the session goes on without it. */
  stopped(code: number): boolean {
    const { session } = this.#parts
    const { leavingCodes } = session.pool
    if (this.isBetween) return leavingCodes.has(code)
    if (this.#underWay instanceof Handover && this.#underWay.isCommitted) {
      this.#underWay.left()
      return true
    }
    if (session.isEnding || !leavingCodes.has(code)) return false
    return this.#lose('closed', String(code))
  }

  /** The server is given up. */
  giveUp(cause: MoveCause, detail: string | undefined): boolean {
    const { session } = this.#parts
    if (this.isBetween || session.isEnding) return false
    if (cause === 'silent' && !session.pool.options.failover.on.lost) return false
    return this.#lose(cause, detail)
  }

  /** The ping behind everything that has passed is answered. */
  answered(): void {
    if (this.#underWay instanceof Handover) this.#underWay.answered()
  }

  /** What the last server has sent may have passed by now. */
  flushed(): void {
    if (this.#underWay instanceof Switchover) this.#underWay.flushed()
  }

  /** The session ends. @param isWord whether by the client's Close, which is for the next server where the last is left. */
  ending(isWord: boolean): void {
    const { succession } = this.#parts
    if (isWord && this.isCommitted) return
    this.release()
    if (!this.isBetween) {
      if (!succession.isDismissed) succession.reopen()
      this.#parts.client.goOn()
    }
  }

  /** The session is over, or goes on where it is. */
  release(): void {
    this.#underWay?.cancel()
    this.#underWay = undefined
    this.#settled(false)
  }

  #settled(hasMoved: boolean): void {
    const onDeparted = this.#onMoved
    this.#onMoved = undefined
    onDeparted?.(hasMoved)
  }

  #stay(cause: MoveCause, detail: string): void {
    const { session, succession } = this.#parts
    const { id, route, pool, endpoint } = session
    this.#underWay = undefined
    succession.reopen()
    this.#parts.client.goOn()
    session.host.emit({
      type: 'move-failed',
      session: id,
      route: route.config.name,
      upstream: pool.name,
      endpoint: endpoint.url,
      cause,
      detail,
    })
    this.#settled(false)
  }

  /** @param found where the next server was found before. @returns true: the session goes on, or is closed with a word. */
  #lose(cause: MoveCause, detail: string | undefined, found?: NextServer): boolean {
    const { session, upstream, succession } = this.#parts
    const { pool } = session
    const { clock } = session.host
    const handover = this.#underWay instanceof Handover ? this.#underWay : undefined
    const sinceMs = handover?.shutAtMs ?? clock.now()
    const next = found ?? handover?.takeNext()
    this.#letGo(cause, detail)
    if (found === undefined) this.#patience.lost(clock.now())
    const { isHasty, isOver } = this.#patience
    session.leaveEndpoint(endOfMove(isHasty && cause === 'closed' ? 'lost' : cause, detail))
    if (isOver) {
      if (next !== undefined) discard(next)
      this.#underWay = undefined
      session.close('NO_ENDPOINT', {}, 'one server after the other has left it')
      return true
    }
    // What is delayed of the server's may still complete a message, or begin one.
    if (upstream.isFlushed && succession.isCaught) {
      if (next !== undefined) discard(next)
      this.#closeCaught()
      return true
    }
    const move = { cause, detail, sinceMs }
    const { waitMs } = pool.options.failover
    const switchover = new Switchover({
      clock,
      waitMs,
      redialler: this.#parts.redialler,
      redial: { session, moves: this.count + 1 },
      pauseMs: Math.min(this.#patience.pauseMs, waitMs / 2),
      next,
      isFlushed: () => upstream.isFlushed,
      onNext: (found) => this.#join(found, move),
      onFailure: (error) => this.#fail(error),
    })
    this.#underWay = switchover
    switchover.start()
    return true
  }

  #letGo(cause: MoveCause, detail: string | undefined): void {
    const { session, client, upstream, succession } = this.#parts
    const { host, route } = session
    // Inside a frame of the client's there is no place for a Close.
    const mayAnswer = upstream.direction.isStopped && (client.isAtBoundary || succession.isShut)
    const stream = succession.lose()
    // What it has not taken goes to the next server, and must not reach this one as well.
    if (!mayAnswer || stream.bufferedBytes > 0) return cut(stream)
    if (cause === 'closed') stream.write(encodeClose(Number(detail), '', { isMasked: true }))
    leaveInOrder(stream, host.clock, route.config.timeout.closeMs)
  }

  #join(next: NextServer, move: MoveFacts): void {
    const { session, client, upstream, succession } = this.#parts
    const { pool, route, id, host } = session
    if (succession.isCaught) {
      discard(next)
      return this.#closeCaught()
    }
    const from = session.endpoint.url
    const {
      begunMessages: resentMessages,
      unansweredMessages,
      heldBytes: droppedBytes,
    } = succession
    this.#underWay = undefined
    this.count++
    this.#patience.joined(host.clock.now())
    this.outboundBefore = session.outbound
    session.joined(next.endpoint)
    succession.replace(next.connection.stream, next.renewal.renew(upstream.direction))
    if (!session.isEnding) upstream.direction.withheldCodes = pool.leavingCodes
    const { mode, message } = pool.options.failover
    if (mode === 'notify' && !session.isEnding)
      client.stream.write(encodeFrame(Opcode.text, Buffer.from(message), { isMasked: false }))
    const { cause, detail, sinceMs } = move
    session.host.emit({
      type: 'session-moved',
      session: id,
      route: route.config.name,
      upstream: pool.name,
      from,
      to: next.endpoint.url,
      moves: this.count,
      gapMs: host.clock.now() - sinceMs,
      cause,
      detail,
      resentMessages,
      unansweredMessages,
      droppedBytes,
    })
    this.#settled(true)
    upstream.begin(next.connection.takeOver(), false)
  }

  #closeCaught(): void {
    this.#underWay = undefined
    this.#parts.session.close('CAUGHT_IN_MESSAGE')
  }

  #fail(error: unknown): void {
    const { session } = this.#parts
    this.#underWay = undefined
    this.#settled(false)
    if (error instanceof RedialRefusal)
      return session.close(
        'REDIAL_REFUSED',
        { code: CloseCode.refused + error.status },
        error.message,
      )
    if (error instanceof GatewayError)
      return session.close(error.code, {}, error.hasDetail ? error.message : undefined)
    session.host.emit({ type: 'mistake', error })
    session.close('INTERNAL')
  }
}
