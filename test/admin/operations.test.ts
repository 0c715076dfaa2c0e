/**
 * What the admin port answers to who reloads a gateway or lets another process take over.
 */
import { describe, expect, test } from 'bun:test'
import type { Operations } from '../../src/core/operations.ts'
import { bearer, startAdminOf, type RunningAdmin } from '../support/admin.ts'
import { relayTo, startGatewayHere, type OpenGateway } from '../support/gateway.ts'
import { fakeOperations, limitsChange, routeRemoval, Steps } from '../support/operations.ts'

const token = 's3cret'
const started = { step: 'started', pid: 123 } as const
const startHere = () => startGatewayHere(relayTo('ws://127.0.0.1:1'))
const startFor = (gateway: OpenGateway, operations?: Operations) =>
  startAdminOf(gateway, { token }, operations)
const post = (admin: RunningAdmin, path: string, more?: RequestInit) =>
  admin.ask(path, { method: 'POST', headers: bearer(token), ...more })

describe('POST /reload', () => {
  test('tells what has changed, in words and in parts', async () => {
    const operations = fakeOperations({
      result: { outcome: 'reloaded', changes: [limitsChange, routeRemoval] },
    })
    await using gateway = startHere()
    await using admin = await startFor(gateway, operations)
    const answer = await post(admin, '/reload')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      outcome: 'reloaded',
      changes: [
        { ...limitsChange, line: 'route chat: limits.messages 50/s → 80/s; 412 sessions follow' },
        { ...routeRemoval, line: 'route lobby: removed; 1 session leaves' },
      ],
    })
    expect(operations.asked).toEqual(['reload'])
  })

  test('only tries with ?dry-run=true', async () => {
    const operations = fakeOperations({ result: { outcome: 'tried', changes: [limitsChange] } })
    await using gateway = startHere()
    await using admin = await startFor(gateway, operations)
    const answer = await post(admin, '/reload?dry-run=true')
    expect(await answer.json()).toMatchObject({
      outcome: 'tried',
      changes: [{ what: 'route chat' }],
    })
    await post(admin, '/reload?dry-run=false')
    expect(operations.asked).toEqual(['dry run', 'reload'])
  })

  test.each(['?dry-run', '?dry-run=yes', '?dryrun=true', '?dry-run=true&dry-run=false'])(
    'reloads nothing for %s, which could be meant otherwise',
    async (query) => {
      const operations = fakeOperations()
      await using gateway = startHere()
      await using admin = await startFor(gateway, operations)
      expect([(await post(admin, `/reload${query}`)).status, operations.asked]).toEqual([400, []])
    },
  )

  test('says why a configuration is not taken, as it is to be printed', async () => {
    const problem = '✖ listeners: is missing\n    sluice.yaml:1:1\n1 problem in sluice.yaml\n'
    await using gateway = startHere()
    await using admin = await startFor(
      gateway,
      fakeOperations({ result: { outcome: 'refused', problem } }),
    )
    const answer = await post(admin, '/reload')
    expect(answer.status).toBe(422)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toEqual({
      status: 422,
      title: 'The configuration is not taken, and nothing has changed',
      detail: problem,
    })
  })
})

describe('POST /upgrade', () => {
  test('tells each step in a line, the moment it happens', async () => {
    const steps = new Steps(started)
    await using gateway = startHere()
    await using admin = await startFor(gateway, fakeOperations({ steps }))
    const answer = await post(admin, '/upgrade')
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/x-ndjson',
    ])
    // By which the port knows that it may be silent for long.
    expect(answer.headers.get('connection')).toBe('close')
    const lines = linesOf(answer)
    expect(JSON.parse((await lines.next()).value ?? '')).toEqual(started)
    const told = [
      { step: 'ready', pid: 123, version: '1.2.3', sessions: 2 },
      { step: 'leaving', sessions: 1 },
      { step: 'left' },
    ] as const
    for (const step of told) {
      steps.tell(step)
      expect(JSON.parse((await lines.next()).value ?? '')).toEqual(step)
    }
    await steps.end()
    expect(await lines.next()).toMatchObject({ done: true })
  })

  test('says why it cannot begin', async () => {
    const why = 'this is process 1 of a container: start a new container beside it'
    await using gateway = startHere()
    await using admin = await startFor(gateway, fakeOperations({ steps: why }))
    const answer = await post(admin, '/upgrade')
    expect([answer.status, await answer.json()]).toEqual([409, { status: 409, title: why }])
  })

  test('takes no parameters', async () => {
    const operations = fakeOperations()
    await using gateway = startHere()
    await using admin = await startFor(gateway, operations)
    expect((await post(admin, '/upgrade?now=true')).status).toBe(400)
    expect(operations.asked).toEqual([])
  })

  test('goes on when who asked has gone', async () => {
    const steps = new Steps(started)
    await using gateway = startHere()
    await using admin = await startFor(gateway, fakeOperations({ steps }))
    const away = new AbortController()
    const answer = await post(admin, '/upgrade', { signal: away.signal })
    const reader = answer.body?.getReader()
    await reader?.read()
    away.abort()
    await reader?.read().catch(() => undefined)
    for (let sessions = 1_000; sessions > 0; sessions--) steps.tell({ step: 'leaving', sessions })
    steps.tell({ step: 'left' })
    await steps.end()
  })
})

describe.each(['/reload', '/upgrade'])('%s', (path) => {
  test('wants the token, and nothing happens without it', async () => {
    const operations = fakeOperations({ steps: new Steps() })
    await using gateway = startHere()
    await using admin = await startFor(gateway, operations)
    expect((await post(admin, path, { headers: {} })).status).toBe(401)
    expect((await post(admin, path, { headers: bearer('another') })).status).toBe(401)
    const page = { ...bearer(token), Origin: 'https://evil.example' }
    expect((await post(admin, path, { headers: page })).status).toBe(403)
    expect(operations.asked).toEqual([])
  })

  test('is asked with POST alone', async () => {
    await using gateway = startHere()
    await using admin = await startFor(gateway, fakeOperations())
    const answer = await admin.ask(path, { headers: bearer(token) })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('is not there in a worker: its supervisor has it', async () => {
    await using gateway = startHere()
    await using admin = await startFor(gateway)
    expect((await post(admin, path)).status).toBe(404)
  })
})

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

test.each([
  ['/reload', 'SIGHUP'],
  ['/upgrade', 'SIGUSR2'],
])('who may not ask %s is told of %s, which wants no token', async (path, signal) => {
  await using gateway = startHere()
  await using admin = await startAdminOf(gateway, {}, fakeOperations())
  const answer = await post(admin, path)
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining(signal)])
})
