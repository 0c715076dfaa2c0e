/**
 * `sluice connect` as people use it: by TCP, TLS and Unix sockets, and what it says where it cannot.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readServer } from '../../src/cli/dial.ts'
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.ts'
import { runCommand } from '../support/command.ts'
import { startGateway } from '../support/gateway.ts'
import { startPeer, type Peer } from '../support/peer.ts'
import { listenTcp } from '../support/tcp.ts'
import { temporaryFile, temporaryPath } from '../support/temporary.ts'
import { switchAnswer } from '../support/websocket.ts'

const authority = makeAuthority()
const trusted = makeCertificate({ issuer: authority })

let server: Peer
beforeAll(async () => {
  server = await startPeer('ws-server.mjs')
})
afterAll(() => server.stop())

function startTls({ cert, key }: Certificate): Promise<Peer> {
  return startPeer('tls-server.mjs', '--cert', cert, '--key', key)
}

/** Says hello. */
function connect(...args: readonly string[]) {
  return runCommand(['connect', ...args], { input: 'hello\n' })
}

const greeted = { exitCode: 0, stdout: 'hello\n' }

describe('sluice connect', () => {
  test('says its lines and what comes back, and closes when its input ends', async () => {
    expect(await connect(`ws://${server.host}/chat`)).toEqual({
      ...greeted,
      stderr: 'connected\nclosed 1000\n',
    })
  })

  test('believes a server with a certificate of an authority that is named', async () => {
    await using tls = await startTls(trusted)
    for (const url of [`wss://${tls.host}/`, `https://localhost:${tls.port}`])
      expect(await connect(url, '--ca', authority.cert)).toMatchObject(greeted)
  })

  test('believes whoever answers with --insecure, and says so', async () => {
    await using tls = await startTls(makeCertificate({ days: -1 }))
    const { stderr, ...rest } = await connect(`wss://${tls.host}`, '--insecure')
    expect(rest).toEqual(greeted)
    expect(stderr).toStartWith('! --insecure: whoever answers is believed\n')
  })

  test.each<[string, () => Certificate, string]>([
    [
      'nobody that is believed',
      () => trusted,
      'its certificate is signed by nobody that is believed: name its authority with --ca FILE',
    ],
    [
      'itself',
      () => makeCertificate(),
      'its certificate is signed by itself: if it is the right one, name it with --ca FILE',
    ],
  ])('refuses a certificate that is signed by %s', async (_, certificate, fault) => {
    await using tls = await startTls(certificate())
    expect(await connect(`wss://${tls.host}`)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `✖ wss://${tls.host}: ${fault}. --insecure connects all the same\n`,
    })
  })

  test.each([
    ['ended', ['the server ended the connection without a Close']],
    // The kernel tells of a reset only if it comes before the client has ended by itself.
    [
      'reset',
      ['the server reset the connection', 'the server ended the connection without a Close'],
    ],
  ] as const)('says that a server %s it without a Close', async (farewell, sentences) => {
    using rude = await listenTcp(async (connection) => {
      const { headers } = await connection.message()
      const accept = acceptFor(headers['sec-websocket-key'] ?? '')
      connection.send(switchAnswer({ 'Sec-WebSocket-Accept': accept }))
      await connection.frame()
      if (farewell === 'ended') connection.end()
      else connection.reset()
    })
    const { exitCode, stdout, stderr } = await connect(`ws://${rude.host}`)
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(sentences.map((each) => `connected\n✖ ${each}\n`)).toContain(stderr)
  })

  test('refuses a certificate for another name, and sends nothing', async () => {
    const other = makeCertificate({ issuer: authority, names: 'DNS:other.example' })
    await using tls = await startTls(other)
    const { exitCode, stderr } = await connect(`wss://${tls.host}`, '--ca', authority.cert)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('its certificate is not for 127.0.0.1 but for')
    expect(tls.lines()).toEqual([])
  })

  test('shows a certificate that is named, where a server asks for one', async () => {
    const { cert, key } = trusted
    const files = ['--cert', cert, '--key', key, '--ca', authority.cert]
    await using tls = await startPeer('tls-server.mjs', ...files)
    const own = makeCertificate({ issuer: authority })
    const url = `wss://${tls.host}`
    const shown = ['--ca', authority.cert, '--cert', own.cert, '--key', own.key]
    expect(await connect(url, ...shown)).toMatchObject(greeted)
    expect(await connect(url, '--ca', authority.cert)).toMatchObject({ exitCode: 1 })
    const mixed = await connect(url, '--cert', own.cert, '--key', key)
    expect(mixed).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('the files of --cert and --key: '),
    })
  })

  test('goes by a Unix socket, with a path behind a second colon', async () => {
    const unix = temporaryPath('connect.sock')
    await using _ = startGateway(`
listeners: [{ unix: ${unix} }]
routes: [{ path: /chat, upstream: "ws://${server.host}" }]
`)
    expect(await connect(`ws+unix:${unix}:/chat?v=2`)).toMatchObject(greeted)
    expect(await connect(`ws+unix:${unix}`)).toMatchObject({
      exitCode: 1,
      stderr: `✖ ws+unix:${unix} answered 404 Not Found\n`,
    })
  })

  test('sends a header that is given in place of its own', async () => {
    await using gateway = startGateway(`
listeners: ["127.0.0.1:0"]
routes: [{ host: chat.example.com, upstream: "ws://${server.host}" }]
`)
    const url = `ws://${gateway.host}/`
    expect(await connect(url, '-H', 'Host: chat.example.com')).toMatchObject(greeted)
    expect(await connect(url)).toMatchObject({ exitCode: 1 })
  })

  test('says that a server without TLS has none', async () => {
    using plain = await listenTcp((connection) => connection.send('HTTP/1.1 400 No\n\n'))
    const { exitCode, stderr } = await connect(`wss://${plain.host}`)
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^✖ wss:\/\/127\.0\.0\.1:\d+: TLS failed: ./),
    ])
  })

  test.each([
    ['ws://127.0.0.1:1/', 'nothing listens there'],
    ['wss://127.0.0.1:1', 'nothing listens there'],
    ['ws+unix:/nowhere.sock', 'nothing listens there'],
    ['ws://nowhere.invalid', 'the name has no address'],
  ])('says of %s that %s', async (url, sentence) => {
    expect(await connect(url)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `✖ ${url}: ${sentence}\n`,
    })
  })

  test('says what is wrong with a file of authorities', async () => {
    const notes = temporaryFile('notes.txt', 'call me')
    const url = 'wss://127.0.0.1:1'
    const { stderr } = await connect(url, '--ca', notes)
    expect(stderr).toStartWith(`✖ ${url}: the file of --ca: ${notes} holds no certificate in PEM`)
    expect((await connect(url, '--ca', '/nowhere.pem')).stderr).toContain('there is no such file')
  })

  test.each([
    [['nonsense'], 'nonsense is not a URL'],
    [['ftp://localhost'], 'ftp://localhost is not a URL'],
    [['ws://localhost', '-H', 'no colon'], '"no colon" is not a header'],
    [['ws://localhost', '--insecure'], '--insecure is for wss://'],
    [['ws+unix:/run/a.sock', '--ca', 'ca.pem'], '--ca is for wss://'],
    [['wss://localhost', '--ca', 'ca.pem', '--insecure'], 'take one of them'],
  ])('refuses %p with 2', async (args, sentence) => {
    const { exitCode, stderr } = await connect(...args)
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence)])
  })
})

describe('the address of a server', () => {
  test.each([
    ['ws://localhost', { isTls: false, host: 'localhost', port: 80, target: '/' }],
    ['wss://[::1]/a?b=c', { isTls: true, host: '::1', port: 443, authority: '[::1]' }],
    ['https://a.example:8443/a/', { isTls: true, port: 8443, target: '/a/' }],
    ['ws+unix:/run/a.sock', { unix: '/run/a.sock', authority: 'localhost', target: '/' }],
    ['ws+unix:///run/a.sock:/b?c', { unix: '/run/a.sock', target: '/b?c' }],
    ['http+unix:./a.sock:/', { unix: './a.sock', target: '/' }],
  ])('%s is understood', (address, parts) => {
    expect(readServer(address)).toMatchObject(parts)
  })

  test.each(['', 'localhost:80', 'ws://', 'ws+unix:', 'ws+unix:/a?b', 'ws+unix:/a:b', 'mqtt://a'])(
    '%p is none',
    (address) => {
      expect(readServer(address)).toBeUndefined()
    },
  )
})
