/**
 * Certificate files, judged before anybody is served with them: what a handshake would fail on is said
 * in a sentence, to whoever wrote the configuration or put a new file in place.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { formatAddress, parseAddress } from '../core/ip-address.ts'

export interface CertificateFacts {
  /** Of the leaf: the names and addresses it is for, lower case. */
  readonly names: readonly string[]
  readonly validFrom: Date
  readonly validTo: Date
}

/**
 * @param certPem the chain, leaf first.
 * @returns what is in it, or what is wrong with it. A certificate that has expired is not wrong.
 */
export function readCertificate(certPem: string, keyPem: string): CertificateFacts | string {
  const chain = readChain(certPem)
  if (typeof chain === 'string') return `the certificate ${chain}`
  const key = readKey(keyPem)
  if (typeof key === 'string') return `the key ${key}`
  const [leaf] = chain
  if (leaf === undefined) return 'the certificate is empty'
  if (!leaf.checkPrivateKey(key)) {
    const isAnother = chain.some((certificate) => certificate.checkPrivateKey(key))
    return isAnother
      ? 'the key belongs to a later certificate of the file: the one for this key comes first, then those that issued it'
      : 'the key does not belong to the certificate'
  }
  return {
    names: splitAlternativeNames(leaf.subjectAltName ?? '').flatMap(nameOf),
    validFrom: new Date(leaf.validFrom),
    validTo: new Date(leaf.validTo),
  }
}

/** @returns what is wrong with a file of authorities; undefined if nothing is. */
export function authorityFault(pem: string): string | undefined {
  const chain = readChain(pem)
  return typeof chain === 'string' ? chain : undefined
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

function nameOf({ kind, value }: { kind: string; value: string }): string[] {
  if (kind === 'DNS') return [value.toLowerCase()]
  const address = kind === 'IP Address' ? parseAddress(value) : undefined
  return address === undefined ? [] : [formatAddress(address)]
}

function readChain(pem: string): X509Certificate[] | string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g)
  if (blocks === null) {
    return pem.includes('PRIVATE KEY-----')
      ? 'is a private key: are the two files the wrong way round?'
      : 'has no "-----BEGIN CERTIFICATE-----": it must be PEM'
  }
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    return damage(error)
  }
}

function readKey(pem: string): KeyObject | string {
  if (pem.includes('ENCRYPTED')) return 'has a passphrase: only keys without one are read'
  if (!pem.includes('PRIVATE KEY-----')) {
    return pem.includes('-----BEGIN CERTIFICATE-----')
      ? 'is a certificate: are the two files the wrong way round?'
      : 'has no "-----BEGIN PRIVATE KEY-----": it must be PEM'
  }
  try {
    return createPrivateKey(pem)
  } catch (error) {
    return damage(error)
  }
}

/** BoringSSL's words are `error:09000064:PEM routines:OPENSSL_internal:BAD_BASE64_DECODE`. */
function damage(error: unknown): string {
  const reason = error instanceof Error ? error.message.split(':').at(-1) : String(error)
  return `cannot be read (${reason}): is the file damaged?`
}
