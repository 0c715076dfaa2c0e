// Every balancer of the gateway against what all promise. See `balancer.ts` here.

import type { Balancer, BalancerHost } from '../../src/core/balancer.ts'
import { first } from '../../src/upstream/balancers/first.ts'
import { hash } from '../../src/upstream/balancers/hash.ts'
import { leastConnections } from '../../src/upstream/balancers/least-connections.ts'
import { leastTime } from '../../src/upstream/balancers/least-time.ts'
import { randomTwo } from '../../src/upstream/balancers/random-two.ts'
import { roundRobin } from '../../src/upstream/balancers/round-robin.ts'
import { template } from '../support/template.ts'
import { balancerConformance } from './balancer.ts'

const by = template('$request.header.x-key')
const hashing =
  (bound?: number) =>
  (host: BalancerHost): Balancer =>
    hash.create({ by, bound }, host)

for (const extension of [roundRobin, leastConnections, randomTwo, leastTime])
  balancerConformance(extension, (host) => extension.create({}, host))
balancerConformance(first, (host) => first.create({}, host), 'in order')
balancerConformance(hash, hashing())
balancerConformance({ ...hash, type: 'hash-bounded' }, hashing(1.25))
