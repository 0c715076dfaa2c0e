/**
 * What is kept of a file as it was written.
 */
import { expect, test } from 'bun:test'
import { configOf } from './checking.ts'

const text = `
listeners: [8080, "127.0.0.1:\${env:PORT}", { name: inside, unix: /run/a.sock }]
defaults:
  listener: { limits: { head: 32KB } }
  upstream: { timeout: { connect: "\${env:SOON}" } }
  route: { limits: { messages: 50/s } }
upstreams:
  chat: [ws://a, "ws://\${env:HOST}"]
  one: ws://a
routes:
  - { path: /a, upstream: chat, limits: { sessions: 5 } }
  - { path: /b, upstream: { one: 1, ws://z: 1 }, origins: ["https://\${env:HOST}.com"] }
admin: { port: 9090, token: "\${file:token}" }
leave: { window: 1s }
`
const world = {
  file: '/etc/sluice/sluice.yaml',
  env: { PORT: '8081', SOON: '1s', HOST: 'b' },
  files: { '/etc/sluice/token': '0123456789abcdef\n' },
}
const { written } = configOf(text, world)

test('each item is a mapping with its defaults, under the name that the gateway calls it by', () => {
  const limits = { head: '32KB' }
  expect(Object.fromEntries(written.listeners)).toEqual({
    '8080': { port: 8080, limits },
    '8081': { address: '127.0.0.1', port: 8081, limits },
    inside: { name: 'inside', unix: '/run/a.sock', limits },
  })
  const timeout = { connect: '1s' }
  expect(Object.fromEntries(written.upstreams)).toEqual({
    chat: { endpoints: ['ws://a', 'ws://b'], timeout },
    one: { endpoints: ['ws://a'], timeout },
    'ws://z': { endpoints: ['ws://z'], timeout },
  })
  expect(written.routes.get('/a')).toEqual({
    path: '/a',
    upstream: 'chat',
    limits: { messages: '50/s', sessions: 5 },
  })
  expect(Object.keys(written.parts)).toEqual(['admin', 'leave'])
})

test('nothing in it can be called', () => {
  expect(structuredClone(written)).toEqual(written)
})

test('the files that were read for references are known, those that are only named are not', () => {
  expect(written.files).toEqual(['/etc/sluice/token'])
})

test('where a variable or a file stood is known, by the names that things have', () => {
  expect([...written.references].toSorted()).toEqual([
    'admin.token',
    'defaults.upstream.timeout.connect',
    'listeners.8081.address',
    'listeners.8081.port',
    'routes./b.origins.0',
    'upstreams.chat.endpoints.1',
  ])
})
