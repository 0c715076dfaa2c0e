/**
 * What an upstream says of sessions whose server dies, leaves or is to be left: `failover`, `drain`,
 * `rebalance`, `health.move`. What they are when nothing is said is in schema.test.ts.
 */
import { describe, expect, test } from 'bun:test'
import { configOf, told, withUpstream, type World } from '../checking.ts'

const withKeys = (keys: string) => withUpstream(`{ endpoints: [ws://a, ws://b], ${keys} }`)
const upstreamOf = (keys: string) => configOf(withKeys(keys)).upstreams[0]
const failoverOf = (failover: string) => upstreamOf(`failover: ${failover}`)?.failover

/** Without their places, which other tests hold. */
const problems = (text: string, world?: World) =>
  told(text, world).map((each) => each.replace(/^\S+ upstreams\.chat\.?/, ''))

const usual = {
  on: { lost: true, codes: [1001, 1012] },
  holdBytes: 65_536,
  waitMs: 30_000,
  message: '{"type":"failover"}',
}

describe('failover may be', () => {
  test.each(['off', 'close', 'notify', 'transparent'] as const)(
    '%s, alone or as a mapping, with the usual rest',
    (mode) => {
      expect(failoverOf(mode)).toEqual({ mode, ...usual })
      expect(failoverOf(`{ mode: ${mode} }`)).toEqual({ mode, ...usual })
    },
  )

  test.each([
    ['on: [lost]', { on: { lost: true, codes: [] } }],
    ['on: [1001]', { on: { lost: false, codes: [1001] } }],
    ['on: ["1012", 4000, lost, 1012, lost]', { on: { lost: true, codes: [1012, 4000] } }],
    ['hold: 0', { holdBytes: 0 }],
    ['hold: 16MB', { holdBytes: 16_777_216 }],
    ['wait: 100ms', { waitMs: 100 }],
    ['wait: 10m', { waitMs: 600_000 }],
  ] as const)('a mapping with %s', (keys, expected) => {
    expect(failoverOf(`{ mode: transparent, ${keys} }`)).toMatchObject(expected)
  })

  test.each([1000, 1003, 1007, 1014, 3000, 4999])('a mapping with on: [%d]', (code) => {
    expect(failoverOf(`{ mode: close, on: [${code}] }`)?.on).toEqual({ lost: false, codes: [code] })
  })

  test.each([
    [`'{"type":"moved"}'`, '{"type":"moved"}'],
    ['""', ''],
    ['"🚀"', '🚀'],
    [`"${'é'.repeat(32_768)}"`, 'é'.repeat(32_768)],
  ])('notify with a message of its own: %s', (written, message) => {
    expect(failoverOf(`{ mode: notify, message: ${written} }`)?.message).toBe(message)
  })

  test('filled in from the environment', () => {
    const keys = 'failover: { mode: "${env:MODE}", on: ["${env:CODE}"], hold: "${env:HOLD}" }'
    const env = { MODE: 'transparent', CODE: '1012', HOLD: '1MB' }
    expect(configOf(withKeys(keys), { env }).upstreams[0]?.failover).toMatchObject({
      mode: 'transparent',
      on: { lost: false, codes: [1012] },
      holdBytes: 1_048_576,
    })
  })
})

const forms = 'must be off, close, notify, transparent or a mapping such as { mode: transparent }'

