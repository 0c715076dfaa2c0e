// The cookie by which a client finds its endpoint again.

import { describe, expect, test } from 'bun:test'
import {
  encodeStickyCookie,
  stickyCookieValues,
  type StickyCookie,
} from '../../src/proxy/sticky-cookie.ts'
import { fieldsOf } from '../support/reading.ts'

const plain: StickyCookie = {
  kind: 'cookie',
  name: 'sluice',
  path: '/',
  maxAgeMs: undefined,
  sameSite: 'Lax',
}

describe('what a client is told', () => {
  test('is the tag, out of reach for scripts and other sites, until the browser is closed', () => {
    const said = encodeStickyCookie(plain, 'TAGTAG00', false)
    expect(said).toBe('sluice=TAGTAG00; Path=/; HttpOnly; SameSite=Lax')
  })

  test('is for TLS alone where it is told with TLS', () => {
    const said = encodeStickyCookie(plain, 'TAGTAG00', true)
    expect(said).toBe('sluice=TAGTAG00; Path=/; HttpOnly; SameSite=Lax; Secure')
  })

  test('lasts for max-age, in whole seconds and never for none', () => {
    const cookie: StickyCookie = { ...plain, path: '/chat', maxAgeMs: 1_500, sameSite: 'Strict' }
    const said = encodeStickyCookie(cookie, 'TAGTAG00', false)
    expect(said).toBe('sluice=TAGTAG00; Path=/chat; HttpOnly; SameSite=Strict; Max-Age=2')
  })

  test('is Secure with SameSite=None even without TLS: browsers take no other', () => {
    const said = encodeStickyCookie({ ...plain, sameSite: 'None' }, 'TAGTAG00', false)
    expect(said).toEndWith('SameSite=None; Secure')
  })

  test.each(['__Host-at', '__Secure-at', '__host-at'])(
    'is Secure as %s even without TLS: its name says that it is',
    (name) => {
      const said = encodeStickyCookie({ ...plain, name }, 'TAGTAG00', false)
      expect(said).toBe(`${name}=TAGTAG00; Path=/; HttpOnly; SameSite=Lax; Secure`)
    },
  )
})

describe('what a client brings along', () => {
  test('is found among other cookies, over several lines, in order', () => {
    const fields = fieldsOf(
      'Cookie: a=1; sluice=one;b=2',
      'Host: a',
      'cookie: xsluice=no; sluice=two',
    )
    expect(stickyCookieValues(fields, 'sluice')).toEqual(['one', 'two'])
  })

  test('is nothing without that name', () => {
    expect(
      stickyCookieValues(fieldsOf('Cookie: Sluice=a; sluice', 'X: sluice=b'), 'sluice'),
    ).toEqual([])
    expect(stickyCookieValues(fieldsOf(), 'sluice')).toEqual([])
  })
})
