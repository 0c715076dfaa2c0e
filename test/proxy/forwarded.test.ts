// What an endpoint is told of a client whose certificate was accepted, and of clients without an address.

import { describe, expect, test } from 'bun:test'
import { forwardingFields } from '../../src/proxy/forwarded.ts'
import { factsOf, type ClientParts } from '../support/facts.ts'

function told(client: ClientParts, lines: readonly string[] = []): Record<string, string> {
  const fields = forwardingFields(factsOf(lines, client))
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]))
}

describe('a client certificate', () => {
  const certificate = {
    subject: 'CN=device-7,O=Example',
    alternativeNames: ['DNS:device-7.example.com', 'URI:spiffe://example.com/7'],
    fingerprint: 'ab'.repeat(32),
  }

  test('is told by subject, names and fingerprint', () => {
    expect(told({ certificate })).toMatchObject({
      'Sluice-Client-Subject': 'CN=device-7,O=Example',
      'Sluice-Client-Names': 'DNS:device-7.example.com, URI:spiffe://example.com/7',
      'Sluice-Client-Fingerprint': 'ab'.repeat(32),
    })
    expect(Object.keys(told({})).join()).not.toContain('Sluice')
  })

  test('(headerText, joinNames) cannot make headers or names of its own', () => {
    const forged = {
      ...certificate,
      subject: 'CN=a\u010d\u010aX-Admin: 1\r\n',
      alternativeNames: ['DNS:a, DNS:admin.example.com', 'DNS:b\u010ac'],
    }
    const fields = told({ certificate: forged })
    const lines = Buffer.from(Object.values(fields).join(''), 'latin1')
    expect(lines.some((byte) => byte < 0x20)).toBe(false)
    expect(fields['Sluice-Client-Names']?.split(', ')).toHaveLength(2)
  })
})

describe('a client at a Unix socket', () => {
  test('has no address to tell, and a proxy there tells that of its client', () => {
    const client = { address: '', trusted: [''] }
    expect(told(client)).not.toHaveProperty('X-Forwarded-For')
    expect(told(client)).not.toHaveProperty('X-Real-IP')
    expect(told(client, ['X-Forwarded-For: 203.0.113.9'])).toMatchObject({
      'X-Forwarded-For': '203.0.113.9',
      'X-Real-IP': '203.0.113.9',
    })
    expect(told(client, ['Forwarded: for=203.0.113.9'])['Forwarded']).toBe(
      'for=203.0.113.9, for=unknown;host="gateway.test";proto=http',
    )
  })
})

test('an IPv6 proxy is quoted in Forwarded', () => {
  const client = { address: 'fd00::1', trusted: ['fd00::1'], isTls: true }
  expect(told(client, ['Forwarded: for=203.0.113.9'])['Forwarded']).toBe(
    'for=203.0.113.9, for="[fd00::1]";host="gateway.test";proto=https',
  )
})