describe('failover is refused', () => {
  test.each([
    ['transparant', `: ${forms}, not "transparant"; did you mean "transparent"?`],
    ['Off', `: ${forms}, not "Off"; did you mean "off"?`],
    ['false', `: ${forms}, not false; did you mean "off"?`],
    ['true', `: ${forms}, not true`],
    ['on', `: ${forms}, not "on"`],
    ['5', `: ${forms}, not 5`],
    ['[transparent]', `: ${forms}, not a list`],
    ['', ': is empty; give it a value or leave the key out'],
    ['{}', '.mode: is missing'],
    ['{ hold: 1MB }', '.mode: is missing'],
    ['{ mode: on }', '.mode: must be one of off, close, notify, transparent, not "on"'],
    ['{ mode: transparent, hodl: 1MB }', '.hodl: unknown key; did you mean "hold"?'],
    [
      '{ mode: transparent, on: lost }',
      '.on: must be a list such as [lost, 1001, 1012], not "lost"',
    ],
    ['{ mode: transparent, on: 1012 }', '.on: must be a list such as [lost, 1001, 1012], not 1012'],
    [
      '{ mode: transparent, on: [] }',
      '.on: needs at least one of lost and close codes; failover: off turns it off',
    ],
    ...[999, 1004, 1005, 1015, 1016, 2999, 5000, 1012.5, '"1012x"', '"reset"', true].map((code) => [
      `{ mode: transparent, on: [${code}] }`,
      `.on[0]: must be lost or a close code that a server may send, such as 1012, not ${code}`,
    ]),
    // What a client's library calls a connection that ended without a Close.
    [
      '{ mode: transparent, on: [1001, 1006] }',
      '.on[1]: must be lost or a close code that a server may send, such as 1012, not 1006; did you mean "lost"?',
    ],
    [
      '{ mode: transparent, on: [LOST] }',
      '.on[0]: must be lost or a close code that a server may send, such as 1012, not "LOST"; did you mean "lost"?',
    ],
    ['{ mode: transparent, hold: 16385KB }', '.hold: must be from 0B to 16MB, not 16385KB'],
    ['{ mode: transparent, hold: 64 }', '.hold: a size needs a unit: 64B, 64KB, 64MB or 64GB'],
    ['{ mode: transparent, wait: 99ms }', '.wait: must be from 100ms to 10m, not 99ms'],
    ['{ mode: transparent, wait: 601s }', '.wait: must be from 100ms to 10m, not 601s'],
    ['{ mode: transparent, wait: off }', '.wait: cannot be off; it must be from 100ms to 10m'],
    // Without quotes this is no text to YAML.
    [
      '{ mode: notify, message: {"type":"moved"} }',
      `.message: must be text, not a mapping; put it in quotes, such as '{"type":"failover"}'`,
    ],
    [
      '{ mode: notify, message: 5 }',
      `.message: must be text, not 5; put it in quotes, such as '{"type":"failover"}'`,
    ],
    ['{ mode: notify, message: }', '.message: is empty; give it a value or leave the key out'],
    [
      '{ mode: notify, message: "\\ud83d" }',
      '.message: must be text that UTF-8 can say: it has half of a surrogate pair',
    ],
    [
      `{ mode: notify, message: "${'é'.repeat(32_768)}!" }`,
      '.message: may have 65536 bytes of UTF-8, and has 65537',
    ],
  ])('as %s', (failover, sentence) => {
    expect(problems(withKeys(`failover: ${failover}`))).toEqual([`failover${sentence}`])
  })
})

describe('drain, rebalance and health.move', () => {
  test.each([
    ['drain: {}', { drain: { perSecond: 100, settleMs: 250 } }],
    ['drain: { rate: 1/s }', { drain: { perSecond: 1, settleMs: 250 } }],
    ['drain: { rate: 100000/s, settle: 0 }', { drain: { perSecond: 100_000, settleMs: 0 } }],
    ['drain: { settle: 1m }', { drain: { perSecond: 100, settleMs: 60_000 } }],
    ['rebalance: off', { rebalance: undefined }],
    ['rebalance: {}', { rebalance: { perSecond: 10 } }],
    ['rebalance: { rate: 100000/s }', { rebalance: { perSecond: 100_000 } }],
    ['health: { tcp: true }', { health: { movesSessions: false } }],
    ['health: { tcp: true, move: true }', { health: { movesSessions: true } }],
  ])('may be %s', (keys, expected) => {
    for (const mode of ['notify', 'transparent'])
      expect(upstreamOf(`failover: ${mode}, ${keys}`)).toMatchObject(expected)
  })

  test.each([
    ['drain: off', 'drain: must be a mapping such as { rate: 100/s }, not "off"'],
    [
      'drain: { rate: 100 }',
      'drain.rate: must be a rate such as 50/s, not 100; did you mean "100/s"?',
    ],
    ['drain: { rate: 0/s }', 'drain.rate: must be from 1/s to 100000/s, not 0/s'],
    ['drain: { rate: 100001/s }', 'drain.rate: must be from 1/s to 100000/s, not 100001/s'],
    ['drain: { settle: 61s }', 'drain.settle: must be from 0ms to 1m, not 61s'],
    ['rebalance: 10/s', 'rebalance: must be off or a mapping such as { rate: 10/s }, not "10/s"'],
    ['rebalance: false', 'rebalance: must be off or a mapping, not false; did you mean "off"?'],
    ['rebalance: { rate: off }', 'rebalance.rate: must be a rate such as 50/s, not "off"'],
    [
      'rebalance: { rate: 600/m }',
      'rebalance.rate: must be a rate such as 50/s, not "600/m"; rates are given for a second',
    ],
    [
      'health: { tcp: true, move: yes }',
      'health.move: must be true or false, not "yes"; write true',
    ],
  ])('are refused as %s', (keys, sentence) => {
    expect(problems(withKeys(`failover: transparent, ${keys}`))).toEqual([sentence])
  })
})

