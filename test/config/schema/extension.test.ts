/**
 * Extensions as the configuration names them, and their options, told by rules that are plain data.
 */
import { describe, expect, test } from 'bun:test'
import { jsonSchema, type JsonSchema } from '../../../src/config/json-schema.ts'
import type { Balancer, BalancerExtension, BalancerHost } from '../../../src/core/balancer.ts'
import type { OptionRule } from '../../../src/core/extension.ts'
import { configOf, told, withUpstream } from '../checking.ts'

const made: { type: string; options: object; host: BalancerHost }[] = []

function balancer(
  type: string,
  options: Readonly<Record<string, OptionRule>> = {},
  short?: string,
): BalancerExtension {
  const create = (given: object, host: BalancerHost): Balancer => {
    made.push({ type, options: given, host })
    return { update() {}, choose: () => undefined }
  }
  return { type, doc: `What is called ${type}.`, options, ...(short && { short }), create }
}

const every: Readonly<Record<string, OptionRule>> = {
  wait: { kind: 'duration', doc: 'How long.', min: '1s', max: '1m', fallback: '5s' },
  room: { kind: 'size', doc: 'How much.', min: '1KB', max: '1MB', isOptional: true },
  tries: { kind: 'count', doc: 'How many.', min: 1, max: 9, fallback: 3 },
  share: { kind: 'percent', doc: 'Which part.', min: '1%', max: '200%', fallback: '50%' },
  eager: { kind: 'flag', doc: 'Whether.', fallback: false },
  mood: { kind: 'choice', doc: 'Which.', words: ['good', 'bad'], fallback: 'good' },
  at: { kind: 'path', doc: 'Where.', fallback: '/healthz?full' },
  by: { kind: 'expression', doc: 'By what.' },
}

const registry = {
  balancers: [
    balancer('round-robin'),
    balancer('every', every),
    balancer('keyed', { by: every['by'] as OptionRule, tries: every['tries'] as OptionRule }, 'by'),
    balancer('counted', { tries: every['tries'] as OptionRule }, 'tries'),
  ],
  healthChecks: [],
}

const withBalancer = (text: string) => withUpstream(`{ endpoints: [ws://a], balancer: ${text} }`)

function balancerOf(text: string) {
  const [upstream] = configOf(withBalancer(text), { registry }).upstreams
  if (upstream === undefined) throw new Error('no upstream')
  return upstream.balancer
}

/** An expression as it is written. */
const written = (source: string): unknown => expect.objectContaining({ source })

describe('an extension', () => {
  test.each([
    ['round-robin', 'round-robin', {}],
    ['{ round-robin: true }', 'round-robin', {}],
    ['{ round-robin: {} }', 'round-robin', {}],
    ['counted', 'counted', { tries: 3 }],
    ['{ counted: 5 }', 'counted', { tries: 5 }],
    ['{ counted: { tries: 5 } }', 'counted', { tries: 5 }],
    ['{ counted: {} }', 'counted', { tries: 3 }],
    ['{ keyed: $request.host }', 'keyed', { by: written('$request.host'), tries: 3 }],
    [
      '{ keyed: { by: $request.host, tries: 4 } }',
      'keyed',
      { by: written('$request.host'), tries: 4 },
    ],
  ])('may be given as %s', (text, type, options) => {
    expect(balancerOf(text)).toMatchObject({ type, options })
  })

  test('is made with its options and what the gateway lends', () => {
    const host = { random: () => 0.5 }
    balancerOf('{ counted: 7 }').create(host)
    expect(made.at(-1)).toEqual({ type: 'counted', options: { tries: 7 }, host })
  })

  test('has a value for every option, its default where nothing is said', () => {
    expect(balancerOf('{ every: { by: $request.host } }').options).toEqual({
      wait: 5_000,
      room: undefined,
      tries: 3,
      share: 0.5,
      eager: false,
      mood: 'good',
      at: '/healthz?full',
      by: written('$request.host'),
    })
  })

  test('has options of every kind, in the units of the gateway', () => {
    const text =
      '{ every: { wait: 2s, room: 2KB, tries: 9, share: 150%, eager: true, mood: bad, at: /a, by: "{request.host}:x" } }'
    expect(balancerOf(text).options).toEqual({
      wait: 2_000,
      room: 2_048,
      tries: 9,
      share: 1.5,
      eager: true,
      mood: 'bad',
      at: '/a',
      by: written('{request.host}:x'),
    })
  })
})

const place = 'upstreams.chat.balancer'
const names = 'round-robin, every, keyed, counted'

