/**
 * What can be told of a certificate, its key and a file of authorities from their text alone.
 * Invariant: no problem quotes anything of a key.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Reading } from './reading.ts'

export interface Certificate {
  /** The server names it is for, lower case. */
  readonly names: readonly string[]
  readonly chain: readonly X509Certificate[]
}

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/

/** @param pem a chain with the server's own certificate first, or authorities. */
export function readCertificates(pem: string): Reading<Certificate> {
  const blocks = pem.match(new RegExp(block, 'g')) ?? []
  if (blocks.length === 0) {
    if (pem.includes('PRIVATE KEY-----'))
      return {
        problem: 'holds a private key and no certificate',
        suggestion: 'are two files mixed up?',
      }
    return {
      problem: 'holds no certificate in PEM',
      suggestion: 'PEM begins with -----BEGIN CERTIFICATE-----',
    }
  }
  const chain: X509Certificate[] = []
  for (const [index, each] of blocks.entries()) {
    try {
      chain.push(new X509Certificate(each))
    } catch {
      return { problem: `has a certificate that cannot be decoded, number ${index + 1} in it` }
    }
  }
  return { value: { chain, names: namesOf(chain[0]?.subjectAltName ?? '') } }
}

/** @param pem what is said to be the key of this certificate. */
export function readKey({ chain }: Certificate, pem: string): Reading<KeyObject> {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    return unreadableKey(pem, error)
  }
  const owner = chain.findIndex((each) => each.checkPrivateKey(key))
  if (owner === 0) return { value: key }
  const problem = 'is not the key of the certificate'
  if (owner < 0) return { problem }
  const suggestion = `it is that of certificate ${owner + 1} in its file; the server's own comes first`
  return { problem, suggestion }
}

function unreadableKey(pem: string, error: unknown): Reading<never> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_MISSING_PASSPHRASE') {
    return {
      problem: 'holds a key that is locked with a passphrase',
      suggestion: 'openssl pkey -in KEY -out UNLOCKED unlocks it',
    }
  }
  if (pem.includes('PRIVATE KEY-----'))
    return { problem: 'holds a private key that cannot be decoded' }
  if (block.test(pem))
    return {
      problem: 'holds a certificate and no private key',
      suggestion: 'are two files mixed up?',
    }
  return {
    problem: 'holds no private key in PEM',
    suggestion: 'PEM begins with -----BEGIN PRIVATE KEY-----',
  }
}

function namesOf(alternativeNames: string): string[] {
  return [...alternativeNames.matchAll(/(?:^|, )DNS:([^,]+)/g)].map(([, name = '']) =>
    name.toLowerCase(),
  )
}
