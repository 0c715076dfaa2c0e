/**
 * One client's stay: its connection and the upstream connection it is joined to, from the 101 until both are
 * closed. What happens to one side happens to the other, unless the session can go on at another server.
 *
 * Both streams belong to the session, and every way to its end has a deadline.
 */
import type { StreamClose } from '../core/byte-stream.ts'
import { CloseCode } from '../core/close-codes.ts'
import { errorRow, type ErrorCode } from '../core/errors.ts'
import type { MoveCause, SessionEnd, SessionFacts, Traffic } from '../core/events.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Pool } from '../upstream/pool.ts'
import { noCodes } from '../wire/close-frame.ts'
import { Ending, isOwnFault, type Fault } from './ending.ts'
import { answerTo, endWithout, type CloseWords } from './session-end.ts'
import type { Movable } from './mover/movable.ts'
import { Moves } from './failover/moves.ts'
import type { MovingSession } from './failover/moving-session.ts'
import type { Redialler } from './failover/redialler.ts'
import type { Route } from './route.ts'
import type { Side } from './side.ts'
import type { SideEvents } from './side-parts.ts'
import type { SessionHost, SessionParts } from './session-parts.ts'
import { followRoute, joinSides } from './sides.ts'
import { watch, watchOn, type Watch, type WatchOptions } from './watch.ts'

export interface SessionOptions extends SessionParts {
  readonly host: SessionHost<Session>
}

export class Session implements SideEvents<Side>, Movable, MovingSession {
  readonly id: string
  readonly route: Route
  readonly pool: Pool
  /** Its place in the order in which sessions were opened; set by `Sessions`. */
  sequence = 0
  readonly openedAtMs: number
  readonly host: SessionHost<Session>
  /** Where it is, or was before it lost its server. */
  endpoint: Endpoint
  facts: SessionFacts
  readonly #client: Side
  readonly #upstream: Side
  readonly #redialler: Redialler | undefined
  /** Made when it is first needed: most sessions never move. */
  #moved: Moves | undefined
  #hasLeftEndpoint = false
  #ending: Ending | undefined
  #watch: Watch | undefined

  constructor(options: SessionOptions) {
    const { route, pool, host, redialler, directions } = options
    const { clock } = host
    this.id = options.id
    this.route = route
    this.pool = pool
    this.endpoint = options.endpoint
    this.facts = options.facts
    this.openedAtMs = clock.now()
    this.host = host
    const mayMove = redialler !== undefined
    const { client, upstream } = joinSides({ ...options, events: this, clock, mayMove })
    this.#client = client
    this.#upstream = upstream
    this.#redialler = redialler
    directions.outbound.withheldCodes = this.#leavingCodes
    this.#watch = watch(this.#watched(0))
  }

  /** Goes by what its route and upstream say now. @param notBeforeMs after which time or silence may end it. */
  follow(notBeforeMs: number): void {
    if (this.isEnding) return
    const [client, upstream] = [this.#client, this.#upstream]
    const { route, pool } = this
    if (this.#moved?.isUnderWay !== true) upstream.direction.withheldCodes = this.#leavingCodes
    followRoute({ client, upstream }, { route, pool, clock: this.host.clock, events: this })
    this.#watch = watchOn(this.#watch, this.#watched(notBeforeMs))
  }

  /** Closes that are not for the client; what it cannot go on without, as it was opened where nobody moves, it hears of. */
  get #leavingCodes(): ReadonlySet<number> {
    return this.pool.mayMove && this.#redialler === undefined ? noCodes : this.pool.leavingCodes
  }

  #watched(notBeforeMs: number): WatchOptions {
    return {
      route: this.route,
      clock: this.host.clock,
      openedAtMs: this.openedAtMs,
      notBeforeMs,
      client: this.#client,
      upstream: this.#upstream,
      onAge: () => this.close('AGE'),
      onIdle: () => this.close('IDLE'),
      onSilent: (each) => this.#giveUp(each),
    }
  }

  get inbound(): Traffic {
    const { messages, bytes } = this.#client.direction
    return { messages, bytes }
  }

  get outbound(): Traffic {
    const { messages, bytes } = this.#upstream.direction
    const before = this.#moved?.outboundBefore
    return { messages: messages + (before?.messages ?? 0), bytes: bytes + (before?.bytes ?? 0) }
  }

  /** Bytes that wait for the upstream. */
  get inboundPendingBytes(): number {
    return this.#client.pendingBytes
  }

  /** Bytes that wait for the client. */
  get outboundPendingBytes(): number {
    return this.#upstream.pendingBytes
  }

  /** @param early what the upstream sent behind its 101. @param hasEnded whether it has ended already. */
  begin(early: Buffer | undefined, hasEnded: boolean): void {
    this.#client.stream.resume()
    this.#upstream.begin(early, hasEnded)
  }

  get isEnding(): boolean {
    return this.#ending !== undefined
  }

  /** Closes both sides with the code and sentence of this error, or with others that fit better. @param detail a clause for the log. */
  close(reason: ErrorCode, words: CloseWords = {}, detail?: string): void {
    const { closeCode = CloseCode.internalError, sentence } = errorRow(reason)
    const { code = closeCode, reason: text = sentence } = words
    const isNews = this.#ending === undefined
    const ending = this.#end({ by: 'gateway', code, reason, detail })
    // One that ends already has no server to answer its client's Close.
    if (!isNews && !this.isBetween) return
    ending.close(isNews ? code : answerTo(ending.end.code), isNews ? text : '')
    if (!this.isBetween) return
    this.#moved?.release()
    this.#upstream.stream.destroy()
  }

  /** Cuts both connections. */
  destroy(): void {
    this.#end(endWithout('gateway', 'destroyed')).destroy()
  }

