/**
 * How the endpoints of one upstream are spoken to with TLS: whom they are believed by, and what is shown
 * to them. Files that change are taken for the connections to come, from `start` to `stop`.
 */
import type { TLSOptions } from 'bun'
import type { CertificateEvent } from '../core/events.ts'
import { CertificateNotice } from '../net/certificate-notice.ts'
import { authorityFault, readPair, type Certificates } from '../net/certificates.ts'
import { readRegularFile } from '../net/regular-file.ts'
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
  #notice: CertificateNotice | undefined
  readonly #onEvent: (event: CertificateEvent) => void
  /** What the files said at first. */
  readonly #texts: readonly string[]
  /** The certificate that is shown. */
  #shown: Certificates | undefined
  #tls: TLSOptions = {}
  readonly #stops: (() => void)[] = []

  /** @throws Error with a sentence if a file cannot be read or is wrong. */
  constructor(options: UpstreamTlsOptions, onEvent: (event: CertificateEvent) => void) {
    this.isVerified = options.isVerified
    this.#options = options
    this.#onEvent = onEvent
    this.#texts = this.#files.map((file) => readRegularFile(file))
    const fault = this.#take(this.#texts)
    if (fault !== undefined) throw new Error(fault)
  }

  /** Tells of the certificate that is shown, and looks after the files until it is stopped. */
  start(): void {
    const { ca = '', cert } = this.#options
    const files = this.#files
    if (cert !== undefined) {
      this.#notice = new CertificateNotice(cert, this.#onEvent)
      if (this.#shown !== undefined) this.#notice.tell(this.#shown)
      this.#stops.push(this.#notice.lookDaily())
    }
    if (files.length === 0) return
    const file = cert ?? ca
    const onReject = (detail: string) =>
      this.#onEvent({ type: 'certificate-rejected', file, detail })
    const watch = { files, take: (read: readonly string[]) => this.#take(read), onReject }
    this.#stops.push(watchFiles(watch, this.#texts))
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
    for (const stop of this.#stops.splice(0)) stop()
  }

  get #files(): readonly string[] {
    const { ca, cert, key } = this.#options
    return [ca, cert, key].filter((file) => file !== undefined)
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
    this.#shown = pair
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
