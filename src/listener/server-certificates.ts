/**
 * The certificates of one listener, one of which each client gets by the server name it asks for; the
 * first where no other is for that name. Files that change are taken for the handshakes to come, and no
 * open connection hears of it.
 *
 * Nothing is told, and no file looked after, but between `start` and `stop`.
 */
import type { TLSOptions } from 'bun'
import { constants } from 'node:crypto'
import type { CertificateEvent } from '../core/events.ts'
import { CertificateNotice } from '../net/certificate-notice.ts'
import { authorityFault, readPair, type Certificates } from '../net/certificates.ts'
import { readRegularFile } from '../net/regular-file.ts'
import { watchFiles } from '../net/watched-files.ts'

export interface CertificateOptions {
  readonly cert: string
  readonly key: string
  /** Lower case, `*.example.com` for every name below; empty: those in the certificate. */
  readonly names: readonly string[]
  readonly min: '1.2' | '1.3'
  readonly client: { readonly ca: string; readonly isRequired: boolean } | undefined
}

/** RFC 7301 §3.1, as bytes on the wire: HTTP/1.1, and nothing else. */
const alpn = '\x08http/1.1'

export class ServerCertificates {
  readonly #certificates: readonly ServerCertificate[]
  readonly #onEvent: (event: CertificateEvent) => void
  #byName: ReadonlyMap<string, ServerCertificate> = new Map()
  #stops: readonly (() => void)[] = []

  /** @param options at least one. @throws Error with a sentence if a file cannot be read or is wrong. */
  constructor(options: readonly CertificateOptions[], onEvent: (event: CertificateEvent) => void) {
    this.#onEvent = onEvent
    this.#certificates = options.map((one) => {
      const certificate = new ServerCertificate(one, onEvent)
      const fault = certificate.take(certificate.files.map((file) => readRegularFile(file)))
      if (fault !== undefined) throw new Error(fault)
      return certificate
    })
    this.#index()
  }

  /** They are in use from now on. */
  start(): void {
    for (const certificate of this.#certificates) certificate.tell()
    this.#stops = this.#certificates.flatMap((certificate) => [
      this.#watch(certificate),
      certificate.notice.lookDaily(),
    ])
  }

  /** Looks after the files no more; who came before may still ask for one. */
  stop(): void {
    for (const stop of this.#stops) stop()
    this.#stops = []
  }

  /** Whether any of them asks clients for certificates. */
  get hasDemands(): boolean {
    return this.#certificates.some(({ demand }) => demand !== undefined)
  }

  /**
   * The one with this very name, else the one with the longest wildcard above it, at any depth as routes
   * have it: else a deeper name would be met by the first certificate, which may ask less of clients.
   * @param name lower case.
   */
  select(name: string | undefined): ServerCertificate {
    const certificate = (name === undefined ? undefined : this.#find(name)) ?? this.#certificates[0]
    if (certificate === undefined) throw new RangeError('A listener with TLS has no certificate')
    return certificate
  }

  #find(name: string): ServerCertificate | undefined {
    const exact = this.#byName.get(name)
    if (exact !== undefined) return exact
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const found = this.#byName.get(`*${name.slice(dot)}`)
      if (found !== undefined) return found
    }
    return undefined
  }

  #watch(certificate: ServerCertificate): () => void {
    const { files, options, texts } = certificate
    return watchFiles(
      {
        files,
        take: (read) => {
          const fault = certificate.take(read)
          if (fault !== undefined) return fault
          this.#index()
          certificate.tell()
          return undefined
        },
        onReject: (detail) =>
          this.#onEvent({ type: 'certificate-rejected', file: options.cert, detail }),
      },
      texts,
    )
  }

  /** Of two certificates for one name the first is served. */
  #index(): void {
    this.#byName = new Map(
      this.#certificates
        .toReversed()
        .flatMap((certificate) => certificate.names.map((name) => [name, certificate] as const)),
    )
  }
}

/** One certificate, in the state it was last taken in. */
export class ServerCertificate {
  readonly options: CertificateOptions
  readonly files: readonly string[]
  /** What clients have to show, to compare: undefined where they are not asked. */
  readonly demand: string | undefined
  readonly notice: CertificateNotice
  #taken: { readonly texts: readonly string[]; readonly pair: Certificates } | undefined
  #names: readonly string[] = []
  #tls: TLSOptions = {}

  constructor(options: CertificateOptions, onEvent: (event: CertificateEvent) => void) {
    this.options = options
    const { cert, key, client } = options
    this.files = client === undefined ? [cert, key] : [cert, key, client.ca]
    this.demand = client === undefined ? undefined : JSON.stringify(client)
    this.notice = new CertificateNotice(cert, onEvent)
  }

  get names(): readonly string[] {
    return this.#names
  }

  /** For the next handshake. */
  get tls(): TLSOptions {
    return this.#tls
  }

  /** Of its files, as they were last taken. */
  get texts(): readonly string[] {
    return this.#taken?.texts ?? []
  }

  /** Tells of what was last taken. */
  tell(): void {
    if (this.#taken !== undefined) this.notice.tell(this.#taken.pair)
  }

  /** Takes the texts of its files. @returns what is wrong with them; then nothing changes. */
  take(texts: readonly string[]): string | undefined {
    const [cert = '', key = '', ca = ''] = texts
    const { names, min, client } = this.options
    const pair = readPair(
      { file: this.options.cert, text: cert },
      { file: this.options.key, text: key },
    )
    if (typeof pair === 'string') return pair
    if (client !== undefined) {
      const fault = authorityFault({ file: client.ca, text: ca })
      if (fault !== undefined) return fault
    }
    this.#names = names.length > 0 ? names : pair.names
    this.#tls = {
      cert,
      key,
      ALPNProtocols: alpn,
      secureOptions: min === '1.3' ? constants.SSL_OP_NO_TLSv1_2 : 0,
      ...(client === undefined
        ? {}
        : { ca, requestCert: true, rejectUnauthorized: client.isRequired }),
    }
    this.#taken = { texts, pair }
    return undefined
  }
}
