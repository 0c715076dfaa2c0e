/**
 * What the gateway has of itself, to be named in the configuration: one line each.
 */
import type { Registry } from './core/registry.ts'
import { first } from './upstream/balancers/first.ts'
import { hash } from './upstream/balancers/hash.ts'
import { leastConnections } from './upstream/balancers/least-connections.ts'
import { leastTime } from './upstream/balancers/least-time.ts'
import { randomTwo } from './upstream/balancers/random-two.ts'
import { roundRobin } from './upstream/balancers/round-robin.ts'
import { httpCheck } from './upstream/health-checks/http-check.ts'
import { tcpCheck } from './upstream/health-checks/tcp-check.ts'
import { websocketCheck } from './upstream/health-checks/websocket-check.ts'

export const builtIn: Registry = {
  balancers: [roundRobin, leastConnections, randomTwo, leastTime, first, hash],
  healthChecks: [httpCheck, tcpCheck, websocketCheck],
}
