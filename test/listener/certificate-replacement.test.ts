/** Certificates that are replaced while the listener serves: the next handshake has the new one. */
import { describe, expect, test } from 'bun:test'
import { copyFileSync, writeFileSync } from 'node:fs'
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.ts'
import { served, startListener } from '../support/listener.ts'
import { dialTls, failureOf } from '../support/tcp.ts'
import { temporaryPath } from '../support/temporary.ts'

const [old, renewed] = [
  makeCertificate({ subject: '/CN=old' }),
  makeCertificate({ subject: '/CN=renewed' }),
]
const ca = [old.certPem, renewed.certPem]
const get = 'GET / HTTP/1.1\nHost: localhost\n\n'

/** The files of a listener's certificate, with this in them. */
function inPlace(certificate: Certificate): Certificate {
  const files = { cert: temporaryPath('cert.pem'), key: temporaryPath('key.pem') }
  copyFileSync(certificate.cert, files.cert)
  copyFileSync(certificate.key, files.key)
  return { ...certificate, ...files }
}

function replace(place: Certificate, { certPem, keyPem }: Certificate): void {
  writeFileSync(place.cert, certPem)
  writeFileSync(place.key, keyPem)
}

async function whoIsMet(port: number, servername = 'localhost'): Promise<string> {
  using client = await dialTls(port, { ca, servername, checkServerIdentity: () => undefined })
  return String(client.socket.getPeerCertificate().subject['CN'])
}

describe('a certificate that is replaced', () => {
  test('meets the clients to come, and does not touch those who are there', async () => {
    const place = inPlace(old)
    using server = startListener({ tls: [served(place)] })
    using there = await dialTls(server.port, { ca, servername: 'localhost' })
    expect(await whoIsMet(server.port)).toBe('old')
    replace(place, renewed)
    await server.certificates.find(() => server.certificates.items.length === 2)
    expect(await whoIsMet(server.port)).toBe('renewed')
    there.send(get)
    expect((await there.message()).status).toBe(200)
    expect(there.socket.getPeerCertificate().subject).toMatchObject({ CN: 'old' })
  })

  test('is found by the names of the new one', async () => {
    const other = makeCertificate({ names: 'DNS:new.example', subject: '/CN=renewed' })
    const place = inPlace(makeCertificate({ names: 'DNS:old.example', subject: '/CN=old' }))
    using server = startListener({ tls: [served(renewed), served(place)] })
    replace(place, other)
    await server.certificates.find(() => server.certificates.items.length === 3)
    using client = await dialTls(server.port, { ca: other.certPem, servername: 'new.example' })
    expect(client.socket.authorized).toBe(true)
  })

  test('by one that cannot be served is told, and the one before stays', async () => {
    const place = inPlace(old)
    using server = startListener({ tls: [served(place)] })
    writeFileSync(place.cert, renewed.certPem)
    const event = await server.certificates.find(({ type }) => type === 'certificate-rejected')
    expect(event).toEqual({
      type: 'certificate-rejected',
      file: place.cert,
      detail: `${place.key} is not the key of the certificate`,
    })
    expect(await whoIsMet(server.port)).toBe('old')
  })

  test('is looked at no more when the listener has left', async () => {
    const place = inPlace(old)
    const gone = startListener({ tls: [served(place)] })
    using witness = startListener({ tls: [served(place)] })
    await gone.listener.leave()
    replace(place, renewed)
    await witness.certificates.find(() => witness.certificates.items.length === 2)
    expect(gone.certificates.items).toHaveLength(1)
  })
})

test('authorities that are replaced decide who is let in from then on', async () => {
  const [before, after] = [makeAuthority('before'), makeAuthority('after')]
  const device = makeCertificate({ issuer: after })
  const place = temporaryPath('authority.pem')
  copyFileSync(before.cert, place)
  using server = startListener({ tls: [served(old, { client: { ca: place, isRequired: true } })] })
  const showing = { ca, servername: 'localhost', cert: device.certPem, key: device.keyPem }
  const ask = async () => {
    using client = await dialTls(server.port, showing)
    client.send(get)
    return (await client.message()).status
  }
  await failureOf(ask())
  copyFileSync(after.cert, place)
  await server.certificates.find(() => server.certificates.items.length === 2)
  expect(await ask()).toBe(200)
})
