/**
 * How the endpoints of one upstream are spoken to with TLS: whom they are believed by, and what is shown
 * to them. Files that change are taken for the connections to come.
 */
import type { TLSOptions } from 'bun'
import { readFileSync } from 'node:fs'
import type { CertificateEvent } from '../core/events.ts'
import { CertificateNotice } from '../net/certificate-notice.ts'
import { authorityFault, readPair } from '../net/certificates.ts'
import type { SecureError } from '../net/secure-client.ts'
import { watchFiles } from '../net/watched-files.ts'

export interface UpstreamTlsOptions {
  /** The file of the authorities that are believed; undefined: those of the system. */
  readonly ca: string | undefined
  /** The files of the certificate that is shown and its key; both or none. */
  readonly cert: string | undefined
  readonly key: string | undefined
  /** The name that is asked for and verified; undefined: the endpoint's host. */
  readonly serverName: string | undefined
  readonly isVerified: boolean
}

/** RFC 7301 §3.1, as bytes on the wire. */
const alpn = '\x08http/1.1'

export class UpstreamTls {
  readonly isVerified: boolean
  readonly #options: UpstreamTlsOptions
  /** Of the certificate that is shown. */
  readonly #notice: CertificateNotice | undefined
  readonly #stops: readonly (() => void)[]
  #tls: TLSOptions = {}

  /** @throws Error with a sentence if a file cannot be read or is wrong. */
  constructor(options: UpstreamTlsOptions, onEvent: (event: CertificateEvent) => void) {
    this.isVerified = options.isVerified
    this.#options = options
    const { ca, cert, key } = options
    this.#notice = cert === undefined ? undefined : new CertificateNotice(cert, onEvent)
    const files = [ca, cert, key].filter((file) => file !== undefined)
    const texts = files.map((file) => readFileSync(file, 'utf8'))
    const fault = this.#take(texts)
    if (fault !== undefined) throw new Error(fault)
    const file = cert ?? ca ?? ''
    const onReject = (detail: string) => onEvent({ type: 'certificate-rejected', file, detail })
    const watch = { files, take: (read: readonly string[]) => this.#take(read), onReject }
    this.#stops = [
      ...(files.length === 0 ? [] : [watchFiles(watch, texts)]),
      ...(this.#notice === undefined ? [] : [this.#notice.lookDaily()]),
    ]
  }

  /** For the next handshake with an endpoint. */
  optionsFor(host: string): TLSOptions {
    return { ...this.#tls, serverName: this.serverName(host) }
  }

  serverName(host: string): string {
    return this.#options.serverName ?? host
  }

  /** Looks after the files no more. */
  stop(): void {
    for (const stop of this.#stops) stop()
  }

  /** @returns what is wrong; then nothing changes. */
  #take(texts: readonly string[]): string | undefined {
    const { ca: authorities, cert: file, key: keyFile } = this.#options
    const tls: TLSOptions = { ALPNProtocols: alpn }
    if (authorities !== undefined) {
      const [ca = ''] = texts
      const fault = authorityFault({ file: authorities, text: ca })
      if (fault !== undefined) return fault
      tls.ca = ca
    }
    if (file === undefined || keyFile === undefined) return void (this.#tls = tls)
    const [cert = '', key = ''] = texts.slice(-2)
    const pair = readPair({ file, text: cert }, { file: keyFile, text: key })
    if (typeof pair === 'string') return pair
    this.#tls = { ...tls, cert, key }
    this.#notice?.tell(pair)
    return undefined
  }
}

/**
 * What is wrong with the certificate of a server, in words that say what to do.
 * @param how an authority is told to be believed: `as tls.ca of the upstream`.
 */
export function certificateFault(
  { code, message }: SecureError,
  serverName: string,
  how: string,
): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired'
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is not for ${serverName} but for ${namesIn(message)}`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `its certificate is signed by itself: if it is the right one, name it ${how}`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `its certificate is signed by nobody that is believed: name its authority ${how}`
    default:
      return `its certificate is not accepted (${code}: ${message})`
  }
}

/** From `…altnames: Host: a. is not in the cert's altnames: DNS:b, DNS:c`. */
function namesIn(message: string): string {
  return /.*altnames: (.+)$/.exec(message)?.[1] ?? 'another name'
}
