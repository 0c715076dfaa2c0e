/**
 * `plugins`: extensions of one's own.
 */
import { describe, expect, test } from 'bun:test'
import { schemasFor } from '../../src/config/schema.ts'
import { configOf, told, type World } from './checking.ts'

const create = () => ({ update() {}, choose: () => undefined })
const sound = { type: 'mine', doc: 'The endpoint I like.', options: {}, create }

const file = '/etc/sluice/sluice.yaml'
const plugged = (exported: unknown): World => ({
  file,
  plugins: { '/etc/sluice/steps/mine.ts': exported },
})

const withPlugin = (upstream = 'ws://a') =>
  `plugins: [./steps/mine.ts]\nlisteners: [1]\nroutes: [{ upstream: chat }]\nupstreams: { chat: ${upstream} }\n`

const mine = '{ endpoints: [ws://a], balancer: mine }'

describe('a plugin', () => {
  test('brings balancers that are named as the others are', () => {
    const exported = { balancers: [sound] }
    const [upstream] = configOf(withPlugin(mine), plugged(exported)).upstreams
    expect(upstream?.balancer.type).toBe('mine')
    expect(configOf(withPlugin(), plugged(exported)).upstreams[0]?.balancer.type).toBe(
      'round-robin',
    )
  })

  test('brings health checks, whose name is a key of health', () => {
    const path = { kind: 'path', doc: 'Where.' }
    const check = { ...sound, options: { path }, short: 'path', create: () => ({ check() {} }) }
    const text = withPlugin('{ endpoints: [ws://a], health: { mine: /x, interval: 1s } }')
    const [upstream] = configOf(text, plugged({ healthChecks: [check] })).upstreams
    expect(upstream?.health).toMatchObject({
      check: { type: 'mine', options: { path: '/x' } },
      intervalMs: 1_000,
    })
  })

  test('loaded again is the same to the configuration, and makes no schema anew', () => {
    const world = plugged({ balancers: [sound] })
    const [first, second] = [configOf(withPlugin(mine), world), configOf(withPlugin(), world)]
    expect(second.registry).toBe(first.registry)
    expect(schemasFor(second.registry)).toBe(schemasFor(first.registry))
    expect(configOf(withPlugin(), plugged({})).registry).not.toBe(first.registry)
    expect(first.registry.balancers.at(-1)).toBe(sound)
  })

  test('may have nothing, and its name is no word of other files', () => {
    expect(told(withPlugin(), plugged({}))).toEqual([])
    expect(told(withPlugin(mine), plugged({}))).toEqual([
      '4:53+4 upstreams.chat.balancer: unknown balancer "mine"; the balancers are round-robin, least-connections, random-two, least-time, first, hash',
    ])
  })

  test('may be an object with methods, which keep their this', () => {
    class Mine {
      type = 'mine'
      doc = 'The endpoint I like.'
      options = {}
      #made = 0
      create() {
        this.#made++
        return { update() {}, choose: () => undefined, made: this.#made }
      }
    }
    const [upstream] = configOf(withPlugin(mine), plugged({ balancers: [new Mine()] })).upstreams
    const made = upstream?.balancer.create({ random: () => 0 })
    expect(made).toMatchObject({ made: expect.any(Number) })
  })
})

describe('a plugin that cannot be loaded is told at its line, and what it would bring is not:', () => {
  const boom = (error: unknown) => () => {
    throw error
  }

  test.each([
    [
      'there is none',
      { file },
      'cannot load "./steps/mine.ts": there is no such file; it was looked for at /etc/sluice/steps/mine.ts',
    ],
    [
      'it throws',
      plugged(boom(new Error('the moon is full\nat night'))),
      'cannot load "./steps/mine.ts": the moon is full',
    ],
    [
      'it throws nothing to speak of',
      plugged(boom(new Error(''))),
      'cannot load "./steps/mine.ts": it threw an error without a message',
    ],
  ])('%s', (_, world, sentence) => {
    const places = [`1:11+15 plugins[0]: ${sentence}`]
    expect(told(withPlugin(mine), world)).toEqual(places)
    expect(told(withPlugin('{ endpoints: [ws://a], balancer: { mine: 5 } }'), world)).toEqual(
      places,
    )
    expect(told(withPlugin('{ endpoints: [ws://a], health: { mine: /x } }'), world)).toEqual(places)
  })

  test('but other faults are', () => {
    expect(told(withPlugin('{ endpoints: [ws://a], balancr: mine }'), { file })).toEqual([
      expect.stringContaining('plugins[0]: cannot load'),
      '4:43+7 upstreams.chat.balancr: unknown key; did you mean "balancer"?',
    ])
  })
})

describe('a plugin is made once with what the configuration says, and told where it cannot be:', () => {
  const making = (make: () => unknown) => ({ ...sound, create: make })
  const throwing = making(() => {
    throw new Error('the zone is unknown\nto me')
  })

  test.each<[string, unknown, string]>([
    ['it throws', throwing, 'the zone is unknown'],
    [
      'it makes nothing',
      making(() => undefined),
      'create must return an object with update and choose, not nothing',
    ],
    [
      'it makes a promise',
      making(async () => ({ update() {}, choose() {} })),
      'what create returns has no method update',
    ],
    [
      'it cannot choose',
      making(() => ({ update() {}, choose: 5 })),
      'what create returns has no method choose',
    ],
  ])('%s', (_, broken, reason) => {
    const exported = { balancers: [broken] }
    expect(told(withPlugin(mine), plugged(exported))).toEqual([
      `4:53+4 upstreams.chat.balancer: mine cannot be made: ${reason}`,
    ])
    expect(told(withPlugin(), plugged(exported))).toEqual([])
  })

  test('a health check, at its key', () => {
    const world = plugged({ healthChecks: [making(() => ({ chek() {} }))] })
    expect(told(withPlugin('{ endpoints: [ws://a], health: { mine: true } }'), world)).toEqual([
      '4:59+4 upstreams.chat.health.mine: mine cannot be made: what create returns has no method check',
    ])
  })

  test('what defaults say, there and once', () => {
    const text = `${withPlugin()}defaults: { upstream: { balancer: mine, health: { mine: true } } }\n`
    const world = plugged({ balancers: [throwing], healthChecks: [throwing] })
    expect(told(text, world)).toEqual([
      '5:35+4 defaults.upstream.balancer: mine cannot be made: the zone is unknown',
      '5:57+4 defaults.upstream.health.mine: mine cannot be made: the zone is unknown',
    ])
  })
})

const balancer = (changes: object) => ({ balancers: [{ ...sound, ...changes }] })
const option = (rule: unknown) => balancer({ options: { wait: rule } })
const wait = { kind: 'duration', doc: 'How long.', min: '1s', max: '5s' }

describe('what a plugin exports is refused', () => {
  test.each<[string, unknown, string]>([
    ['not at all', undefined, 'it has no default export; write export default { balancers: […] }'],
    [
      'as a list',
      [],
      'its default export must be an object such as { balancers: […] }, not a list',
    ],
    ['by a key', { balancer: [] }, 'balancer is not known; did you mean "balancers"?'],
    ['by a further key', { steps: [] }, 'steps is not known; known here: balancers, healthChecks'],
    ['without a list', { balancers: sound }, 'balancers must be a list, not a mapping'],
    [
      'as a class',
      { balancers: [class {}] },
      'balancers[0]: must be an object with type, doc, options and create',
    ],
    [
      'without a type',
      balancer({ type: undefined }),
      'balancers[0]: type must be words in lower case joined by hyphens, not nothing',
    ],
    [
      'with a type in camel case',
      balancer({ type: 'mineOnly' }),
      'balancers[0]: type must be words in lower case joined by hyphens, not "mineOnly"',
    ],
    [
      'with the type of another',
      balancer({ type: 'hash' }),
      'balancers[0]: the type "hash" exists already',
    ],
    [
      'with a type twice',
      { balancers: [sound, sound] },
      'balancers[1]: the type "mine" exists already',
    ],
    [
      'with a type that is a key of health',
      { healthChecks: [{ ...sound, type: 'interval' }] },
      'healthChecks[0]: the type "interval" exists already',
    ],
    ['without a sentence', balancer({ doc: '' }), 'balancers[0]: doc must be a sentence, not ""'],
    [
      'without create',
      balancer({ create: {} }),
      'balancers[0]: create must be a function, not a mapping',
    ],
    [
      'without options',
      balancer({ options: [] }),
      'balancers[0]: options must be an object, not a list',
    ],
    [
      'with an option in camel case',
      balancer({ options: { waitMs: wait } }),
      'balancers[0]: options.waitMs: must be named in lower case',
    ],
    [
      'with a short that is no option',
      balancer({ short: 'wait' }),
      'balancers[0]: short must be one of the options, not "wait"',
    ],
    [
      'with a short beside what must be given',
      balancer({ options: { wait, by: { kind: 'expression', doc: 'What.' } }, short: 'by' }),
      'balancers[0]: short cannot be by alone: wait must be given too, for it has no fallback',
    ],
    [
      'with no rule',
      option('5s'),
      'balancers[0]: options.wait: must be an object with kind and doc, not "5s"',
    ],
    [
      'with a rule of no kind',
      option({ ...wait, kind: 'time' }),
      'balancers[0]: options.wait: kind must be one of duration, size, count, percent, flag, choice, path, expression, not "time"',
    ],
    [
      'with a part that its kind does not have',
      option({ ...wait, defualt: '5s' }),
      'balancers[0]: options.wait: defualt is not known; known here: kind, doc, isOptional, fallback, min, max',
    ],
    [
      'with a bound that is none',
      option({ ...wait, max: 5 }),
      'balancers[0]: options.wait: a bound cannot be read: a duration needs a unit: 5ms, 5s, 5m, 5h or 5d',
    ],
    [
      'with a default out of bounds',
      option({ ...wait, fallback: '6s' }),
      'balancers[0]: options.wait: fallback must be from 1s to 5s, not 6s',
    ],
    [
      'with bounds of a count in text',
      option({ kind: 'count', doc: 'How many.', min: '1', max: '2' }),
      'balancers[0]: options.wait: min and max must be whole numbers',
    ],
    [
      'with a choice of nothing',
      option({ kind: 'choice', doc: 'Which.' }),
      'balancers[0]: options.wait: words must be a list of words',
    ],
    [
      'with a rule without a sentence',
      option({ ...wait, doc: 'how long' }),
      'balancers[0]: options.wait: doc must be a sentence, not "how long"',
    ],
    [
      'with isOptional in text',
      option({ ...wait, isOptional: 'yes' }),
      'balancers[0]: options.wait: isOptional must be true or false, not "yes"',
    ],
  ])('%s', (_, exported, sentence) => {
    expect(told(withPlugin(), plugged(exported))).toEqual([
      `1:11+15 plugins[0]: cannot take what "./steps/mine.ts" exports: ${sentence}`,
    ])
  })
})

describe('the list of plugins', () => {
  const rest = 'listeners: [1]\nroutes: [{ respond: {} }]\n'

  test.each([
    ['./mine.ts', '1:10+9 plugins: must be a list of files, not "./mine.ts"'],
    ['[5]', '1:11+1 plugins[0]: must be the path of a file, not 5'],
    ['[a.ts, ./a.ts]', '1:17+6 plugins[1]: "./a.ts" is listed twice'],
  ])('is refused as %s', (plugins, sentence) => {
    const world = { file, plugins: { '/etc/sluice/a.ts': {} } }
    expect(told(`plugins: ${plugins}\n${rest}`, world)).toEqual([sentence])
  })

  test('is loaded in its order, later ones beside earlier ones', () => {
    const plugins = {
      '/etc/sluice/a.ts': { balancers: [sound] },
      '/etc/sluice/b.ts': { balancers: [{ ...sound, type: 'yours' }] },
      '/etc/sluice/c.ts': { balancers: [sound] },
    }
    expect(told(`plugins: [a.ts, b.ts]\n${rest}`, { file, plugins })).toEqual([])
    expect(told(`plugins: [a.ts, b.ts, c.ts]\n${rest}`, { file, plugins })).toEqual([
      '1:23+4 plugins[2]: cannot take what "c.ts" exports: balancers[0]: the type "mine" exists already',
    ])
  })
})
