/** Whole gateways with TLS in front: what holds for plain clients holds for these. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { makeCertificate } from '../support/certificates.ts'
import { bigPage, curl, sha256 } from '../support/curl.ts'
import { relayTo, startGateway, type RunningGateway } from '../support/gateway.ts'
import { heardIn } from '../support/heard.ts'
import { adapt } from '../support/page.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { dialTls, listenTcp, type TlsConnection } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'
import {
  encodeClose,
  encodeFrame,
  Opcode,
  switchAnswer,
  upgradeRequest,
} from '../support/websocket.ts'

const MB = 1024 * 1024
const certificate = makeCertificate()
const ca = certificate.certPem

/** The same configuration with TLS on its listener. */
function startSecure(yaml: string): RunningGateway {
  const { cert, key } = certificate
  const listener = JSON.stringify({ address: '127.0.0.1', port: 0, tls: { cert, key } })
  return startGateway(adapt(yaml, { '"127.0.0.1:0"': listener }))
}

const dial = (gateway: RunningGateway) => dialTls(gateway.port, { ca, servername: 'localhost' })

/** A client whose upgrade has been answered with 101. */
async function openSession(gateway: RunningGateway, path = '/'): Promise<TlsConnection> {
  const client = await dial(gateway)
  client.send(upgradeRequest(path))
  expect((await client.message()).status).toBe(101)
  return client
}

describe('with curl in front, and Node behind,', () => {
  let server: Peer
  let gateway: RunningGateway
  const url = (path: string) => `https://localhost:${gateway.port}${path}`
  const trust = ['--cacert', certificate.cert, '--connect-to', '::127.0.0.1:']

  beforeAll(async () => {
    server = await startPeer('http-server.mjs')
    gateway = startSecure(relayTo(`http://${server.host}`))
  })
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await server.stop()
  })

  test('requests follow each other on one connection', async () => {
    const result = await curl(...trust, url('/hello'), url('/hello'), url('/hello'))
    expect(result.body.toString()).toBe('hellohellohello')
    expect(result.transfers.map(({ num_connects }) => num_connects)).toEqual([1, 0, 0])
  })

  test('an upload of 50 MB arrives unchanged', async () => {
    const file = temporaryPath('upload')
    const bytes = Buffer.alloc(50 * MB)
    for (let start = 0; start < bytes.length; start += 65_536)
      crypto.getRandomValues(bytes.subarray(start, start + 65_536))
    await Bun.write(file, bytes)
    const result = await curl(...trust, '-H', 'Expect:', '-T', file, url('/upload'))
    expect(JSON.parse(result.body.toString())).toMatchObject({
      bytes: 50 * MB,
      sha256: sha256(bytes),
    })
  }, 30_000)

  test('a download of 30 MB arrives unchanged, also when the client is slow', async () => {
    const slow = ['--limit-rate', '20M']
    for (const options of [[], slow]) {
      const result = await curl(...trust, ...options, url(`/big?size=${30 * MB}`))
      expect(result.sha256).toBe(sha256(bigPage(30 * MB)))
    }
  }, 30_000)
})

describe('a session', () => {
  test('carries what either side says, and its end', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startSecure(relayTo(`ws://${server.host}`))
    using client = await openSession(gateway)
    client.send(encodeFrame(Opcode.text, 'over and back', { isMasked: true }))
    expect((await client.frame()).payload.toString()).toBe('over and back')
    client.send(encodeClose(4001, 'enough', { isMasked: true }))
    expect((await client.frame()).opcode).toBe(Opcode.close)
    expect(await client.farewell).toBe('ended')
    client.end()
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', code: 4001 })
  })

  test('ends for its server when the client vanishes', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startSecure(relayTo(`ws://${server.host}`))
    const client = await openSession(gateway)
    client.reset()
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', code: 1006 })
    expect(gateway.gateway.sessions).toBe(0)
  })

  test('loses nothing when the server ends while the client is still sending', async () => {
    const tail = Buffer.alloc(2 * MB, 'x')
    using server = await listenTcp(async (connection) => {
      await connection.until(/\r\n\r\n/)
      connection.send(switchAnswer())
      await connection.frame()
      const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x20, 0, 0])
      connection.send(Buffer.concat([head, tail, encodeClose(1000, 'done', { isMasked: false })]))
      connection.end()
    })
    await using gateway = startSecure(
      relayTo(`ws://${server.host}`, 'limits: { message: 4MB, frame: 4MB }'),
    )
    using client = await openSession(gateway)
    const sending = encodeFrame(Opcode.text, 'sending', { isMasked: true })
    client.send(sending)
    const frames = setInterval(() => client.send(sending), 1)
    const heard = heardIn(Buffer.from(await client.until(/done$/), 'latin1'))
    clearInterval(frames)
    expect(heard.map(({ opcode }) => opcode)).toEqual([Opcode.binary, Opcode.close])
    expect(heard[0]?.payload.equals(tail)).toBe(true)
    client.end()
    await gateway.event('session-closed')
  })

  test('of a client that reads late has every byte, and its server is held back meanwhile', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startSecure(relayTo(`ws://${server.host}`))
    using client = await openSession(gateway, `/late?flood=${32 * MB}`)
    client.pause()
    const sent: unknown[] = []
    // The server reports ten times a second; five reports alike are a standstill.
    const last = await server.line((line) => {
      if (line['event'] === 'flood') sent.push(line['sentBytes'])
      return line['isDone'] === true || (sent.length > 5 && sent.at(-1) === sent.at(-5))
    })
    expect(last).toMatchObject({ isDone: false })
    client.discard()
    await server.line(({ isDone }) => isDone === true)
  }, 20_000)

  test('is cut when its client takes nothing for timeout.send', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startSecure(relayTo(`ws://${server.host}`, 'timeout: { send: 200ms }'))
    using client = await openSession(gateway, `/late?flood=${32 * MB}`)
    client.pause()
    const { end } = await gateway.event('session-closed')
    expect(end).toMatchObject({ by: 'client', reason: 'stalled' })
  }, 20_000)

  test('is closed with 1012 when the gateway leaves', async () => {
    await using server = await startPeer('ws-server.mjs')
    await using gateway = startSecure(`${relayTo(`ws://${server.host}`)}leave: { window: 0s }\n`)
    using client = await openSession(gateway)
    const left = gateway.gateway.leave()
    const { opcode, payload } = await client.frame()
    expect([opcode, payload.readUInt16BE(0)]).toEqual([Opcode.close, 1012])
    client.send(encodeClose(1012, '', { isMasked: true }))
    expect(await client.farewell).toBe('ended')
    client.end()
    await left
  })
})

test("openssl, whose TLS is not the runtime's own, is served too", async () => {
  await using gateway = startSecure(
    'listeners: ["127.0.0.1:0"]\nroutes: [{ respond: { body: ok } }]\n',
  )
  const options = ['-connect', `127.0.0.1:${gateway.port}`, '-servername', 'localhost', '-quiet']
  const client = Bun.spawn(
    ['openssl', 's_client', ...options, '-CAfile', certificate.cert, '-verify_return_error'],
    {
      stdin: Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
      stderr: 'ignore',
    },
  )
  expect(await client.stdout.text()).toEndWith('ok')
})