describe('an extension is refused', () => {
  test.each([
    ['conted', `: unknown balancer "conted"; did you mean "counted"?`],
    ['fastest', `: unknown balancer "fastest"; the balancers are ${names}`],
    ['"counted:5"', `: unknown balancer "counted:5"; a space is missing: counted: 5`],
    ['keyed', ': cannot be keyed alone, which needs by; write { keyed: … }'],
    ['every', ': cannot be every alone, which needs by; write { every: { by: … } }'],
    ['5', ': must be the name of a balancer or a mapping, not 5'],
    ['[counted]', ': must be the name of a balancer or a mapping, not a list'],
    ['{}', `: needs one of ${names}`],
    ['{ conted: 5 }', '.conted: unknown key; did you mean "counted"?'],
    [
      '{ counted: 5, round-robin: true }',
      '.counted: is given beside round-robin; choose one of them',
    ],
    ['{ counted: }', '.counted: is empty; give it a value or leave the key out'],
    ['{ round-robin: 5 }', '.round-robin: must be true or a mapping of its options, not 5'],
    [
      '{ round-robin: false }',
      '.round-robin: must be true or a mapping of its options, not false; leave round-robin out',
    ],
    ['{ counted: [5] }', '.counted: must be its tries or a mapping of its options, not a list'],
    ['{ counted: 10 }', '.counted: must be a whole number from 1 to 9, not 10'],
    ['{ counted: { tires: 5 } }', '.counted.tires: unknown key; did you mean "tries"?'],
    ['{ keyed: { tries: 5 } }', '.keyed.by: is missing'],
    [
      '{ keyed: room }',
      '.keyed: must be an expression such as $request.cookie.user, not "room", which is the same for every request',
    ],
    [
      '{ keyed: request.host }',
      '.keyed: must be an expression such as $request.cookie.user, not "request.host", which is the same for every request; did you mean "$request.host"?',
    ],
    [
      '{ keyed: {request.host} }',
      '.keyed: must be an expression such as $request.cookie.user, not a mapping; put it in quotes: "{request.host}"',
    ],
  ])('as %s', (text, sentence) => {
    const [told1, ...more] = told(withBalancer(text), { registry })
    expect(told1?.replace(/^\S+ /, '')).toBe(`${place}${sentence}`)
    expect(more).toEqual([])
  })

  test.each([
    ['wait: 2', 'wait: a duration needs a unit: 2ms, 2s, 2m, 2h or 2d'],
    ['wait: 2m', 'wait: must be from 1s to 1m, not 2m'],
    ['room: 2MB', 'room: must be from 1KB to 1MB, not 2MB'],
    ['tries: many', 'tries: must be a whole number from 1 to 9, not "many"'],
    ['share: 50', 'share: must be a percentage such as 20%, not 50; did you mean "50%"?'],
    ['share: 0%', 'share: must be from 1% to 200%, not 0%'],
    ['eager: yes', 'eager: must be true or false, not "yes"; write true'],
    ['mood: fair', 'mood: must be one of good, bad, not "fair"'],
    ['at: healthz', 'at: must be a path such as /healthz, not "healthz"'],
    ['at: "/a#b"', 'at: must be a path such as /healthz, not "/a#b"'],
    ['at: "/a b"', 'at: must be a path such as /healthz, not "/a b"'],
  ])('with the option %s', (option, sentence) => {
    const text = withBalancer(`{ every: { by: $request.host, ${option} } }`)
    expect(told(text, { registry }).map((each) => each.replace(/^\S+ /, ''))).toEqual([
      `${place}.every.${sentence}`,
    ])
  })
})

describe('to an editor an extension', () => {
  const upstream = jsonSchema(registry).properties?.['upstreams']?.additionalProperties
  const mapping = (typeof upstream === 'object' ? upstream.anyOf : [])?.find(
    (form) => form.properties !== undefined,
  )
  const forms: readonly JsonSchema[] = mapping?.properties?.['balancer']?.anyOf ?? []

  test('is a word where nothing need be said, and a key of a mapping', () => {
    const words = JSON.stringify(forms[0])
    expect(words).toContain('"enum":["round-robin","counted"]')
    expect(Object.keys(forms[1]?.properties ?? {})).toEqual(names.split(', '))
  })

  test('has the bounds, defaults and sentences of its options', () => {
    const options = forms[1]?.properties?.['every']?.properties
    expect(options?.['wait']).toMatchObject({
      description: 'How long. From 1s to 1m.',
      default: '5s',
      'x-range': ['1s', '1m'],
    })
    expect(options?.['by']).toMatchObject({ description: 'By what.' })
  })
})
