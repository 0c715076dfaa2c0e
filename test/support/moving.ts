/**
 * A session without sockets, whose servers come and go when a test says so: what each of them and the client
 * got is to be seen, by a clock that stands still.
 */
import type { GatewayEvent, SessionEnd } from '../../src/core/events.ts'
import type { Redialler } from '../../src/proxy/failover/redialler.ts'
import { ExtensionOffer, framingOf, renewalOf } from '../../src/proxy/framing.ts'
import { planOf } from '../../src/proxy/plan.ts'
import { Session } from '../../src/proxy/session.ts'
import { Compression } from '../../src/wire/compression.ts'
import { factsOf, sessionFacts } from './facts.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeStream } from './fake-stream.ts'
import { closeFrame, frame, someKey } from './frames.ts'
import { heardIn } from './heard.ts'
import { loadConfig } from './load-config.ts'
import { quietHost } from './pool-host.ts'
import { accepted, readResponse } from './reading.ts'

export interface MovingOptions {
  /** As in YAML. */
  readonly failover?: string
  /** More keys of the route, in flow style. */
  readonly route?: string
}

/** The plan of a route to two endpoints that are never dialled. */
export function movingPlan({ failover = 'transparent', route = '' }: MovingOptions) {
  const yaml = `
listeners: ["127.0.0.1:0"]
upstreams:
  chat: { endpoints: [ws://127.0.0.1:1, ws://127.0.0.1:2], balancer: first, failover: ${failover} }
routes:
  - { upstream: chat, ${route} }
`
  const loaded = loadConfig(yaml, { file: 'test.yaml', env: {}, readFile: () => '' })
  if (!loaded.ok) throw new Error(`the configuration is not one: ${Bun.inspect(loaded.problems)}`)
  const clock = new FakeClock()
  const plan = planOf(loaded.config, { ...quietHost, clock })
  const [planned] = plan.all
  const [pool] = plan.pools.values()
  if (planned === undefined || pool === undefined) throw new Error('there is no route')
  return { clock, route: planned, pool }
}

export function openMoving(options: MovingOptions = {}) {
  const { clock, route, pool } = movingPlan(options)
  const facts = factsOf()
  const [endpoint, other] = pool.endpoints
  if (endpoint === undefined || other === undefined) throw new Error('there is no endpoint')
  endpoint.enter(true)
  const compression = new Compression(1e7)
  const offer = new ExtensionOffer(facts, route, compression, true)
  const answer = accepted(readResponse('HTTP/1.1 101 Switching Protocols'))
  const client = new FakeStream()
  const upstream = new FakeStream()
  const ends: SessionEnd[] = []
  const events: GatewayEvent[] = []
  /** Those that took the session over. */
  const next: FakeStream[] = []
  /** Searches for a server under way. */
  const searches = new Set<() => void>()
  let dials = 0
  const redialler: Redialler = {
    redial: ({ search }) =>
      new Promise((resolve, reject) => {
        search.throwIfOver()
        dials++
        const find = () => {
          search.onOver = undefined
          other.enter(true)
          const stream = new FakeStream()
          next.push(stream)
          resolve({
            endpoint: other,
            connection: { stream, hasEnded: false, takeOver: () => undefined },
            renewal: renewalOf(
              { before: undefined, now: undefined },
              { route, compression, offer },
            ),
          })
        }
        searches.add(find)
        search.onOver = (reason) => {
          searches.delete(find)
          reject(reason)
        }
      }),
    placeNow: () => undefined,
  }
  /** The server that is looked for is there. @returns its stream, or undefined if none is looked for. */
  const serve = async (): Promise<FakeStream | undefined> => {
    const [find] = searches
    if (find === undefined) return undefined
    searches.delete(find)
    find()
    await turn()
    return next.at(-1)
  }
  const session = new Session({
    id: 's',
    route,
    pool,
    endpoint,
    facts: sessionFacts,
    client,
    upstream,
    directions: framingOf(facts, answer, { route, compression, offer }),
    redialler,
    host: {
      clock,
      emit: (event: GatewayEvent) => void events.push(event),
      onClose: (_, end) => void ends.push(end),
    },
  })
  session.begin(undefined, false)
  return {
    session,
    client,
    upstream,
    clock,
    ends,
    events,
    next,
    get dials() {
      return dials
    },
    serve,
  }
}

/** What was promised, and what was put off to another turn of the loop, happens. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 5; count++)
    await new Promise<void>((resolve) => void setImmediate(resolve))
}

export const fromClient = (opcode: number, payload = ''): string =>
  frame({ opcode, payload, key: someKey }).toString('latin1')
export const fromServer = (opcode: number, payload = ''): string =>
  frame({ opcode, payload }).toString('latin1')
export const closeOfClient = (code: number): string =>
  closeFrame(code, '', someKey).toString('latin1')
export const closeOfServer = (code: number): string => closeFrame(code).toString('latin1')

/** Opcodes and payloads, a Close by its code; of something long its length. */
export function heardBy({ written }: FakeStream): string[] {
  return heardIn(Buffer.from(written, 'latin1')).map(({ opcode, payload, isWhole }) => {
    if (opcode === 8) return `close ${payload.readUInt16BE(0)}`
    const text = payload.length > 100 ? `of ${payload.length} B` : payload.toString()
    return `${opcode} ${text}${isWhole ? '' : ' …'}`
  })
}
