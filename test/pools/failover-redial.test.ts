/**
 * Who gets a session whose server is lost: what the next one must agree to, how long one is looked for,
 * and what the client is told when there is none.
 */
import { describe, expect, test } from 'bun:test'
import { openBareClient, startBareServer, type BareEnd } from '../support/bare-peers.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { failingOver } from '../support/failing-over.ts'
import { startGatewayHere } from '../support/gateway.ts'
import { dialTls } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import { Opcode } from '../support/websocket.ts'

/** Whether the client and this server hear each other. */
async function expectTalk(client: BareEnd, server: BareEnd): Promise<void> {
  const [toServer, toClient] = [server.heard.length + 1, client.heard.length + 1]
  client.say('to the server')
  expect((await server.hears(toServer)).at(-1)).toBe('text to the server')
  server.say('to the client')
  expect((await client.hears(toClient)).at(-1)).toBe('text to the client')
}

const deflate = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }

describe('where all servers are gone', () => {
  test('the session goes on at the first that is back', async () => {
    await using one = await startBareServer()
    await using two = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two]))
    using client = await openBareClient(gateway)
    await one.end()
    two.kill()
    one.kill()
    await gateway.event('attempt-failed', ({ endpoint }) => endpoint === one.url)
    await using back = await startBareServer({ port: two.port })
    await expectTalk(client, await back.end())
    expect(await gateway.event('session-moved')).toMatchObject({ from: one.url, to: two.url })
  })

  test('for longer than wait, the client is closed with 1013', async () => {
    await using one = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one], '{ mode: transparent, wait: 200ms }'))
    using client = await openBareClient(gateway)
    await one.end()
    one.kill()
    await client.farewell
    expect(client.heard).toEqual(['close 1013'])
    expect((await gateway.event('session-closed')).end).toMatchObject({ by: 'gateway', code: 1013 })
    expect(gateway.gateway.sessions).toBe(0)
  })
})