test('the example of the design is a configuration', () => {
  const text = withUpstream(`{
  endpoints: [ws://10.0.0.1:9000, { url: wss://10.0.0.2:9000, weight: 2, backup: true, sessions: 2000 }],
  discover: { dns: chat.internal, port: 9000, every: 10s },
  balancer: least-connections,
  slow-start: 30s,
  queue: { sessions: 100, wait: 2s },
  sticky: { cookie: sluice },
  health: { websocket: /healthz, interval: 5s, timeout: 2s, healthy: 2, unhealthy: 3, move: true },
  eject: { failures: 5, within: 10s, for: 30s, at-most: 50% },
  retry: { dials: 2, budget: 20% },
  failover: { mode: transparent, on: [lost, 1001, 1012], hold: 64KB, wait: 30s },
  drain: { rate: 100/s, settle: 250ms },
  rebalance: { rate: 10/s } }`)
  expect(configOf(text).upstreams[0]).toMatchObject({
    failover: { mode: 'transparent', ...usual },
    drain: { perSecond: 100, settleMs: 250 },
    rebalance: { perSecond: 10 },
    health: { movesSessions: true },
  })
})

describe('what means nothing beside a mode is told', () => {
  test.each([
    [
      'transparent',
      'message: hello',
      [
        'message: means nothing beside mode: transparent: the client is told nothing; message is what mode: notify sends',
      ],
    ],
    [
      'close',
      'hold: 1MB, wait: 1s, message: hello',
      [
        'hold: means nothing beside mode: close: no session goes on at another server',
        'wait: means nothing beside mode: close: no session goes on at another server',
        'message: means nothing beside mode: close: no session goes on at another server; message is what mode: notify sends',
      ],
    ],
    [
      'off',
      'on: [lost], hold: 1MB, wait: 1s',
      [
        'on: means nothing beside mode: off: a session ends with its server',
        'hold: means nothing beside mode: off: a session ends with its server',
        'wait: means nothing beside mode: off: a session ends with its server',
      ],
    ],
  ])('%s: %s', (mode, keys, sentences) => {
    const expected = sentences.map((each) => `failover.${each}`)
    expect(problems(withKeys(`failover: { mode: ${mode}, ${keys} }`))).toEqual(expected)
    // Once in the defaults, and not again at every upstream that has it from there.
    const text = `defaults: { upstream: { failover: { mode: ${mode}, ${keys} } } }\nlisteners: [1]\nupstreams: { a: ws://a, b: ws://b }\nroutes: [{ upstream: { a: 1, b: 1 } }]\n`
    expect(told(text).map((each) => each.replace(/^\S+ /, ''))).toEqual(
      expected.map((each) => `defaults.upstream.${each}`),
    )
  })

  test('where the mode comes from the defaults', () => {
    const text = `defaults: { upstream: { failover: transparent } }\n${withKeys('failover: { message: hello }')}`
    expect(problems(text)).toEqual([
      'failover.message: means nothing beside mode: transparent: the client is told nothing; message is what mode: notify sends',
    ])
  })

  test('and not where the key comes from the defaults', () => {
    const text = `defaults: { upstream: { failover: { mode: notify, message: hello } } }\n${withKeys('failover: transparent')}`
    expect(configOf(text).upstreams[0]?.failover.mode).toBe('transparent')
  })
})

describe('what moves sessions wants a failover that lets them', () => {
  const moving = ['drain: { rate: 5/s }', 'rebalance: {}', 'health: { tcp: true, move: true }']
  const named = (key: string) => (key.startsWith('health') ? 'health.move' : key.split(':')[0])

  test.each(moving)('%s', (key) => {
    const sentence = (mode: string) =>
      `${named(key)}: means nothing with failover: ${mode}: no session goes on at another server; that is for failover: transparent or notify`
    expect(problems(withKeys(key))).toEqual([sentence('off')])
    for (const mode of ['off', 'close'])
      expect(problems(withKeys(`failover: ${mode}, ${key}`))).toEqual([sentence(mode)])
    // Here it is the upstream itself that has given its failover up.
    const shared = `defaults: { upstream: { failover: transparent } }\n`
    expect(problems(shared + withKeys(key))).toEqual([])
    expect(problems(shared + withKeys(`failover: off, ${key}`))).toEqual([sentence('off')])
  })

  test('but may stand in the defaults for those upstreams that have one', () => {
    const shared = `defaults: { upstream: { ${moving.join(', ')} } }\n`
    expect(problems(shared + withKeys('failover: off'))).toEqual([])
  })

  test('nothing is said where nothing is moved', () => {
    const keys = 'rebalance: off, health: { tcp: true, move: false }'
    expect(problems(withKeys(keys))).toEqual([])
  })
})

