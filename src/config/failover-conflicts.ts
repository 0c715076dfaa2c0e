/**
 * Keys of one upstream that do not go together with its `failover`, or with one another in it.
 * Invariant: a key that means nothing is told only where the upstream itself has it; failover that would break
 * the upstream also where it has it from `defaults`.
 */
import type { FailoverConfig, HealthConfig, StickyConfig } from './config.ts'
import { about, has } from './conflicts.ts'
import type { Issue, Item, Path } from './issue.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { familyOf, type SoundUpstream } from './upstream-conflicts.ts'

type Mode = FailoverConfig['mode']

/** What is known of a sound upstream; what it has from `defaults` is in it. */
export interface SoundFailover extends SoundUpstream {
  readonly sticky: StickyConfig | undefined
  readonly failover: FailoverConfig
  readonly health: HealthConfig | undefined
}

/** Of an upstream as written. */
export function failoverConflicts({ path, value }: Item<Mapping>, sound: SoundFailover): Issue[] {
  const { mode } = sound.failover
  if (familyOf(sound) === 'http') return onHttp({ path, value }, mode)
  const issues = besideMode({ path, value }, mode)
  if (mode === 'notify' || mode === 'transparent') return issues
  const message = `means nothing with failover: ${mode}: no session goes on at another server`
  const suggestion = 'that is for failover: transparent or notify'
  const needless = movingKeys({ path, value }).map((each) => about(each, message, suggestion))
  return [...issues, ...needless]
}

/** @param path of the upstream, or of what stands for it. */
export function engineConflicts(path: Path, sound: SoundFailover): Issue[] {
  const { sticky, failover } = sound
  const isApart = sticky?.kind !== 'engine.io' || failover.mode === 'off'
  if (isApart || familyOf(sound) === 'http') return []
  const message = `cannot be ${failover.mode} beside sticky: { by: engine.io }: a session of Socket.IO lives in the server that began it, and no other knows it`
  return [about([...path, 'failover'], message, 'write failover: off')]
}

/** What means nothing beside a mode, with the reason. */
const reasons = {
  off: 'a session ends with its server',
  close: 'no session goes on at another server',
  transparent: 'the client is told nothing',
} as const

const needlessKeys = {
  off: ['on', 'hold', 'wait', 'message'],
  close: ['hold', 'wait', 'message'],
  transparent: ['message'],
} as const

/** Of an upstream as written, or of the defaults of upstreams. @param mode the one that it comes to. */
export function besideMode({ path, value }: Item<Mapping>, mode: Mode): Issue[] {
  const { failover } = value
  if (!isMapping(failover) || mode === 'notify') return []
  const keys: readonly string[] = needlessKeys[mode]
  const message = `means nothing beside mode: ${mode}: ${reasons[mode]}`
  return keys
    .filter((key) => has(failover, key))
    .map((key) => {
      const suggestion = key === 'message' ? 'message is what mode: notify sends' : undefined
      return about([...path, 'failover', key], message, suggestion)
    })
}

function onHttp({ path, value }: Item<Mapping>, mode: Mode): Issue[] {
  const own = has(value, 'failover') && mode !== 'off' ? [[...path, 'failover']] : []
  const message =
    'means nothing here: the endpoints speak http alone, and only sessions go on at another server'
  const suggestion = 'endpoints with sessions are ws:// or wss://'
  return [...own, ...movingKeys({ path, value })].map((each) => about(each, message, suggestion))
}

/** Where something is said of how sessions are moved. */
function movingKeys({ path, value }: Item<Mapping>): Path[] {
  const { health, rebalance } = value
  const moves = isMapping(health) && String(health['move']) === 'true' // `${env:MOVE}` gives text
  return [
    ...(has(value, 'drain') ? [[...path, 'drain']] : []),
    ...(has(value, 'rebalance') && rebalance !== 'off' ? [[...path, 'rebalance']] : []),
    ...(moves ? [[...path, 'health', 'move']] : []),
  ]
}
