/** What is said of certificate files before anybody is served with them. */
import { describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { authorityFault, readPair } from '../../src/net/certificates.ts'
import { describeCertificate } from '../../src/net/client-certificate.ts'
import { makeAuthority, makeCertificate, onCurve } from '../support/certificates.ts'

const authority = makeAuthority()
const names = 'DNS:Chat.example.com,DNS:*.example.com,IP:10.0.0.1,IP:2001:db8::1,URI:urn:x'
const leaf = makeCertificate({ names, issuer: authority })
const other = makeCertificate()

/** What is said of these texts as the files `cert.pem` and `key.pem`. */
const read = (cert: string, key: string) =>
  readPair({ file: 'cert.pem', text: cert }, { file: 'key.pem', text: key })

describe('of a certificate and its key', () => {
  test('the names and the end are told, whatever follows it in the file', () => {
    expect(read(leaf.certPem + authority.certPem, leaf.keyPem)).toMatchObject({
      names: ['chat.example.com', '*.example.com', '10.0.0.1', '2001:db8::1'],
      validTo: new Date(new X509Certificate(leaf.certPem).validTo),
    })
  })

  test('one that has expired is told like any other', () => {
    const expired = makeCertificate({ days: -1 })
    const pair = read(expired.certPem, expired.keyPem)
    if (typeof pair === 'string') throw new Error(pair)
    expect(pair.validTo.getTime()).toBeLessThan(Date.now())
  })

  const damaged = leaf.certPem.replace(/\n.{8}/, '\nAAAAAAAA')
  const pkcs1 = '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nx\n'
  const locked =
    'key.pem holds a key that is locked with a passphrase; openssl pkey -in KEY -out UNLOCKED unlocks it'
  test.each([
    [leaf.certPem, other.keyPem, 'key.pem is not the key of the certificate'],
    [
      authority.certPem + leaf.certPem,
      leaf.keyPem,
      "key.pem is not the key of the certificate; it is that of certificate 2 in its file; the server's own comes first",
    ],
    [
      leaf.keyPem,
      leaf.certPem,
      'cert.pem holds a private key and no certificate; are two files mixed up?',
    ],
    [
      leaf.certPem,
      leaf.certPem,
      'key.pem holds a certificate and no private key; are two files mixed up?',
    ],
    [
      '',
      leaf.keyPem,
      'cert.pem holds no certificate in PEM; PEM begins with -----BEGIN CERTIFICATE-----',
    ],
    [
      leaf.certPem,
      'x',
      'key.pem holds no private key in PEM; PEM begins with -----BEGIN PRIVATE KEY-----',
    ],
    [leaf.certPem, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n', locked],
    [leaf.certPem, pkcs1, locked],
    [damaged, leaf.keyPem, 'cert.pem has a certificate that cannot be decoded, number 1 in it'],
    [
      leaf.certPem + damaged,
      leaf.keyPem,
      'cert.pem has a certificate that cannot be decoded, number 2 in it',
    ],
  ])('what is wrong is told in a sentence that begins with the file (%#)', (cert, key, told) => {
    expect(read(cert, key)).toBe(told)
  })

  // They were loaded, and then every handshake failed, or the listener with words of BoringSSL.
  const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
  test.each([
    [rsa(512), 'an RSA key of 512 bits, which is too short for TLS'],
    [rsa(1023), 'an RSA key of 1023 bits, which is too short for TLS'],
    [rsa(1024), undefined],
    [onCurve('P-521'), undefined],
    [onCurve('P-224'), 'a key on secp224r1 that TLS cannot use here'],
    [onCurve('secp256k1'), 'a private key of a kind that TLS cannot use here'],
    [['-algorithm', 'ED25519'], undefined],
    [['-algorithm', 'ED448'], 'a private key of a kind that TLS cannot use here'],
  ])('a key made with %p is judged by whether TLS can use it', (keyOptions, problem) => {
    const { certPem, keyPem } = makeCertificate({ keyOptions })
    const told = read(certPem, keyPem)
    if (problem === undefined) return expect(told).toHaveProperty('chain')
    expect(told).toBe(
      `key.pem holds ${problem}; RSA with 2048 bits or more, EC on P-256, P-384 or P-521, and Ed25519 can be used`,
    )
  })

  test('of authorities too', () => {
    expect(
      authorityFault({ file: 'ca.pem', text: authority.certPem + other.certPem }),
    ).toBeUndefined()
    expect(authorityFault({ file: 'ca.pem', text: leaf.keyPem })).toStartWith(
      'ca.pem holds a private key',
    )
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
