/**
 * Upstreams as several processes see them, as one: numbers are summed, and an endpoint is what the worker
 * says that finds it the gravest, with a note where others find it otherwise.
 */
import type { EndpointState } from '../../../core/events.ts'
import type { Departure } from '../../../proxy/mover/departures.ts'
import type { EndpointInfo, EndpointStory, UpstreamInfo } from '../../../proxy/upstream-info.ts'
import type { Transition } from '../../../upstream/standing.ts'
import { groupBy, nameWorkers, sum, type Answered } from './answered.ts'

type SomeUpstream = UpstreamInfo<EndpointInfo | EndpointStory>
type SomeEndpoint = EndpointInfo & Partial<Pick<EndpointStory, 'history'>>
/** The gravest first. */
const gravity: readonly EndpointState[] = ['unhealthy', 'ejected', 'draining', 'healthy']
/** As much as one process tells. */
const mostTransitions = 16

/** By name. */
export function mergeUpstreamLists(
  all: readonly Answered<readonly SomeUpstream[]>[],
): SomeUpstream[] {
  const each = all.flatMap(({ worker, value }) =>
    value.map((upstream) => ({ worker, value: upstream })),
  )
  return groupBy(each, ({ value }) => value.name).map(mergeUpstream)
}

export function mergeUpstream(
  all: readonly [Answered<SomeUpstream>, ...Answered<SomeUpstream>[]],
): SomeUpstream {
  const values = all.map(({ value }) => value)
  const endpoints = all.flatMap(({ worker, value }) =>
    value.endpoints.map((endpoint) => ({ worker, value: endpoint })),
  )
  const workers = all.map(({ worker }) => worker)
  return {
    ...all[0].value,
    waiting: sum(values, ({ waiting }) => waiting),
    sessionsBetween: sum(values, ({ sessionsBetween }) => sessionsBetween),
    endpoints: groupBy(endpoints, ({ value }) => value.url).map((each) =>
      mergeEndpoint(each, workers),
    ),
    leaving: mergeRecords(
      values.map(({ leaving }) => leaving),
      (left, right) => left + right,
    ),
    moving: mergeRecords(
      values.map(({ moving }) => moving),
      mergeDepartures,
    ),
  }
}

/** @param workers those that were asked: some may not know it. */
export function mergeEndpoint(
  all: readonly [Answered<SomeEndpoint>, ...Answered<SomeEndpoint>[]],
  workers: readonly number[] = [],
): SomeEndpoint {
  const values = all.map(({ value }) => value)
  const [{ value: gravest }] = gravestFirst(all)
  const latencies = values.flatMap(({ latencyMs }) => latencyMs ?? [])
  const departures = values.flatMap(({ leaving }) => leaving ?? [])
  const merged = {
    ...gravest,
    reason: `${gravest.reason}${noteOn(all, workers)}`,
    weight: Math.max(...values.map(({ weight }) => weight)),
    currentWeight: Math.min(...values.map(({ currentWeight }) => currentWeight)),
    sessions: sum(values, ({ sessions }) => sessions),
    // Each process counts its own sessions, so together there may be as many as this.
    limit: gravest.limit === undefined ? undefined : sum(values, ({ limit }) => limit ?? 0),
    load: sum(values, ({ load }) => load),
    latencyMs: latencies.length === 0 ? undefined : Math.max(...latencies),
    isToldToDrain: values.some(({ isToldToDrain }) => isToldToDrain),
    leaving: departures.length === 0 ? undefined : departures.reduce(mergeDepartures),
  }
  return gravest.history === undefined ? merged : { ...merged, history: mergeHistories(all) }
}

function gravestFirst<Each extends Answered<SomeEndpoint>>(all: readonly [Each, ...Each[]]) {
  const rank = ({ value }: Each) => gravity.indexOf(value.state)
  return all.toSorted((left, right) => rank(left) - rank(right)) as [Each, ...Each[]]
}

/** `; so in worker 2, healthy in worker 1`; empty where all find it the same. */
function noteOn(
  all: readonly [Answered<SomeEndpoint>, ...Answered<SomeEndpoint>[]],
  workers: readonly number[],
): string {
  const known = all.map(({ worker }) => worker)
  const unknown = workers.filter((worker) => !known.includes(worker))
  const [gravest, ...others] = groupBy(gravestFirst(all), ({ value }) => value.state)
  const parts = others.map((each) => `${each[0].value.state} in ${nameWorkers(numbers(each))}`)
  if (unknown.length > 0) parts.push(`not known to ${nameWorkers(unknown)}`)
  if (gravest === undefined || parts.length === 0) return ''
  return `; so in ${[nameWorkers(numbers(gravest)), ...parts].join(', ')}`
}

function numbers(all: readonly Answered<unknown>[]): number[] {
  return all.map(({ worker }) => worker).toSorted((left, right) => left - right)
}

/** In their order, each with the worker that has told it. */
function mergeHistories(all: readonly Answered<SomeEndpoint>[]): Transition[] {
  return all
    .flatMap(({ worker, value: { history = [] } }) =>
      history.map((each) => ({ ...each, reason: `${each.reason}; in worker ${worker}` })),
    )
    .toSorted((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0))
    .slice(-mostTransitions)
}

function mergeDepartures(left: Departure, right: Departure): Departure {
  return {
    cause: left.cause,
    moved: left.moved + right.moved,
    left: left.left + right.left,
    unmovable: left.unmovable + right.unmovable,
  }
}

function mergeRecords<Value>(
  all: readonly Readonly<Record<string, Value>>[],
  join: (left: Value, right: Value) => Value,
): Record<string, Value> {
  const merged = new Map<string, Value>()
  for (const [key, value] of all.flatMap((each) => Object.entries(each))) {
    const before = merged.get(key)
    merged.set(key, before === undefined ? value : join(before, value))
  }
  return Object.fromEntries(merged)
}
