// Certificates made by openssl for one run of tests.

import { readFileSync, writeFileSync } from 'node:fs'
import { temporaryPath } from './temporary.ts'

/** A certificate and its key: where they lie, and what is in the files. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certPem: string
  readonly keyPem: string
}

export interface CertificateOptions {
  /** Subject alternative names, as openssl writes them: `DNS:a.example,IP:127.0.0.1`. */
  readonly names?: string
  /** As openssl writes it: `/O=Example/CN=a`. */
  readonly subject?: string
  /** -1: it ended yesterday. */
  readonly days?: number
  /** undefined: it signs itself. */
  readonly issuer?: Certificate | undefined
  /** What `openssl genpkey` is told of the key; on P-256 unless told otherwise. */
  readonly keyOptions?: readonly string[]
}

/** Of certificates: no two have the same. */
let serial = 0

export function makeCertificate(options: CertificateOptions = {}): Certificate {
  const { names = 'DNS:localhost,IP:127.0.0.1', subject = '/CN=test', days = 30, issuer } = options
  const { keyOptions = onCurve('P-256') } = options
  const place = temporaryPath('certificate')
  const [cert, key, request, extensions] = ['cert', 'key', 'request', 'extensions'].map(
    (kind) => `${place}.${kind}.pem`,
  ) as [string, string, string, string]
  openssl('genpkey', ...keyOptions, '-out', key)
  openssl('req', '-new', '-key', key, '-subj', subject, '-out', request)
  writeFileSync(extensions, `subjectAltName=${names}\n`)
  const signer =
    issuer === undefined ? ['-signkey', key] : ['-CA', issuer.cert, '-CAkey', issuer.key]
  const number = ['-set_serial', String(++serial)]
  const more = ['-days', String(days), '-extfile', extensions, ...number]
  openssl('x509', '-req', '-in', request, ...signer, ...more, '-out', cert)
  return { cert, key, certPem: readFileSync(cert, 'utf8'), keyPem: readFileSync(key, 'utf8') }
}

export function onCurve(name: string): string[] {
  return ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${name}`]
}

/** One that may sign others. */
export function makeAuthority(name = 'Test authority'): Certificate {
  const place = temporaryPath('authority')
  const [cert, key] = [`${place}.cert.pem`, `${place}.key.pem`]
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key)
  openssl('req', '-x509', '-key', key, '-subj', `/CN=${name}`, '-days', '30', '-out', cert)
  return { cert, key, certPem: readFileSync(cert, 'utf8'), keyPem: readFileSync(key, 'utf8') }
}

function openssl(...options: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(['openssl', ...options], { stderr: 'pipe' })
  if (exitCode !== 0) throw new Error(`openssl ${options.join(' ')}: ${stderr.toString()}`)
}
