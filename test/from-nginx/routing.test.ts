/** Which of several servers a client gets, by what its request says, by share, and by where it comes from. */
import { describe, expect, test } from 'bun:test'
import { inEveryWebSocket } from './on-purpose.ts'
import { example } from './page.ts'
import { sideBySide, type Side, type Sides } from './side-by-side.ts'
import { type } from './sluice-half.ts'
import type { Visit } from './visit.ts'

const [old, next] = ['10.0.0.1:9000', '10.0.0.2:9000']
const sides: Sides = { upstreams: [old, next] }

describe('some to the next version', () => {
  const title = 'Some to the next version'
  const users = Array.from({ length: 150 }, (_, index) => `user=${index}`)

  test('a header chooses it', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, {
      headers: { 'X-Beta': '1', Cookie: 'user=0' },
    })
    expect(nginx['answer x-upstream']).toBe(next)
    expect(differences).toEqual(inEveryWebSocket)
  }, 15_000)

  test('of all users about a fifth get it, the same ones every time', async () => {
    await using both = await sideBySide(title, sides)
    for (const side of [both.nginx, both.sluice]) {
      const first = await chosenFor(side, users)
      expect(await chosenFor(side, users)).toEqual(first)
      const share = first.filter((upstream) => upstream === next).length / users.length
      expect([side.name, share > 0.1 && share < 0.3]).toEqual([side.name, true])
    }
  }, 60_000)

  test('its share grows while the gateway runs, and nobody goes back', async () => {
    await using both = await sideBySide(title, sides)
    const { sluice, gateway } = both
    const few = users.slice(0, 40)
    let chosen = await chosenFor(sluice, few)
    for (const command of example(title).commands) {
      await type(gateway, command)
      const later = await chosenFor(sluice, few)
      expect(later.filter((_, index) => chosen[index] === next)).toEqual(
        chosen.filter((upstream) => upstream === next),
      )
      expect(later).not.toEqual(chosen)
      chosen = later
    }
    expect(new Set(chosen)).toEqual(new Set([next]))
  }, 15_000)

  async function chosenFor(side: Side, cookies: readonly string[]) {
    const chosen: unknown[] = []
    for (const Cookie of cookies) {
      const { 'answer x-upstream': upstream } = await side.visit(80, {
        kind: 'page',
        headers: { Cookie },
      })
      chosen.push(upstream)
    }
    return chosen
  }
})

describe('by what a request says', () => {
  const graphql = { 'Sec-WebSocket-Protocol': 'graphql-transport-ws' }
  const cases: readonly (readonly [string, Visit, string])[] = [
    ['another query', { target: '/chat?v=1' }, old],
    ['no query', { target: '/chat' }, old],
    ['the query', { target: '/chat?v=2' }, next],
    ['the query among others', { target: '/chat?a=b&v=2&c' }, next],
    ['the subprotocol', { target: '/graphql', headers: graphql }, next],
    [
      'another subprotocol',
      { target: '/graphql', headers: { 'Sec-WebSocket-Protocol': 'graphql-ws' } },
      old,
    ],
    ['no subprotocol', { target: '/graphql' }, old],
  ]

  test.each(cases)(
    '%s decides',
    async (_, wanted, upstream) => {
      await using both = await sideBySide('By what a request says', sides)
      const { nginx, differences } = await both.visit(80, wanted)
      expect(nginx).toMatchObject({ 'answer x-upstream': upstream, echo: 'whole' })
      expect(differences).toEqual(inEveryWebSocket)
    },
    15_000,
  )

  test.each(['example.com', 'chat.example.org'])(
    '%s is no name for it',
    async (Host) => {
      await using both = await sideBySide('By what a request says', sides)
      const { nginx, sluice } = await both.visit(80, { target: '/chat', headers: { Host } })
      for (const seen of [nginx, sluice])
        expect(seen).toMatchObject({ status: 'HTTP/1.1 404 Not Found', requests: 0 })
    },
    15_000,
  )
})

describe("only pages of one's own", () => {
  const title = "Only pages of one's own"

  test.each(['https://app.example.com', 'https://www.example.com'])(
    '%s may connect',
    async (Origin) => {
      await using both = await sideBySide(title)
      const { nginx, differences } = await both.visit(80, { headers: { Origin } })
      expect(nginx).toMatchObject({ echo: 'whole', 'request origin': Origin })
      expect(differences).toEqual(inEveryWebSocket)
    },
    15_000,
  )

  test.each([
    'https://evil.example',
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'null',
  ])(
    '%s may not',
    async (Origin) => {
      await using both = await sideBySide(title)
      const { nginx, sluice } = await both.visit(80, { headers: { Origin } })
      for (const seen of [nginx, sluice])
        expect(seen).toMatchObject({ status: 'HTTP/1.1 403 Forbidden', requests: 0 })
    },
    15_000,
  )

  test('what is no page says no origin and is let in, where nginx refuses it', async () => {
    await using both = await sideBySide(title)
    const { nginx, sluice } = await both.visit(80, {})
    expect(nginx).toMatchObject({ status: 'HTTP/1.1 403 Forbidden' })
    expect(sluice).toMatchObject({ echo: 'whole' })
  }, 15_000)
})