describe('the next server', () => {
  test.each([401, 403, 404])('that answers %d is believed: 4000 more is told', async (status) => {
    await using one = await startBareServer()
    await using two = await startBareServer({ answer: () => status })
    await using three = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two, three]))
    using client = await openBareClient(gateway)
    const first = await one.end()
    first.cut()
    await client.farewell
    expect(client.heard).toEqual([`close ${4000 + status}`])
    expect(three.ends).toHaveLength(0)
    expect((await gateway.event('session-closed')).end).toMatchObject({ reason: 'REDIAL_REFUSED' })
  })

  test('that answers 503 is passed over', async () => {
    await using one = await startBareServer()
    await using two = await startBareServer({ answer: () => 503 })
    await using three = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two, three]))
    using client = await openBareClient(gateway)
    const first = await one.end()
    first.cut()
    await expectTalk(client, await three.end())
  })

  test('that agrees to another subprotocol, or to none, is passed over', async () => {
    const speaking = (name: string) => ({ 'Sec-WebSocket-Protocol': name })
    await using one = await startBareServer({ answer: () => speaking('chat.2') })
    await using two = await startBareServer({ answer: () => speaking('chat.1') })
    await using three = await startBareServer()
    await using four = await startBareServer({ answer: () => speaking('chat.2') })
    await using gateway = startGatewayHere(failingOver([one, two, three, four]))
    const headers = { 'Sec-WebSocket-Protocol': 'chat.1, chat.2' }
    using client = await openBareClient(gateway, { headers })
    const first = await one.end()
    await expectTalk(client, first)
    first.cut()
    await expectTalk(client, await four.end())
  })

  test('that only pretends to be one is passed over', async () => {
    await using one = await startBareServer()
    await using two = await startBareServer({ answer: () => ({ 'Sec-WebSocket-Accept': 'no' }) })
    await using three = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two, three]))
    using client = await openBareClient(gateway)
    const first = await one.end()
    first.cut()
    await expectTalk(client, await three.end())
  })

  test('that does not compress as the client was told is passed over', async () => {
    const told = { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=10' }
    await using one = await startBareServer({ answer: () => told })
    await using two = await startBareServer()
    // Its window is larger than the client has been told to keep.
    await using three = await startBareServer({ answer: () => deflate })
    await using four = await startBareServer({ answer: () => told })
    await using gateway = startGatewayHere(failingOver([one, two, three, four]))
    const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=10' }
    using client = await openBareClient(gateway, { headers })
    const first = await one.end()
    first.cut()
    expect((await gateway.event('session-moved')).to).toBe(four.url)
    expect(client.heard).toEqual([])
  })

  test('that compresses though the client was told nothing of it is passed over', async () => {
    let answer: Readonly<Record<string, string>> = {}
    await using one = await startBareServer({ answer: () => answer })
    await using two = await startBareServer({ answer: () => answer })
    await using three = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two, three]))
    using client = await openBareClient(gateway, { headers: deflate })
    const first = await one.end()
    answer = deflate
    first.cut()
    await expectTalk(client, await three.end())
  })

  test('has no window of what the client has said: it is told so with its 101', async () => {
    await using one = await startBareServer({ answer: () => deflate })
    await using gateway = startGatewayHere(failingOver([one]))
    using client = await openBareClient(gateway, { headers: deflate })
    const [answer = ''] = client.head.all('Sec-WebSocket-Extensions')
    expect(answer.split(/; */)).toEqual(['permessage-deflate', 'client_no_context_takeover'])
    await using other = await startBareServer({ answer: () => deflate })
    await using without = startGatewayHere(failingOver([other], 'off'))
    using kept = await openBareClient(without, { headers: deflate })
    expect(kept.head.all('Sec-WebSocket-Extensions')).toEqual(['permessage-deflate'])
  })

  test('that is lost before it has said a word is followed by another', async () => {
    await using one = await startBareServer()
    await using two = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two]))
    using client = await openBareClient(gateway)
    let last = await one.end()
    client.say('0')
    await last.hears(1)
    one.kill()
    for (let number = 0; number < 5; number++) {
      last.cut()
      last = await two.end(number)
    }
    await expectTalk(client, last)
    expect(last.head.all('Sluice-Failover')).toEqual(['5'])
  })

  test('gets what the client wants of it and never a Close that was meant for the one before', async () => {
    await using one = await startBareServer()
    await using two = await startBareServer()
    await using gateway = startGatewayHere(failingOver([one, two]))
    using client = await openBareClient(gateway)
    const first = await one.end()
    first.close(1001)
    const second = await two.end()
    await expectTalk(client, second)
    expect(second.heard).toEqual(['text to the server'])
  })
})

describe('a session moves', () => {
  const authority = makeAuthority()
  const { certPem: cert, keyPem: key } = makeCertificate({ issuer: authority })

  test('with TLS on both sides', async () => {
    await using one = await startBareServer({ tls: { cert, key } })
    await using two = await startBareServer({ tls: { cert, key } })
    const yaml = failingOver([one, two], 'transparent', {
      upstream: `tls: { ca: ${authority.cert} }`,
    })
    const certificate = makeCertificate({ issuer: authority })
    const tls = JSON.stringify({ cert: certificate.cert, key: certificate.key })
    await using gateway = startGatewayHere(
      yaml.replace('["127.0.0.1:0"]', `[{ address: 127.0.0.1, port: 0, tls: ${tls} }]`),
    )
    const { socket } = await dialTls(gateway.port, { ca: authority.certPem })
    socket.removeAllListeners('data')
    using client = await openBareClient(gateway, { socket })
    const first = await one.end()
    await expectTalk(client, first)
    first.write(first.frame(Opcode.text, 'half').subarray(0, 4))
    first.end()
    await expectTalk(client, await two.end())
  })

  test('between Unix sockets', async () => {
    const paths = ['one', 'two'].map((name) => temporaryPath(`${name}.sock`)) as [string, string]
    await using one = await startBareServer({ path: paths[0] })
    await using two = await startBareServer({ path: paths[1] })
    const urls = paths.map((path) => ({ url: `ws+unix:${path}` }))
    await using gateway = startGatewayHere(failingOver(urls))
    using client = await openBareClient(gateway)
    const first = await one.end()
    await expectTalk(client, first)
    first.cut()
    const second = await two.end()
    await expectTalk(client, second)
    expect(second.head.all('Sluice-Previous-Endpoint')).toEqual([urls[0]?.url ?? ''])
  })
})
