// What a configuration comes to, and what is left of one that comes to nothing.

import { afterEach, beforeEach, expect, jest, test } from 'bun:test'
import { explanationOf } from '../../src/cli/explanation.ts'
import { requestFor } from '../../src/cli/explain-request.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../support/load-config.ts'
import { planOf } from '../../src/proxy/plan.ts'
import { quietHost } from '../support/pool-host.ts'
import { makeCertificate } from '../support/certificates.ts'

const good = makeCertificate()
const other = makeCertificate()

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** Two upstreams with certificates of their own, the second with this key. */
function configWith(key: string): Config {
  const yaml = `
listeners: [8080]
upstreams:
  one: { endpoints: [wss://127.0.0.1:9001], tls: { cert: ${good.cert}, key: ${good.key} } }
  two: { endpoints: [wss://127.0.0.1:9002], tls: { cert: ${good.cert}, key: ${good.key} } }
routes: [{ path: /one, upstream: one }, { path: /two, upstream: two }]
`
  const pems: Record<string, string> = { [good.cert]: good.certPem, [good.key]: good.keyPem }
  const readFile = (path: string) => pems[path] ?? ''
  const loaded = loadConfig(yaml, { file: '/sluice.yaml', env: {}, readFile })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { config } = loaded
  const upstreams = config.upstreams.map((each) =>
    each.name === 'two' ? { ...each, tls: { ...each.tls, key } } : each,
  )
  return { ...config, upstreams }
}

test('the pools of a plan look after its files from their start until they leave', () => {
  const plan = planOf(configWith(good.key), quietHost)
  expect(jest.getTimerCount()).toBe(0)
  for (const pool of plan.pools.values()) pool.start()
  expect(jest.getTimerCount()).toBeGreaterThan(0)
  for (const pool of plan.pools.values()) pool.leave()
  expect(jest.getTimerCount()).toBe(0)
})

// The pools before the faulty one went on looking after their files.
test('a plan that comes to nothing leaves nobody looking after files', () => {
  expect(() => planOf(configWith(other.key), quietHost)).toThrow('is not the key')
  expect(jest.getTimerCount()).toBe(0)
})

test('an explanation leaves nobody looking after files', () => {
  const config = configWith(good.key)
  for (const url of ['ws://127.0.0.1:8080/one', 'ws://127.0.0.1:8080/nowhere']) {
    const asked = requestFor(url, config, {})
    if (typeof asked === 'string') throw new Error(asked)
    explanationOf(config, asked)
  }
  expect(jest.getTimerCount()).toBe(0)
})
