/**
 * Certificates of listeners and upstreams: how they are given, and the files that hold them.
 */
import { describe, expect, test } from 'bun:test'
import { makeCertificate } from '../../support/certificates.ts'
import { load, certificates, configOf, told } from '../checking.ts'

const file = (tls: string) => `listeners: [{ port: 1, tls: ${tls} }]\nroutes: [{ respond: {} }]\n`
const tlsOf = (tls: string) => configOf(file(tls), certificates).listeners[0]?.tls
const pair = 'cert: chat.pem, key: chat-key.pem'

describe('tls of a listener', () => {
  test('is a certificate and its key, their files beside the configuration', () => {
    expect(tlsOf(`{ ${pair} }`)).toEqual([
      {
        cert: '/etc/sluice/chat.pem',
        key: '/etc/sluice/chat-key.pem',
        names: [],
        min: '1.2',
        client: undefined,
      },
    ])
  })

  test('may be a list of them, for server names of their own', () => {
    const both = tlsOf(
      `[{ ${pair}, names: Chat.Example.com }, { cert: www.pem, key: www-key.pem, names: [www.example.com, "*.example.org"] }]`,
    )
    expect(both?.map((each) => each.names)).toEqual([
      ['chat.example.com'],
      ['www.example.com', '*.example.org'],
    ])
  })

  test.each([
    ['1.2', '1.2'],
    ['"1.2"', '1.2'],
    ['1.3', '1.3'],
    ['"1.3"', '1.3'],
  ])('takes min: %s, with quotes or without', (min, version) => {
    expect(tlsOf(`{ ${pair}, min: ${min} }`)?.[0]?.min).toBe(version as '1.2')
  })

  test.each([
    ['ca.pem', true],
    ['{ ca: ca.pem }', true],
    ['{ ca: ca.pem, require: false }', false],
  ])('asks clients for a certificate with client: %s', (client, isRequired) => {
    expect(tlsOf(`{ ${pair}, client: ${client} }`)?.[0]?.client).toEqual({
      ca: '/etc/sluice/ca.pem',
      isRequired,
    })
  })

  test.each([
    ['[]', 'tls: needs at least one certificate'],
    [
      'chat.pem',
      'tls: must be a mapping with cert and key, or a list of such mappings, not "chat.pem"',
    ],
    [`{ ${pair}, min: 1.4 }`, 'tls.min: must be 1.2 or 1.3, not 1.4'],
    [`{ ${pair}, min: TLSv1.3 }`, 'tls.min: must be 1.2 or 1.3, not "TLSv1.3"; write min: "1.3"'],
    [
      `{ ${pair}, names: [10.0.0.1] }`,
      'tls.names[0]: "10.0.0.1" is an address; clients that ask by address get the first certificate',
    ],
    [
      `{ ${pair}, client: chat-key.pem }`,
      'tls.client: holds a private key and no certificate; are two files mixed up?',
    ],
    [
      `{ ${pair}, client: { ca: none.pem } }`,
      'tls.client.ca: cannot read the file "none.pem" (ENOENT); it was looked for at /etc/sluice/none.pem',
    ],
    [
      `[{ ${pair} }, { ${pair} }]`,
      'tls[1].cert: the name "*.chat.example.com" is already that of listeners[0].tls[0] (line 1)',
    ],
    [
      `[{ ${pair}, names: a.com }, { cert: www.pem, key: www-key.pem, names: [b.com, A.com] }]`,
      'tls[1].names: the name "a.com" is already that of listeners[0].tls[0] (line 1)',
    ],
    [
      '{ cert: ca.pem, key: ca.pem }',
      'tls.key: holds a certificate and no private key; are two files mixed up?',
    ],
    [
      '{ cert: chat.pem, key: notes }',
      'tls.key: cannot read the file "notes" (ENOENT); it was looked for at /etc/sluice/notes',
    ],
  ])('is refused as %s', (tls, sentence) => {
    expect(told(file(tls), certificates).map((each) => each.replace(/^\S+ /, ''))).toEqual([
      `listeners[0].${sentence}`,
    ])
  })

  test('takes a name that another listener has too', () => {
    const text = `listeners: [{ port: 1, tls: { ${pair} } }, { port: 2, tls: { ${pair} } }]\nroutes: [{ respond: {} }]\n`
    expect(told(text, certificates)).toEqual([])
  })

  test('takes an address that another certificate of the listener is for too', () => {
    const [one, other] = [
      makeCertificate({ names: 'DNS:one.example,IP:127.0.0.1' }),
      makeCertificate({ names: 'DNS:other.example,IP:127.0.0.1' }),
    ]
    const files = {
      '/etc/sluice/one.pem': one.certPem,
      '/etc/sluice/one-key.pem': one.keyPem,
      '/etc/sluice/other.pem': other.certPem,
      '/etc/sluice/other-key.pem': other.keyPem,
    }
    const both = '[{ cert: one.pem, key: one-key.pem }, { cert: other.pem, key: other-key.pem }]'
    expect(told(file(both), { ...certificates, files })).toEqual([])
  })

  test('takes a chain whose first certificate is the own one, and no other order', () => {
    const { files = {} } = certificates
    const [own = '', authority = ''] = [files['/etc/sluice/chat.pem'], files['/etc/sluice/ca.pem']]
    const withChain = (chain: string) =>
      told(file('{ cert: chain.pem, key: chat-key.pem }'), {
        ...certificates,
        files: { ...files, '/etc/sluice/chain.pem': chain },
      })
    expect(withChain(own + authority)).toEqual([])
    expect(withChain(authority + own)[0]).toEndWith(
      "is not the key of the certificate; it is that of certificate 2 in its file; the server's own comes first",
    )
  })

  test.each([
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'number 1 in it'],
    ['', 'PEM begins with -----BEGIN CERTIFICATE-----'],
  ])('names what is wrong with a certificate %p', (pem, end) => {
    const files = { ...certificates.files, '/etc/sluice/odd.pem': pem }
    const [sentence] = told(file('{ cert: odd.pem, key: chat-key.pem }'), {
      ...certificates,
      files,
    })
    expect(sentence).toEndWith(end)
  })

  test('never quotes a key', () => {
    const secret = 'MIIBszCCAVmgAwIBAgIU'
    const files = {
      ...certificates.files,
      '/etc/sluice/odd.pem': `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
    }
    const loaded = load(file('{ cert: chat.pem, key: odd.pem }'), { ...certificates, files })
    expect(JSON.stringify(loaded)).toContain('holds a private key that cannot be decoded')
    expect(JSON.stringify(loaded)).not.toContain(secret)
  })

  test('reads a file that is named often once', () => {
    const listeners = [1, 2, 3].map((port) => `{ port: ${port}, tls: { ${pair} } }`).join(', ')
    const text = `listeners: [${listeners}]\nroutes: [{ respond: {} }]\n`
    const read: string[] = []
    const files = new Proxy(certificates.files ?? {}, {
      get(all, path) {
        read.push(String(path))
        return Reflect.get(all, path)
      },
    })
    expect(told(text, { ...certificates, files })).toEqual([])
    expect(read).toEqual(['/etc/sluice/chat.pem', '/etc/sluice/chat-key.pem'])
  })
})

describe('tls of an upstream', () => {
  const text = (tls: string, url = 'wss://a') =>
    `upstreams: { chat: { endpoints: ["${url}"], tls: ${tls} } }\nlisteners: [1]\nroutes: [{ upstream: chat }]\n`

  test('names its files and the server', () => {
    const tls =
      '{ ca: ca.pem, cert: chat.pem, key: chat-key.pem, server-name: Chat.internal, verify: false }'
    expect(configOf(text(tls), certificates).upstreams[0]?.tls).toEqual({
      ca: '/etc/sluice/ca.pem',
      cert: '/etc/sluice/chat.pem',
      key: '/etc/sluice/chat-key.pem',
      serverName: 'chat.internal',
      isVerified: false,
    })
  })

  test.each([
    ['{ key: chat-key.pem }', 'tls.cert: is missing; key and cert go together'],
    ['{ cert: chat.pem, key: www-key.pem }', 'tls.key: is not the key of the certificate'],
    ['{ server-name: "*.internal" }', 'tls.server-name: must be one name, not "*.internal"'],
    ['{ verify: on }', 'tls.verify: must be true or false, not "on"; write true'],
  ])('is refused as %s', (tls, sentence) => {
    const problems = told(text(tls), certificates).map((each) => each.replace(/^\S+ /, ''))
    expect(problems).toEqual([`upstreams.chat.${sentence}`])
  })

  test('means nothing where no endpoint has TLS, and its files are not read then', () => {
    expect(told(text('{ ca: none.pem }', 'ws://a'))).toEqual([
      '1:45+3 upstreams.chat.tls: means nothing here: no endpoint has TLS; endpoints with TLS are wss:// or https://',
    ])
  })
})
