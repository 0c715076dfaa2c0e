/**
 * Who may ask what of the admin port: each line is an attack or an honest caller, each with the
 * defence that decides.
 */
import { describe, expect, test } from 'bun:test'
import { changeFault, scrapeFault, viewFault, type AdminAccess } from '../../src/admin/guard.ts'

const access: AdminAccess = { address: '127.0.0.1', unix: undefined, token: 's3cret' }
const token = { authorization: 'Bearer s3cret' }

function asked(headers: Readonly<Record<string, string>>): Request {
  return new Request('http://127.0.0.1:9090/', { headers: { host: '127.0.0.1:9090', ...headers } })
}

describe('who is connected', () => {
  test.each([
    '127.0.0.1:9090',
    '127.0.0.1',
    'localhost:9090',
    'LOCALHOST',
    '[::1]:9090',
    '10.1.2.3:80',
  ])('is shown to who asks by the address, as %s', (host) => {
    expect(viewFault(asked({ host }), access)).toBeUndefined()
  })

  test.each([
    ['a name that leads here (DNS rebinding)', 'evil.example:9090'],
    ['a name that only begins like the address', '127.0.0.1.evil.example'],
    ['a name that only ends like it', 'evil.localhost'],
    ['two hosts', '127.0.0.1, evil.example'],
    ['no host', ''],
  ])('is not shown to a page that asks by %s', (_, host) => {
    expect(viewFault(asked({ host }), access)).toMatchObject({ status: 421 })
  })

  test('is shown by the name that the admin port is configured with', () => {
    const named = { ...access, address: 'localhost' }
    expect(viewFault(asked({ host: 'localhost:9090' }), named)).toBeUndefined()
  })
})

describe('metrics', () => {
  test('of a loopback address are guarded like the rest', () => {
    expect(scrapeFault(asked({ host: 'evil.example' }), access)).toMatchObject({ status: 421 })
  })

  test('of an address in a network are scraped by any name', () => {
    const network = { ...access, address: '0.0.0.0' }
    expect(scrapeFault(asked({ host: 'sluice.monitoring.svc:9090' }), network)).toBeUndefined()
  })
})

describe('a change', () => {
  test.each([
    ['with the token', {}],
    [
      'from a page of this port',
      { origin: 'http://127.0.0.1:9090', 'sec-fetch-site': 'same-origin' },
    ],
    ['typed into a browser', { 'sec-fetch-site': 'none' }],
  ])('is let in %s', (_, headers) => {
    expect(changeFault(asked({ ...token, ...headers }), access)).toBeUndefined()
  })

  test.each([
    ['with a foreign Origin', { origin: 'https://evil.example' }, 403],
    ['with the Origin of another port', { origin: 'http://127.0.0.1:8080' }, 403],
    ['with the Origin null', { origin: 'null' }, 403],
    ['from another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['from a neighbouring site', { 'sec-fetch-site': 'same-site' }, 403],
    ['by a name that leads here', { host: 'evil.example', origin: 'http://evil.example' }, 421],
  ])('is refused %s, token or not', (_, headers, status) => {
    expect(changeFault(asked({ ...token, ...headers }), access)).toMatchObject({ status })
  })

  test.each([
    ['without a token', undefined],
    ['with another token', 'Bearer s3creu'],
    ['with the beginning of the token', 'Bearer s3cre'],
    ['with more than the token', 'Bearer s3cret2'],
    ['with the token as a password', `Basic ${btoa('s3cret')}`],
    ['with an empty token', 'Bearer '],
  ])('is refused %s, and told how to show one', (_, authorization) => {
    const headers = authorization === undefined ? {} : { authorization }
    expect(changeFault(asked(headers), access)).toMatchObject({
      status: 401,
      headers: { 'WWW-Authenticate': expect.stringContaining('Bearer') },
    })
  })

  test('is refused to everybody where no token is configured', () => {
    const open = { ...access, token: undefined }
    for (const headers of [
      {},
      token,
      { authorization: 'Bearer ' },
      { authorization: 'Bearer undefined' },
    ])
      expect(changeFault(asked(headers), open)).toMatchObject({
        status: 403,
        title: expect.stringContaining('set admin.token'),
      })
  })

  test('needs no token on a Unix socket, whose file says who may', () => {
    const socket = { ...access, unix: '/run/sluice.sock' }
    expect(changeFault(asked({ host: 'anything' }), socket)).toBeUndefined()
  })
})
