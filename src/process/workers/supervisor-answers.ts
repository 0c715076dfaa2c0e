/**
 * What the admin port answers about several processes, as one gateway.
 *
 * Invariant: an answer comes within a deadline, and names the workers that have not answered.
 */
import { badQuery, json, problem, text } from '../../admin/answer.ts'
import type { Answer as PathAnswer, Ask, PathAnswers } from '../../admin/paths.ts'
import { readiness } from '../../admin/resources.ts'
import { readSessionQuery } from '../../admin/session-query.ts'
import type { GatewayState } from '../../gateway.ts'
import type { SessionInfo } from '../../proxy/session-info.ts'
import type { SessionPage } from '../../proxy/session-list.ts'
import type { EndpointInfo, UpstreamInfo } from '../../proxy/upstream-info.ts'
import { expositionType } from '../../telemetry/exposition.ts'
import { version } from '../../telemetry/version.ts'
import type { AdminChanges } from './admin-changes.ts'
import { nameWorkers, silence, type Answered } from './merge/answered.ts'
import { mergeSessionPages, readCursor } from './merge/sessions.ts'
import { mergeStatus } from './merge/status.ts'
import { mergeEndpoint, mergeUpstream, mergeUpstreamLists } from './merge/upstreams.ts'
import type { AdminReply, AdminRequest } from './messages.ts'
import type { Poll, Workers } from './workers.ts'

export interface SupervisedSubject {
  readonly workers: Workers
  readonly changes: AdminChanges
  readonly state: () => GatewayState
}

/** A worker waits for a move for five seconds. */
const moveDeadlineMs = 7_000

export function answersOf(subject: SupervisedSubject): PathAnswers {
  const { workers, state } = subject
  const upstream = { GET: asked<UpstreamInfo>(subject, mergeUpstream) }
  const endpoint = changed<EndpointInfo>(subject, mergeEndpoint)
  const split = changed<object>(subject, ([first]) => first.value)
  return {
    '/healthz': { GET: () => json({ state: state() }) },
    '/readyz': { GET: () => supervisorReadiness(subject) },
    '/metrics': {
      async GET() {
        await workers.look()
        return text(workers.metrics, expositionType)
      },
    },
    '/status': { GET: () => showStatus(subject) },
    '/sessions': { GET: ({ query }) => listSessions(subject, query) },
    '/sessions/:id': {
      GET: (ask) => askOwner<SessionInfo>(workers, ask),
      DELETE: (ask) => askOwner<object>(workers, ask),
    },
    '/sessions/:id/move': { POST: (ask) => askOwner<object>(workers, ask, moveDeadlineMs) },
    '/upstreams': {
      GET: asked<{ upstreams: UpstreamInfo[] }>(subject, (all) => ({
        upstreams: mergeUpstreamLists(
          all.map(({ worker, value }) => ({ worker, value: value.upstreams })),
        ),
      })),
    },
    '/upstreams/:name': upstream,
    '/upstreams/:name/endpoints': {
      GET: asked<EndpointInfo>(subject, mergeEndpoint),
      POST: endpoint,
      PATCH: endpoint,
      DELETE: endpoint,
    },
    '/routes/:name/split': { GET: asked<object>(subject, ([first]) => first.value), PATCH: split },
  }
}

function supervisorReadiness({ workers, state }: SupervisedSubject): Response {
  if (state() !== 'ready' || workers.isServing) return readiness({ state: state() })
  return problem({ status: 503, title: 'No worker serves at this moment' })
}

async function showStatus({ workers, state }: SupervisedSubject): Promise<Response> {
  await workers.look()
  const own = {
    version,
    bun: Bun.version,
    pid: process.pid,
    state: state(),
    uptimeMs: Math.round(performance.now()),
  }
  const seen = workers.all.flatMap(({ report }) => report?.status ?? [])
  return json(mergeStatus(own, seen, workers.statuses))
}

