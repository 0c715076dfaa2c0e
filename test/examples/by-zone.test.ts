// The example of a plugin: it is a balancer as those of the gateway are, and does what it says.

import { expect, test } from 'bun:test'
import plugin, { byZone } from '../../examples/plugins/by-zone.ts'
import { balancerConformance } from '../conformance/balancer.ts'
import { choiceOf, chosenBy, countsOf, FakeCandidate, seededHost } from '../support/candidates.ts'
import { template } from '../support/template.ts'

const make = (zone: string) => byZone.create({ host: template(zone) }, seededHost())

balancerConformance(byZone, () => make('10.0.'))

const near = [new FakeCandidate('ws://10.1.0.1:9000'), new FakeCandidate('ws://10.1.0.2:9000')]
const far = [new FakeCandidate('ws://10.2.0.1:9000'), new FakeCandidate('ws://10.2.0.2:9000')]
const all = [...far, ...near]

test('endpoints of the zone share everything, as long as one of them is open', () => {
  const balancer = make('10.1.')
  balancer.update(all)
  expect(countsOf(all, chosenBy(balancer, 100))).toEqual([0, 0, 50, 50])
  const isFirstFull = choiceOf((candidate) => candidate !== near[0])
  expect(countsOf(all, chosenBy(balancer, 100, isFirstFull))).toEqual([0, 0, 0, 100])
})

test('where none of the zone is open, the others share', () => {
  const balancer = make('10.1.')
  balancer.update(all)
  const isZoneFull = choiceOf((candidate) => !near.some((each) => each === candidate))
  expect(countsOf(all, chosenBy(balancer, 100, isZoneFull))).toEqual([50, 50, 0, 0])
})

test('the zone may be told by the request', () => {
  const balancer = make('{request.header.x-key}')
  balancer.update(all)
  expect(far).toContain(balancer.choose(choiceOf(undefined, '10.2.')) as FakeCandidate)
  expect(near).toContain(balancer.choose(choiceOf(undefined, '10.1.')) as FakeCandidate)
})

test('the file is what `plugins` wants: a part of the registry', () => {
  expect(plugin.balancers).toEqual([byZone])
})
