/** Headers that are set, changed and removed, and whose word about the client counts. */
import { describe, expect, test } from 'bun:test'
import { inEveryWebSocket } from './on-purpose.ts'
import { sideBySide, type Differences, type Sides } from './side-by-side.ts'

const title = 'Headers set, changed and removed'
const proxy = '127.0.0.7'
const sides: Sides = { replace: { '10.0.0.0/8': `${proxy}/32` } }
const strangersFields: Differences = {
  'request x-forwarded-for': undefined,
  'request x-real-ip': undefined,
}

describe('headers set, changed and removed', () => {
  test('the server gets what is set and not what is removed', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, {
      target: '/?room=blue',
      headers: { 'X-Gateway': 'a claim', 'X-Room': 'another', Cookie: 'secret=1' },
    })
    expect(nginx).toMatchObject({ 'request x-gateway': 'edge-1', 'request x-room': 'blue' })
    expect(nginx['request cookie']).toBeUndefined()
    expect(differences).toEqual({ ...inEveryWebSocket, ...strangersFields })
  }, 15_000)

  test('the server gets the name in Host alone, in lower case and without port', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, {
      headers: { Host: 'Chat.Example.com:8080' },
    })
    expect(nginx).toMatchObject({ 'request host': 'chat.example.com' })
    expect(differences).toEqual({
      ...inEveryWebSocket,
      ...strangersFields,
      'request x-forwarded-host': [undefined, 'Chat.Example.com:8080'],
    })
  }, 15_000)

  test('a header set from what the request does not have is left out', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, { headers: { 'X-Room': 'a claim' } })
    expect(nginx['request x-room']).toBeUndefined()
    expect(differences).toEqual({ ...inEveryWebSocket, ...strangersFields })
  }, 15_000)

  test('the client gets what is set and not what is removed, on the 101 too', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx } = await both.visit(80, {})
    expect(nginx).toMatchObject({ 'answer strict-transport-security': 'max-age=63072000' })
    expect(nginx['answer x-upstream']).toBeUndefined()
  }, 15_000)
})

describe('the address of a client', () => {
  const chain = '198.51.100.1, 192.0.2.44'

  test('is what a trusted proxy says, and that proxy is named in turn', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, {
      from: proxy,
      headers: { 'X-Forwarded-For': chain, 'X-Forwarded-Proto': 'https' },
    })
    expect(nginx).toMatchObject({
      'request x-real-ip': '192.0.2.44',
      'request x-forwarded-proto': 'https',
    })
    expect(differences).toEqual({
      ...inEveryWebSocket,
      'request x-real-ip': undefined,
      'request x-forwarded-proto': undefined,
      // nginx says the client's address once more, and nobody's that the client came by.
      'request x-forwarded-for': [`${chain}, 192.0.2.44`, `${chain}, ${proxy}`],
    })
  }, 15_000)

  test('goes past trusted proxies further away', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, sluice } = await both.visit(80, {
      from: proxy,
      headers: { 'X-Forwarded-For': `${chain}, ${proxy}` },
    })
    expect([nginx['request x-real-ip'], sluice['request x-real-ip']]).toEqual([
      '192.0.2.44',
      '192.0.2.44',
    ])
  }, 15_000)

  test('is not what a stranger says', async () => {
    await using both = await sideBySide(title, sides)
    const { nginx, differences } = await both.visit(80, {
      from: '127.0.0.9',
      headers: { 'X-Forwarded-For': chain, 'X-Real-IP': '192.0.2.1', 'X-Forwarded-Proto': 'https' },
    })
    expect(nginx).toMatchObject({ 'request x-real-ip': '127.0.0.9' })
    expect(differences).toEqual({
      ...inEveryWebSocket,
      'request x-real-ip': undefined,
      'request x-forwarded-for': [`${chain}, 127.0.0.9`, '127.0.0.9'],
      'request x-forwarded-proto': ['https', 'http'],
    })
  }, 15_000)
})
