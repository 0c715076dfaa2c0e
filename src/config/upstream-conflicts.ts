/**
 * Keys of one upstream that do not go together.
 * Invariant: a key that means nothing is told only where the upstream itself has it; one that would break
 * the upstream also where it has it from `defaults`.
 */
import type { EndpointConfig, HealthConfig } from './config.ts'
import { about, has } from './conflicts.ts'
import type { Issue, Item, Path } from './issue.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { discoverKinds, type Discover } from './schema/discover.ts'

/** What is known of a sound upstream. */
export interface SoundUpstream {
  readonly endpoints: readonly EndpointConfig[]
  readonly discover: Discover | undefined
  readonly health: HealthConfig | undefined
}

/** @param sound undefined where the upstream has a fault. */
export function upstreamConflicts(
  { path, value }: Item<Mapping>,
  sound: SoundUpstream | undefined,
): Issue[] {
  const { discover } = value
  return [
    ...(sound === undefined ? [] : [...needlessTls({ path, value }, sound)]),
    ...(isMapping(discover) ? discoverConflicts([...path, 'discover'], discover) : []),
  ]
}

/** @param path of the upstream, or of what stands for it. */
export function healthConflicts(path: Path, sound: SoundUpstream): Issue[] {
  if (sound.health?.check.type !== 'websocket' || familyOf(sound) !== 'http') return []
  const message = 'asks for a WebSocket, and the endpoints of this upstream speak http alone'
  return [about([...path, 'health', 'websocket'], message, 'ask for a path: { path: /healthz }')]
}

/** What the endpoints speak; undefined where only a file knows. */
export function familyOf({
  endpoints,
  discover,
}: Pick<SoundUpstream, 'endpoints' | 'discover'>): EndpointConfig['scheme'] | undefined {
  const found = discover === undefined || discover.kind === 'file' ? undefined : discover.scheme
  return endpoints[0]?.scheme ?? found
}

/** Whether an endpoint may have TLS, now or when it is found. */
export function mayHaveTls({
  endpoints,
  discover,
}: Pick<SoundUpstream, 'endpoints' | 'discover'>): boolean {
  const isFound = discover !== undefined && (discover.kind === 'file' || discover.isTls)
  return isFound || endpoints.some((each) => each.isTls)
}

function needlessTls({ path, value }: Item<Mapping>, sound: SoundUpstream): Issue[] {
  if (mayHaveTls(sound) || !has(value, 'tls')) return []
  const message = 'means nothing here: no endpoint has TLS'
  return [about([...path, 'tls'], message, 'endpoints with TLS are wss:// or https://')]
}

/** Why a key means nothing beside `file`. */
const besideFile = new Map([
  ['port', 'the file has the whole URL of each endpoint'],
  ['every', 'a file is looked at once a second'],
  ['scheme', 'the file has the whole URL of each endpoint'],
  ['path', 'the file has the whole URL of each endpoint'],
  ['resolver', 'no name is asked for'],
])
const besideSrv = new Map([['port', 'the records have the ports']])

function discoverConflicts(path: Path, discover: Mapping): Issue[] {
  const [kind, ...more] = discoverKinds.filter((each) => has(discover, each))
  if (kind === undefined || kind === 'dns' || more.length > 0) return []
  return [...(kind === 'file' ? besideFile : besideSrv)]
    .filter(([key]) => has(discover, key))
    .map(([key, reason]) => about([...path, key], `means nothing beside ${kind}: ${reason}`))
}
