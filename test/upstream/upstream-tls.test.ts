/** How endpoints with TLS are spoken to, and with what nobody is. */
import { expect, test } from 'bun:test'
import { UpstreamTls } from '../../src/upstream/upstream-tls.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'

const plain = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  isVerified: true,
}
const good = makeCertificate()
const other = makeAuthority()

test('TLS towards endpoints does not start with a file that cannot be used, and says why', () => {
  const start = (files: Partial<typeof good> & { ca?: string }) =>
    new UpstreamTls({ ...plain, ...files }, () => {})
  expect(() => start({ ca: '/nowhere.pem' })).toThrow('/nowhere.pem')
  expect(() => start({ ca: good.key })).toThrow(
    `${good.key} holds a private key and no certificate`,
  )
  expect(() => start({ cert: good.cert, key: other.key })).toThrow(
    `${other.key} is not the key of the certificate`,
  )
})
