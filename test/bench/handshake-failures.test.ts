/**
 * The table of failures (`npm run chaos -- handshakes`) in a short form: what Sluice's rows must show
 * wherever it is run. The control rows and the times are the table's own business.
 */
import { afterAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Failure } from '../../bench/chaos/failures.ts'
import { failures } from '../../bench/chaos/failures.ts'
import { gateways, type Gateway } from '../../bench/chaos/gateways.ts'
import { places, runFailure, type Run } from '../../bench/chaos/handshakes.ts'
import { judge } from '../../bench/chaos/table.ts'
import { stopAll } from '../../bench/processes.ts'
import { turnsFor } from '../support/turns.ts'

const handshakes = 120
/** Each is two processes that start, on two cores perhaps; some wait a second for a server that hangs. */
const mostAtOnce = 4
const inTurn = turnsFor(mostAtOnce)
const timeoutMs = 60_000

const [plain, checking] = [gatewayNamed('sluice'), gatewayNamed('sluice, checks')]

function gatewayNamed(name: string): Gateway {
  const gateway = gateways.find((each) => each.name === name)
  if (gateway === undefined) throw new Error(`There is no gateway ${name}`)
  return gateway
}

function failureNamed(name: string): Failure {
  const failure = failures.find((each) => each.name === name)
  if (failure === undefined) throw new Error(`There is no failure ${name}`)
  return failure
}

async function runNamed(name: string, gateway: Gateway): Promise<Run> {
  const [run] = await inTurn(() => runFailure(failureNamed(name), [gateway], handshakes))
  if (run === undefined) throw new Error('There was no run')
  return run
}

afterAll(stopAll)

describe('no handshake fails and no descriptor is left when', () => {
  test.concurrent.each([
    ['all well', plain],
    ['two refuse', plain],
    ['one resets', plain],
    ['one black-holes', plain],
    ['one answers after 2 s', plain],
    ['one answers 500', plain],
    ['one says nothing', plain],
    ['one says nothing', checking],
  ])(
    '%s',
    async (name, gateway) => {
      const run = await runNamed(name, gateway)
      expect(run).toMatchObject({ failed: 0, lost: 0, found: '', left: 0 })
    },
    timeoutMs,
  )
})

describe('no handshake fails when', () => {
  test.concurrent(
    'one flaps, and few of those that are open are lost with it',
    async () => {
      const { failed, lost, left } = await runNamed('one flaps', plain)
      expect({ failed, left }).toEqual({ failed: 0, left: 0 })
      // Whoever is there when it goes.
      expect(lost).toBeLessThanOrEqual(places)
    },
    timeoutMs,
  )

  test.concurrent(
    'one dies after the 101, which is found out long before a third of all are lost',
    async () => {
      const { failed, lost, left } = await runNamed('one dies after the 101', plain)
      expect({ failed, left }).toEqual({ failed: 0, left: 0 })
      expect(lost).toBeGreaterThan(0)
      expect(lost).toBeLessThan(handshakes / 3 - 5)
    },
    timeoutMs,
  )
})

describe('the table', () => {
  const seen = { failure: 'one refuses', handshakes: 1000, found: '', p50Ms: 1, maxMs: 9 }
  const same = { ...seen, seconds: 1, left: 0, failed: 0, lost: 0, p99Ms: 5 }
  const nginx: Run = { ...same, gateway: gatewayNamed('nginx') }
  const haproxy: Run = { ...same, gateway: gatewayNamed('haproxy'), failed: 120 }
  const checkingHaproxy: Run = { ...same, gateway: gatewayNamed('haproxy, checks') }
  const sluice: Run = { ...same, gateway: plain }

  test('calls Sluice worse where one more has failed than behind the better control row', () => {
    expect(judge([nginx, haproxy, sluice])).toMatchObject([{ isWorse: false, isSlower: false }])
    expect(judge([nginx, haproxy, { ...sluice, failed: 1 }])).toMatchObject([{ isWorse: true }])
    expect(judge([haproxy, { ...sluice, failed: 120 }])).toMatchObject([{ isWorse: false }])
  })

  test('calls Sluice worse where more were lost than by chance', () => {
    expect(judge([nginx, { ...sluice, lost: 10 }])).toMatchObject([{ isWorse: false }])
    expect(judge([nginx, { ...sluice, lost: 11 }])).toMatchObject([{ isWorse: true }])
  })

  test('compares a row without checks with its like only', () => {
    expect(judge([haproxy, checkingHaproxy, { ...sluice, failed: 2 }])).toMatchObject([
      { isWorse: false },
    ])
    const checked = { ...sluice, gateway: checking, failed: 2 }
    expect(judge([haproxy, checkingHaproxy, checked])).toMatchObject([{ isWorse: true }])
  })

  test('says what is left and what is slower', () => {
    const [verdict] = judge([nginx, { ...sluice, left: 3, p99Ms: 1000 }])
    expect(verdict).toMatchObject({ isWorse: false, isSlower: true })
    expect(verdict?.text).toContain('SLOWER, 3 DESCRIPTORS LEFT')
  })

  test('is described with the configurations that it runs', () => {
    const page = readFileSync(join(import.meta.dir, '../../bench/chaos/README.md'), 'utf8')
    const place = { port: 8080, servers: [9001, 9002, 9003], folder: '/run' }
    const shown = new Set(page.split('\n').map((line) => line.trim()))
    for (const { name, configuration } of gateways) {
      const lines = configuration(place).split('\n')
      expect({ name, missing: lines.filter((line) => !shown.has(line.trim())) }).toEqual({
        name,
        missing: [],
      })
    }
  })
})
