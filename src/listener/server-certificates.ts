/**
 * The certificates of one listener, one of which each client gets by the server name it asks for; the
 * first where no other is for that name. Files that change are taken for the handshakes to come, and no
 * open connection hears of it.
 */
import type { TLSOptions } from 'bun'
import { constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { CertificateEvent } from '../core/events.ts'
import { CertificateNotice } from '../net/certificate-notice.ts'
import { authorityFault, readPair } from '../net/certificates.ts'
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
  #byName: ReadonlyMap<string, ServerCertificate> = new Map()
  readonly #stops: readonly (() => void)[]

  /** @param options at least one. @throws Error with a sentence if a file cannot be read or is wrong. */
  constructor(options: readonly CertificateOptions[], onEvent: (event: CertificateEvent) => void) {
    const loaded = options.map((one) => {
      const certificate = new ServerCertificate(one, onEvent)
      const texts = certificate.files.map((file) => readFileSync(file, 'utf8'))
      const fault = certificate.take(texts)
      if (fault !== undefined) throw new Error(fault)
      return { certificate, texts }
    })
    this.#certificates = loaded.map(({ certificate }) => certificate)
    this.#index()
    this.#stops = loaded.flatMap(({ certificate, texts }) => [
      this.#watch(certificate, texts, onEvent),
      certificate.notice.lookDaily(),
    ])
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

  /** Looks after the files no more. */
  stop(): void {
    for (const stop of this.#stops) stop()
  }

  #watch(
    certificate: ServerCertificate,
    texts: readonly string[],
    onEvent: (event: CertificateEvent) => void,
  ): () => void {
    const { files } = certificate
    return watchFiles(
      {
        files,
        take: (read) => {
          const fault = certificate.take(read)
          this.#index()
          return fault
        },
        onReject: (detail) =>
          onEvent({ type: 'certificate-rejected', file: certificate.options.cert, detail }),
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

  /** Takes the texts of its files. @returns what is wrong with them; then nothing changes. */
  take([cert = '', key = '', ca = '']: readonly string[]): string | undefined {
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
    this.notice.tell(pair)
    return undefined
  }
}