async function listSessions(
  { workers }: SupervisedSubject,
  query: URLSearchParams,
): Promise<Response> {
  const after = query.getAll('after').join()
  const cursor = after === '' ? new Map<number, number>() : readCursor(after)
  if (cursor === undefined) return badQuery('after is the "next" of the page before')
  const rest = new URLSearchParams(query)
  rest.delete('after')
  const read = readSessionQuery(rest)
  if (typeof read === 'string') return badQuery(read)
  const pids = new Map(workers.all.map(({ number, pid }) => [number, pid]))
  const living = new Map([...cursor].filter(([pid]) => [...pids.values()].includes(pid)))
  const poll = await workers.askEach('admin', ({ pid }) => {
    rest.set('after', String(living.get(pid ?? 0) ?? 0))
    return { method: 'GET', target: `/sessions?${rest.toString()}` }
  })
  const pages = poll.answered.map(({ worker, value }) => ({
    worker,
    pid: pids.get(worker) ?? 0,
    page: JSON.parse(value.body) as SessionPage,
  }))
  return json({ ...mergeSessionPages(pages, living, read.limit), ...silence(mute(poll)) })
}

/** Asks for a session: who has it answers. */
async function askOwner<Value extends object>(
  workers: Workers,
  { request, target }: Ask,
  deadlineMs?: number,
): Promise<Response> {
  const options = deadlineMs === undefined ? {} : { deadlineMs }
  const found = await workers.askFirst(
    { method: methodOf(request), target },
    ({ status }) => status !== 404,
    options,
  )
  if (found.first === undefined) return noneOf(found.poll)
  const { worker, value } = found.first
  if (value.status >= 400) return refusal(value)
  return json({ ...(JSON.parse(value.body) as Value), worker }, value.status)
}

type Some<Value> = readonly [Answered<Value>, ...Answered<Value>[]]
type Merge<Value> = (all: Some<Value>) => object

/** Asks all. */
function asked<Value>({ workers }: SupervisedSubject, merge: Merge<Value>): PathAnswer {
  return async ({ request, target }) => {
    const poll = await workers.ask('admin', { method: methodOf(request), target })
    return combine(poll, merge)
  }
}

/** Has all of them change something, and those that are started later. */
function changed<Value>({ workers, changes }: SupervisedSubject, merge: Merge<Value>): PathAnswer {
  return async ({ request, target }) => {
    const change: AdminRequest = { method: request.method, target }
    const poll = await workers.ask('admin', change, { isOrder: true })
    if (poll.answered.some(({ value }) => isDone(value))) changes.add(change)
    return combine(poll, merge)
  }
}

/** What those say who have done it; where none has, why not. */
function combine<Value>(poll: Poll<AdminReply>, merge: Merge<Value>): Response {
  const [first, ...others] = poll.answered.filter(({ value }) => isDone(value))
  if (first === undefined) return noneOf(poll)
  const parsed = ({ worker, value }: Answered<AdminReply>) => ({
    worker,
    value: JSON.parse(value.body) as Value,
  })
  const refused = poll.answered
    .filter(({ value }) => !isDone(value))
    .map(({ worker, value }) => ({ worker, title: titleOf(value) }))
  return json(
    {
      ...merge([parsed(first), ...others.map(parsed)]),
      ...(refused.length === 0 ? {} : { refused }),
      ...silence(mute(poll)),
    },
    first.value.status,
  )
}

function noneOf(poll: Poll<AdminReply>): Response {
  const [first] = poll.answered
  const silent = mute(poll)
  const note =
    silent.length === 0
      ? undefined
      : `${nameWorkers(silent)} ${silent.length === 1 ? 'does' : 'do'} not answer`
  if (first === undefined)
    return problem({ status: 503, title: note ?? 'No worker serves at this moment' })
  const title = titleOf(first.value)
  return problem({
    status: first.value.status,
    title: note === undefined ? title : `${title}; ${note}`,
  })
}

function refusal(reply: AdminReply): Response {
  return problem({ status: reply.status, title: titleOf(reply) })
}

/** Those that have not answered, or not what was asked. */
function mute({ silent, refused }: Poll<unknown>): number[] {
  return [...silent, ...refused.map(({ worker }) => worker)]
}

function isDone({ status }: AdminReply): boolean {
  return status < 300
}

function titleOf({ body }: AdminReply): string {
  return (JSON.parse(body) as { readonly title: string }).title
}

function methodOf({ method }: Request): string {
  return method === 'HEAD' ? 'GET' : method
}