describe('failover where endpoints speak http alone', () => {
  const withPages = (keys: string) => withUpstream(`{ endpoints: [http://a, http://b], ${keys} }`)
  const needless =
    'means nothing here: the endpoints speak http alone, and only sessions go on at another server; endpoints with sessions are ws:// or wss://'

  test('means nothing, nor does what moves sessions', () => {
    const keys = 'failover: transparent, drain: {}, rebalance: {}, health: { path: /a, move: true }'
    expect(problems(withPages(keys))).toEqual(
      ['failover', 'drain', 'rebalance', 'health.move'].map((key) => `${key}: ${needless}`),
    )
    expect(
      problems(withUpstream('{ discover: { dns: a.b, port: 1, scheme: http }, drain: {} }')),
    ).toEqual([`drain: ${needless}`])
  })

  test('is not told where it is off, or comes from the defaults', () => {
    const off = 'failover: off, rebalance: off, health: { path: /a, move: false }'
    expect(problems(withPages(off))).toEqual([])
    const shared = `defaults: { upstream: { failover: transparent, drain: {}, sticky: { by: engine.io } } }\n`
    expect(problems(shared + withPages('retry: {}'))).toEqual([])
  })
})

describe('failover beside stickiness by Engine.IO', () => {
  const sentence = (mode: string) =>
    `failover: cannot be ${mode} beside sticky: { by: engine.io }: a session of Socket.IO lives in the server that began it, and no other knows it; write failover: off`

  test.each(['close', 'notify', 'transparent'])('cannot be %s', (mode) => {
    expect(problems(withKeys(`sticky: { by: engine.io }, failover: ${mode}`))).toEqual([
      sentence(mode),
    ])
  })

  test('is told wherever the two come from, since the upstream would not work', () => {
    const shared = 'defaults: { upstream: { failover: transparent } }\n'
    const sticky = 'sticky: { by: engine.io }'
    expect(problems(shared + withKeys(sticky))).toEqual([sentence('transparent')])
    expect(problems(shared + withKeys(`${sticky}, failover: off`))).toEqual([])
    const both = `defaults: { upstream: { failover: notify, ${sticky} } }\n`
    expect(told(`${both}listeners: [1]\nroutes: [{ upstream: ws://a }]\n`)).toEqual([
      `3:12+8 routes[0].upstream.${sentence('notify')}`,
    ])
  })

  test.each(['sticky: { cookie: at }', 'sticky: { by: $request.cookie.user }', 'sticky: off'])(
    'alone is refused: not beside %s',
    (sticky) => {
      expect(problems(withKeys(`${sticky}, failover: transparent`))).toEqual([])
    },
  )
})

describe('a mode alone is the mapping in which nothing else is said', () => {
  const failovers = (shared: string, own: string) =>
    configOf(`defaults: { upstream: { failover: ${shared} } }\n${withKeys(own)}`).upstreams[0]
      ?.failover

  test.each([
    ['{ mode: transparent, hold: 1MB }', 'failover: notify', 'notify', 1_048_576],
    ['{ mode: transparent, hold: 1MB }', 'failover: off', 'off', 1_048_576],
    ['transparent', 'failover: { hold: 1MB }', 'transparent', 1_048_576],
    ['transparent', 'failover: { mode: notify }', 'notify', 65_536],
    ['transparent', 'retry: {}', 'transparent', 65_536],
  ] as const)('defaults of %s with %s', (shared, own, mode, holdBytes) => {
    expect(failovers(shared, own)).toMatchObject({ mode, holdBytes })
  })
})

test('a hold above what a message of the route may have is no fault', () => {
  const text = `${withUpstream('{ endpoints: [ws://a], failover: { mode: transparent, hold: 16MB } }')}`
  expect(
    problems(text.replace('upstream: chat', 'upstream: chat, limits: { message: 1KB }')),
  ).toEqual([])
})
