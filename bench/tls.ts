// What the rows with TLS need of the machine: OpenSSL's headers for the load generator, and a
// certificate, made anew for each run and the same for every row.
import { join } from 'node:path'
import { canCompileTls } from './native.ts'
import { temporaryDirectory } from './processes.ts'

/** Files in PEM. HAProxy finds the key by itself: it has the name of the chain and `.key`. */
export interface Certificate {
  chain: string
  key: string
}

/** Undefined: nothing is missing. Otherwise a sentence with the packages to install. */
export function missingForTls(): string | undefined {
  const missing = [
    ...(canCompileTls() ? [] : ['libssl-dev (the headers of OpenSSL, for the load generator)']),
    ...(Bun.which('openssl') === null ? ['openssl (makes the certificate)'] : []),
  ]
  if (missing.length === 0) return undefined
  const names = missing.map((one) => one.split(' ')[0]).join(' ')
  return `not installed: ${missing.join(', ')}. On Debian and Ubuntu: apt-get install ${names}`
}

/** Self-signed, for localhost, with an ECDSA key on P-256. */
export function makeCertificate(): Certificate {
  const chain = join(temporaryDirectory(), 'certificate.pem')
  const key = `${chain}.key`
  const options = {
    '-newkey': 'ec',
    '-pkeyopt': 'ec_paramgen_curve:P-256',
    '-subj': '/CN=localhost',
    '-addext': 'subjectAltName=DNS:localhost',
    '-days': '2',
    '-keyout': key,
    '-out': chain,
  }
  const command = ['openssl', 'req', '-x509', '-nodes', ...Object.entries(options).flat()]
  const { exitCode, stderr } = Bun.spawnSync(command)
  if (exitCode !== 0) throw new Error(`openssl cannot make a certificate: ${stderr.toString()}`)
  return { chain, key }
}
