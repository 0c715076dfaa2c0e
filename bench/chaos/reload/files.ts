// The configurations of the table, round by round: each differs from the one before in one thing. What the
// load uses stays as it is but for an endpoint that comes and goes.
import type { Place } from '../gateways.ts'

/** The last of its servers is the one that comes and goes. */
export interface ReloadPlace extends Place {
  /** Of a listener that comes and goes. */
  extraPort: number
}

export interface Step {
  /** What the file has, or not, after so many times. */
  words: (times: number) => string
  /** Of the upstream that the load uses. */
  isOwn: boolean
}

interface Upstream {
  endpoints: string[]
  balancer?: string
  health?: Record<string, string>
}

interface Route {
  name: string
  path: string
  upstream: string | Record<string, number>
  listeners?: string[]
  limits?: Record<string, string | number>
}

/** As a file says it. */
export interface Written {
  listeners: { name: string; address: string; port: number; tls?: Record<string, string> }[]
  upstreams: Record<string, Upstream>
  routes: Route[]
  admin: { unix: string }
  log: { level: string; format: string }
}

const isThere = (times: number) => times % 2 === 1
const comesOrGoes = (what: string) => (times: number) =>
  `${what} is ${isThere(times) ? 'added' : 'removed'}`
const idle: Step = { words: comesOrGoes("an endpoint of the load's upstream"), isOwn: true }

/** One a round, in turn. A quarter of them are of the upstream that the load uses. */
export const steps: readonly Step[] = [
  { words: comesOrGoes('a route'), isOwn: false },
  idle,
  { words: () => 'limits of a route', isOwn: false },
  { words: () => 'a split', isOwn: false },
  { words: comesOrGoes('an upstream'), isOwn: false },
  idle,
  { words: comesOrGoes('a listener'), isOwn: false },
  { words: () => 'balancer and checks of an upstream', isOwn: false },
]

/** What has changed in a round, from 1 on. */
export function stepAt(round: number): { words: string; isOwn: boolean } {
  const step = steps[(round - 1) % steps.length] ?? idle
  return { words: step.words(timesOf(step, round)), isOwn: step.isOwn }
}

/** How often a step was taken in the rounds up to this one. */
function timesOf(step: Step, round: number): number {
  return steps.reduce(
    (times, each, index) =>
      each === step ? times + Math.floor((round - 1 - index) / steps.length) + 1 : times,
    0,
  )
}

/** Whether that endpoint is in the file. */
export function hasIdle(round: number): boolean {
  return isThere(timesOf(idle, round))
}

/** @param round 0: as it was at the start. */
export function writtenAt(round: number, place: ReloadPlace): Written {
  const times = steps.map((step) => timesOf(step, round))
  const [route = 0, , limits = 0, split = 0, upstream = 0, , listener = 0, balancer = 0] = times
  const [first = 0] = place.servers
  const used = hasIdle(round) ? place.servers : place.servers.slice(0, -1)
  const address = '127.0.0.1'
  return {
    listeners: [
      { name: 'public', address, port: place.port },
      ...(isThere(listener) ? [{ name: 'extra', address, port: place.extraPort }] : []),
    ],
    upstreams: {
      chat: {
        endpoints: used.map((port) => `ws://127.0.0.1:${port}`),
        balancer: 'least-connections',
        health: { websocket: '/healthz', interval: '1s', timeout: '900ms' },
      },
      spare: {
        endpoints: [`ws://127.0.0.1:${first}/spare`],
        balancer: isThere(balancer) ? 'random-two' : 'round-robin',
        health: { websocket: '/spare', interval: isThere(balancer) ? '5s' : '6s' },
      },
      next: { endpoints: [`ws://127.0.0.1:${first}/next`] },
      ...(isThere(upstream) && { more: { endpoints: [`ws://127.0.0.1:${first}/more`] } }),
    },
    routes: [
      { name: 'chat', path: '/chat', upstream: 'chat', limits: { message: '2MB', frame: '2MB' } },
      {
        name: 'spare',
        path: '/spare',
        upstream: isThere(split) ? { spare: 50, next: 50 } : { spare: 90, next: 10 },
        limits: { sessions: 100 + limits },
      },
      ...(isThere(route) ? [{ name: 'other', path: '/other', upstream: 'spare' }] : []),
      ...(isThere(upstream) ? [{ name: 'more', path: '/more', upstream: 'more' }] : []),
      ...(isThere(listener)
        ? [{ name: 'extra', path: '/extra', listeners: ['extra'], upstream: 'spare' }]
        : []),
    ],
    admin: { unix: `${place.folder}/admin.sock` },
    log: { level: 'info', format: 'json' },
  }
}

export function textOf(written: Written): string {
  return `${Bun.YAML.stringify(written, null, 2)}\n`
}
