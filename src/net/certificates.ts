/**
 * What is in files of certificates, keys and authorities, judged before anybody is served with them: who
 * wrote the configuration is told, and whoever puts a new file in place, in the same words.
 * Invariant: what is wrong never quotes anything of a key.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { formatAddress, parseAddress } from '../core/ip-address.ts'

export interface Certificates {
  /** The certificate itself, then those that issued it; or authorities. At least one. */
  readonly chain: readonly X509Certificate[]
  /** What the first is for: server names, lower case, then IP addresses. */
  readonly names: readonly string[]
  /** When the first ends. That it has ended is not wrong. */
  readonly validTo: Date
}

/** What is wrong with a file, to follow its name: `holds no certificate in PEM`. */
export interface PemFault {
  readonly problem: string
  readonly suggestion?: string
}

export type PemReading<T> = { readonly value: T; readonly problem?: undefined } | PemFault

/** A file that has been read. */
export interface PemFile {
  readonly file: string
  readonly text: string
}

/** @returns what is in the certificate's file, or a sentence on what is wrong with either file. */
export function readPair(cert: PemFile, key: PemFile): Certificates | string {
  const certificates = readCertificates(cert.text)
  if (certificates.problem !== undefined) return sentence(cert, certificates)
  const owned = readKey(certificates.value, key.text)
  return owned.problem === undefined ? certificates.value : sentence(key, owned)
}

/** @returns a sentence on what is wrong with a file of authorities; undefined if nothing is. */
export function authorityFault(authorities: PemFile): string | undefined {
  const certificates = readCertificates(authorities.text)
  return certificates.problem === undefined ? undefined : sentence(authorities, certificates)
}

function sentence({ file }: PemFile, { problem, suggestion }: PemFault): string {
  return `${file} ${problem}${suggestion === undefined ? '' : `; ${suggestion}`}`
}

/** @param pem a chain with the server's own certificate first, or authorities. */
export function readCertificates(pem: string): PemReading<Certificates> {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  const chain: X509Certificate[] = []
  for (const [index, block] of blocks.entries()) {
    try {
      chain.push(new X509Certificate(block))
    } catch {
      return { problem: `has a certificate that cannot be decoded, number ${index + 1} in it` }
    }
  }
  const [first] = chain
  if (first === undefined) return noCertificate(pem)
  const names = splitAlternativeNames(first.subjectAltName ?? '').flatMap(nameOf)
  return { value: { chain, names, validTo: new Date(first.validTo) } }
}

function nameOf({ kind, value }: { kind: string; value: string }): string[] {
  if (kind === 'DNS') return [value.toLowerCase()]
  const address = kind === 'IP Address' ? parseAddress(value) : undefined
  return address === undefined ? [] : [formatAddress(address)]
}

/** @param pem what is said to be the key of this certificate. */
export function readKey({ chain }: Certificates, pem: string): PemReading<KeyObject> {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    return {
      problem: 'holds a key that is locked with a passphrase',
      suggestion: 'openssl pkey -in KEY -out UNLOCKED unlocks it',
    }
  }
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    return isOfUnknownKind(error) ? unusable('a private key of a kind') : noKey(pem)
  }
  const fault = keyFault(key)
  if (fault !== undefined) return fault
  const owner = chain.findIndex((each) => each.checkPrivateKey(key))
  if (owner === 0) return { value: key }
  const problem = 'is not the key of the certificate'
  if (owner < 0) return { problem }
  const suggestion = `it is that of certificate ${owner + 1} in its file; the server's own comes first`
  return { problem, suggestion }
}

const usableKinds =
  'RSA with 2048 bits or more, EC on P-256, P-384 or P-521, and Ed25519 can be used'
/** By the names of OpenSSL: P-256, P-384, P-521. */
const usableCurves = ['prime256v1', 'secp384r1', 'secp521r1']
/** Shorter ones are refused by clients; the signatures of TLS 1.3 do not even fit into the shortest. */
const minRsaBits = 1_024

/** What TLS would refuse only when the first client comes. */
function keyFault({
  asymmetricKeyType: kind,
  asymmetricKeyDetails = {},
}: KeyObject): PemFault | undefined {
  const { modulusLength: bits = 0, namedCurve = '' } = asymmetricKeyDetails
  switch (kind) {
    case 'ed25519':
      return undefined
    case 'ec':
      return usableCurves.includes(namedCurve) ? undefined : unusable(`a key on ${namedCurve}`)
    case 'rsa':
      if (bits >= minRsaBits) return undefined
      return {
        problem: `holds an RSA key of ${bits} bits, which is too short for TLS`,
        suggestion: usableKinds,
      }
    default:
      return unusable(`a private key of the kind ${kind ?? 'unknown'}`)
  }
}

function unusable(what: string): PemFault {
  return { problem: `holds ${what} that TLS cannot use here`, suggestion: usableKinds }
}

/** BoringSSL tells a key that it does not know from one that is broken. */
function isOfUnknownKind(error: unknown): boolean {
  return error instanceof Error && /UNSUPPORTED_ALGORITHM|UNKNOWN_GROUP/.test(error.message)
}

const mixedUp = 'are two files mixed up?'

function noCertificate(pem: string): PemFault {
  if (holdsKey(pem))
    return { problem: 'holds a private key and no certificate', suggestion: mixedUp }
  return {
    problem: 'holds no certificate in PEM',
    suggestion: 'PEM begins with -----BEGIN CERTIFICATE-----',
  }
}

function noKey(pem: string): PemFault {
  if (holdsKey(pem)) return { problem: 'holds a private key that cannot be decoded' }
  if (pem.includes('-----BEGIN CERTIFICATE-----'))
    return { problem: 'holds a certificate and no private key', suggestion: mixedUp }
  return {
    problem: 'holds no private key in PEM',
    suggestion: 'PEM begins with -----BEGIN PRIVATE KEY-----',
  }
}

function holdsKey(pem: string): boolean {
  return pem.includes('PRIVATE KEY-----')
}

/**
 * Takes `DNS:a.example, IP Address:10.0.0.1` apart, each with its kind. Node and Bun put a value in
 * quotes, as JSON without commas, where it could be misread.
 */
export function splitAlternativeNames(text: string): { kind: string; value: string }[] {
  return text.split(', ').flatMap((part) => {
    const [, kind = '', value = ''] = /^([^:]*):(.*)$/.exec(part) ?? []
    if (value === '') return []
    return [{ kind, value: value.startsWith('"') ? unquoted(value) : value }]
  })
}

function unquoted(value: string): string {
  try {
    return String(JSON.parse(value))
  } catch {
    // Not JSON after all: as it is, it equals no name that anybody asks for.
    return value
  }
}
