/** What is said of certificate files before anybody is served with them. */
import { describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { authorityFault, readCertificate } from '../../src/net/certificates.ts'
import { describeCertificate } from '../../src/net/client-certificate.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'

const authority = makeAuthority()
const names = 'DNS:Chat.example.com,DNS:*.example.com,IP:10.0.0.1,IP:2001:db8::1,URI:urn:x'
const leaf = makeCertificate({ names, issuer: authority })
const other = makeCertificate()

describe('of a certificate and its key', () => {
  test('the names and the time it is valid are told, whatever follows it in the file', () => {
    const facts = readCertificate(leaf.certPem + authority.certPem, leaf.keyPem)
    expect(facts).toMatchObject({
      names: ['chat.example.com', '*.example.com', '10.0.0.1', '2001:db8::1'],
    })
    if (typeof facts === 'string') throw new Error(facts)
    expect(facts.validTo.getTime() - facts.validFrom.getTime()).toBe(30 * 86_400_000)
  })

  test('one that has expired is told like any other', () => {
    const expired = makeCertificate({ days: -1 })
    const facts = readCertificate(expired.certPem, expired.keyPem)
    if (typeof facts === 'string') throw new Error(facts)
    expect(facts.validTo.getTime()).toBeLessThan(Date.now())
  })

  const damaged = leaf.certPem.replace(/\n.{8}/, '\nAAAAAAAA')
  test.each([
    [leaf.certPem, other.keyPem, 'the key does not belong to the certificate'],
    [
      authority.certPem + leaf.certPem,
      leaf.keyPem,
      'the key belongs to a later certificate of the file: the one for this key comes first, then those that issued it',
    ],
    [
      leaf.keyPem,
      leaf.certPem,
      'the certificate is a private key: are the two files the wrong way round?',
    ],
    [
      leaf.certPem,
      leaf.certPem,
      'the key is a certificate: are the two files the wrong way round?',
    ],
    ['', leaf.keyPem, 'the certificate has no "-----BEGIN CERTIFICATE-----": it must be PEM'],
    [leaf.certPem, 'x', 'the key has no "-----BEGIN PRIVATE KEY-----": it must be PEM'],
    [
      leaf.certPem,
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----',
      'the key has a passphrase: only keys without one are read',
    ],
    [
      damaged,
      leaf.keyPem,
      expect.stringMatching(/^the certificate cannot be read \(\w+\): is the file damaged\?$/),
    ],
  ])('what is wrong is told in a sentence (%#)', (cert, key, sentence) => {
    expect(readCertificate(cert, key)).toEqual(sentence)
  })

  test('of authorities too', () => {
    expect(authorityFault(authority.certPem + other.certPem)).toBeUndefined()
    expect(authorityFault(leaf.keyPem)).toContain('is a private key')
  })
})

test('a client certificate is told as RFC 2253 has it, in ASCII, its names one by one', () => {
  const { certPem } = makeCertificate({
    names: '@alt\n[alt]\nDNS.1=a.example\nURI.1=http://x/?a,b\nDNS.2=b, DNS:evil\nIP.1=10.0.0.7',
    subject: '/C=DE/O=Things, "Inc"/OU=a+CN=\u00fc',
  })
  const certificate = new X509Certificate(certPem)
  const told = describeCertificate(certificate)
  expect(told.subject).toMatch(/^OU=a\+CN=[\\0-9A-F]+,O=Things\\, \\"Inc\\",C=DE$/)
  expect(told.alternativeNames).toEqual([
    'DNS:a.example',
    'URI:http://x/?a\\2Cb',
    'DNS:b\\2C DNS:evil',
    'IP:10.0.0.7',
  ])
  expect(told.fingerprint).toBe(
    new Bun.CryptoHasher('sha256').update(certificate.raw).digest('hex'),
  )
})
