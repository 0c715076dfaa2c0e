/**
 * Cross-site WebSocket hijacking: a page of somebody else opens a WebSocket, and the browser adds the
 * visitor's cookies, login and certificate. The defence is `proxy/origin.ts`.
 */
import { describe, expect, test } from 'bun:test'
import { ask, pageRequest, startRouting } from '../support/routing.ts'
import { startWitness } from '../support/witness.ts'
import { upgradeRequest } from '../support/websocket.ts'

type Lines = Readonly<Record<string, string>>

describe('where a route says nothing of origins, an upgrade with cookies', () => {
  test.each<[number, Lines]>([
    [403, { Origin: 'https://evil.test' }],
    [403, { Origin: 'https://gateway.test.evil.test' }],
    [403, { Origin: 'https://evilgateway.test' }],
    [403, { Origin: 'https://sub.gateway.test' }],
    [403, { Origin: 'https://gateway.test@evil.test' }],
    [403, { Origin: 'null' }],
    [403, { Origin: 'nonsense' }],
    [403, { Origin: '' }],
    [403, { Origin: 'https://evil.test', 'X-Forwarded-Host': 'evil.test' }],
    [101, { Origin: 'https://gateway.test' }],
    [101, { Origin: 'http://GATEWAY.test:3000' }],
    [101, { Origin: 'https://gateway.test', Host: 'gateway.test:8443' }],
    [101, { Origin: 'http://[::1]:3000', Host: '[::1]:8080' }],
    [101, {}],
  ])('is answered with %i: %p', async (status, lines) => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, { origins: 'own' })
    const answer = await ask(gateway, upgradeRequest('/', { Cookie: 'session=1', ...lines }))
    expect(answer.status).toBe(status)
    expect(server.heads.length).toBe(status === 101 ? 1 : 0)
  })

  test('of a page elsewhere is let in without them: nobody is known by it', async () => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, { origins: 'own' })
    for (const origin of ['https://evil.test', 'null'])
      expect((await ask(gateway, upgradeRequest('/', { Origin: origin }))).status).toBe(101)
  })

  test('behind a trusted proxy belongs to the host that the proxy was asked for', async () => {
    using server = await startWitness()
    const trusting = { trustedProxies: ['127.0.0.1'] }
    await using gateway = startRouting(server.host, { origins: 'own' }, trusting)
    const lines = {
      Host: 'internal:8080',
      'X-Forwarded-Host': 'app.example.com',
      Origin: 'https://app.example.com',
      Cookie: 'session=1',
    }
    expect((await ask(gateway, upgradeRequest('/', lines))).status).toBe(101)
    const foreign = { ...lines, Origin: 'https://internal' }
    expect((await ask(gateway, upgradeRequest('/', foreign))).status).toBe(403)
  })

  test('is refused with what was wrong and what would let it in', async () => {
    await using gateway = startRouting('127.0.0.1:1', { origins: 'own' })
    const answer = await ask(
      gateway,
      upgradeRequest('/', { Cookie: 'a=1', Origin: 'https://evil.test' }),
    )
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
      detail:
        'a page of https://evil.test sends cookies for gateway.test; origins: [https://evil.test] in the route would let it in',
    })
  })
})

describe('where a route', () => {
  test.each<[readonly string[] | 'any', string, number]>([
    [['https://app.example.com'], 'https://app.example.com', 101],
    [['https://app.example.com'], 'https://APP.example.com', 101],
    [['https://app.example.com'], 'https://gateway.test', 403],
    [['https://app.example.com'], 'http://app.example.com', 403],
    [['https://app.example.com'], 'https://app.example.com:8443', 403],
    [['https://app.example.com'], 'null', 403],
    ['any', 'https://evil.test', 101],
    ['any', 'null', 101],
  ])('says %p, a page of %s gets %i, with cookies and without', async (origins, origin, status) => {
    using server = await startWitness()
    await using gateway = startRouting(server.host, { origins })
    for (const more of [{}, { Cookie: 'a=1' }]) {
      const answer = await ask(gateway, upgradeRequest('/', { Origin: origin, ...more }))
      expect(answer.status).toBe(status)
    }
  })
})

test('plain requests are not looked at: browsers guard them by themselves', async () => {
  using server = await startWitness()
  await using gateway = startRouting(server.host, { origins: 'own' })
  const request = pageRequest('/', 'Origin: https://evil.test', 'Cookie: a=1')
  expect((await ask(gateway, request)).status).toBe(200)
})