  // Moving.

  get #moves(): Moves | undefined {
    const [redialler, client, upstream] = [this.#redialler, this.#client, this.#upstream]
    const { succession } = upstream
    if (redialler === undefined || succession === undefined) return undefined
    // Its upstream has been told otherwise since.
    if (!this.pool.mayMove && this.#moved?.isUnderWay !== true) return undefined
    this.#moved ??= new Moves({ session: this, client, upstream, succession, redialler })
    return this.#moved
  }

  /** How often it has moved. */
  get moves(): number {
    return this.#moved?.count ?? 0
  }

  /** It has no server at the moment. */
  get isBetween(): boolean {
    return this.#moved?.isBetween === true
  }

  get heardAtMs(): number {
    return this.#upstream.lastReadMs
  }

  get isMovable(): boolean {
    return this.#redialler !== undefined && this.#moved?.isUnderWay !== true && !this.isEnding
  }

  async move(cause: MoveCause, to?: Endpoint): Promise<boolean> {
    return this.isMovable && (await this.#moves?.depart(cause, to)) === true
  }

  failOver(cause: MoveCause, detail: string): void {
    this.#moves?.giveUp(cause, detail)
  }

  placeNow(): Endpoint | undefined {
    return this.#redialler?.placeNow(this)
  }

  /** It goes on at this endpoint, which counts it. */
  joined(endpoint: Endpoint): void {
    this.endpoint = endpoint
    this.facts = { ...this.facts, endpoint: endpoint.url }
    this.#hasLeftEndpoint = false
  }

  leaveEndpoint(end: SessionEnd): void {
    if (this.#hasLeftEndpoint) return
    this.#hasLeftEndpoint = true
    this.endpoint.sessionEnded(end)
  }

  // What the sides say.

  sideOnStop(side: Side): void {
    const { violation, closeCode: code = CloseCode.noStatus } = side.direction
    if (violation !== undefined) {
      const { closeCode } = errorRow(violation.code)
      const { code: reason, detail } = violation
      return this.#closeFaulty(side, { code: closeCode, reason, detail })
    }
    if (side === this.#upstream && this.#goesOnWithout(code)) return
    this.#end({ by: side.name, code, reason: 'closed', detail: undefined }).stopped(side)
    // Without anything to say before it, the client's Close need not wait for a server.
    if (this.isBetween && this.#upstream.succession?.begunMessages === 0) this.close('SERVER_LOST')
  }

  /** Its Close says why; to its peer it has simply left. */
  sideOnExcess(side: Side, detail: string): void {
    const { closeCode } = errorRow('RATE_EXCEEDED')
    this.#closeFaulty(side, { code: closeCode, reason: 'RATE_EXCEEDED', detail })
  }

  sideOnLoss(_: Side, reason: StreamClose): boolean {
    const moves = this.isEnding ? this.#moved : this.#moves
    return moves?.lost(reason) === true
  }

  sideOnAnswer(): void {
    this.#moved?.answered()
  }

  sideOnFlushed(): void {
    this.#moved?.flushed()
  }

  sideOnEnd(side: Side): void {
    this.#tellOfLoss(side, 'ended')
    this.#end(endWithout(side.name, 'ended')).ended(side)
  }

  sideOnClose(side: Side, reason: StreamClose): void {
    this.#tellOfLoss(side, reason)
    const ending = this.#end(endWithout(side.name, reason))
    if (!ending.closed(side)) return
    this.#moved?.release()
    this.#client.direction.release()
    this.#upstream.direction.release()
    this.leaveEndpoint(ending.end)
    this.host.onClose(this, ending.end)
  }

  // Ending.

  #end(end: SessionEnd): Ending {
    if (this.#ending !== undefined) return this.#ending
    const { clock } = this.host
    const { closeMs, sendMs } = this.route.config.timeout
    const sides = { client: this.#client, upstream: this.#upstream }
    this.#ending = new Ending(end, { ...sides, clock, closeMs, sendMs })
    this.#watch?.stop()
    const { direction, succession } = this.#upstream
    // One that was withheld before stays so, and the answer to the gateway's own is nobody's.
    const isAnswer = succession?.isDismissed === true
    if (!direction.isStopped && !isAnswer) direction.withheldCodes = noCodes
    this.#moved?.ending(end.by === 'client' && end.reason === 'closed')
    return this.#ending
  }

  #closeFaulty(side: Side, fault: Fault): void {
    const { code = CloseCode.protocolError, reason, detail } = fault
    const by = isOwnFault(reason) ? 'gateway' : side.name
    this.#end({ by, code, reason, detail }).closeFaulty(side, fault)
  }

  /** The server has sent a Close with this code. */
  #goesOnWithout(code: number): boolean {
    if (this.#moves !== undefined) return this.#moves.stopped(code)
    const { mode } = this.pool.options.failover
    if (this.isEnding || mode !== 'close' || !this.pool.leavingCodes.has(code)) return false
    this.close('SERVER_LOST', {}, String(code))
    return true
  }

  /** With `failover: close` the client hears that its server is gone, and may come back. */
  #tellOfLoss(side: Side, reason: StreamClose | 'SILENT'): void {
    const { mode, on } = this.pool.options.failover
    const isLoss = side === this.#upstream && !this.isEnding && mode === 'close' && on.lost
    if (isLoss) this.close('SERVER_LOST', {}, reason)
  }

  /** The side is gone without a word, so nothing can be said to it. */
  #giveUp(side: Side): void {
    if (side === this.#upstream && this.#moves?.giveUp('silent', undefined) === true) return
    this.#tellOfLoss(side, 'SILENT')
    this.#end(endWithout(side.name, 'SILENT'))
    side.stream.destroy()
  }
}
