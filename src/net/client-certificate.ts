/**
 * What is told of the certificate that a client has shown: ASCII throughout, so that it can go into a
 * header or a log line as it is.
 */
import type { X509Certificate } from 'node:crypto'
import type { ClientCertificate } from '../core/request-context.ts'
import { splitAlternativeNames } from './certificates.ts'

export function describeCertificate(certificate: X509Certificate): ClientCertificate {
  return {
    subject: distinguishedName(certificate.subject ?? ''),
    alternativeNames: splitAlternativeNames(certificate.subjectAltName ?? '').map(
      ({ kind, value }) => `${kind === 'IP Address' ? 'IP' : kind}:${escape(value, separators)}`,
    ),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

/**
 * RFC 2253: the last part first, joined by commas, which nginx calls `$ssl_client_s_dn`.
 * @param lines one part a line, its values escaped as RFC 2253 wants them, as Node gives it.
 */
function distinguishedName(lines: string): string {
  const parts = lines.split('\n').map((line) => line.replaceAll(' + ', '+'))
  return escape(parts.toReversed().join(','), notAscii)
}

const notAscii = /[^ -~]/gu
/** With a comma in a name, a list of names could be read otherwise. */
const separators = /[^ -~]|[,\\]/gu

/** RFC 2253 §2.4: any byte may be written as a backslash and two hexadecimal digits. */
function escape(text: string, what: RegExp): string {
  return text.replace(what, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `\\${byte.toString(16).padStart(2, '0').toUpperCase()}`)
      .join(''),
  )
}
