/** Unix sockets on both sides. */
import { expect, test } from 'bun:test'
import { inEveryWebSocket } from './on-purpose.ts'
import { sideBySide } from './side-by-side.ts'

test('a WebSocket comes in by a Unix socket and leaves by one, behind the base path', async () => {
  await using both = await sideBySide('Unix sockets', { upstreams: ['/run/chat.sock'] })
  const { nginx, differences } = await both.visit('/run/edge.sock', { target: '/blue?since=1' })
  expect(nginx).toMatchObject({
    request: 'GET /base/blue?since=1 HTTP/1.1',
    'answer x-upstream': '/run/chat.sock',
    'request host': 'chat.example.com',
    echo: 'whole',
    close: 4321,
  })
  expect(differences).toEqual({
    ...inEveryWebSocket,
    // Nobody has an address here.
    'request x-forwarded-for': undefined,
    'request x-real-ip': undefined,
  })
}, 15_000)
