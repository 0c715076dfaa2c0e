/** What administrators have changed, of which a file that is taken later leaves what it does not say itself. */
import { expect, test } from 'bun:test'
import { AdminChanges } from '../../../src/process/workers/admin-changes.ts'
import { loadConfig } from '../../support/load-config.ts'

function configWith(endpoints: string, more = '', split = '{ x: 50, y: 50 }') {
  const loaded = loadConfig(`
listeners: ["127.0.0.1:0"]
upstreams: { x: [${endpoints}], y: ["ws://127.0.0.1:9"]${more} }
routes: [{ name: a b, path: /a, upstream: ${split} }, { name: rest, upstream: x }]
`)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

const [one, two] = ['ws://127.0.0.1:1', 'ws://127.0.0.1:2']
const weighed = (url: string, weight: number) => `{ url: "${url}", weight: ${weight} }`
const endpoint = (query: string, upstream = 'x') => `/upstreams/${upstream}/endpoints?url=${query}`
const split = ['PATCH', '/routes/a%20b/split?x=0&y=100'] as const
const before = configWith(`"${one}"`)

test.each([
  ['a split that the file says anew', split, configWith(`"${one}"`, '', '{ x: 9, y: 1 }'), false],
  ['a split beside other changes', split, configWith(`"${two}"`), true],
  ['a weight that is another', ['PATCH', endpoint(`${one}&weight=7`)], weighed(one, 3), false],
  [
    'a weight in another form',
    ['PATCH', endpoint('WS://127.0.0.1:1&weight=7')],
    weighed(one, 3),
    false,
  ],
  [
    'a weight of another endpoint',
    ['PATCH', endpoint(`${one}&weight=7`)],
    `"${one}", "${two}"`,
    true,
  ],
  ['a drain, whatever weight', ['PATCH', endpoint(`${one}&drain=true`)], weighed(one, 3), true],
  ['a removal of what is new', ['DELETE', endpoint(one)], weighed(one, 3), false],
  ['a removal of what stays', ['DELETE', endpoint(one)], `"${one}", "${two}"`, true],
  ['an addition of what is listed', ['POST', endpoint(two)], `"${one}", "${two}"`, false],
  ['an addition of what is not', ['POST', endpoint(two)], weighed(one, 3), true],
] as const)('%s', (_, [method, target], after, isKept) => {
  const changes = new AdminChanges()
  changes.add({ method, target })
  changes.follow(before, typeof after === 'string' ? configWith(after) : after)
  expect(changes.all).toEqual(isKept ? [{ method, target }] : [])
})

test('what belongs to an upstream that is no more is forgotten with it', () => {
  const changes = new AdminChanges()
  changes.add({ method: 'PATCH', target: endpoint('ws://127.0.0.1:5&drain=true', 'z') })
  changes.add({ method: 'PATCH', target: endpoint(`${one}&drain=true`) })
  changes.follow(configWith(`"${one}"`, ', z: ["ws://127.0.0.1:5"]'), before)
  expect(changes.all).toMatchObject([{ target: endpoint(`${one}&drain=true`) }])
})
