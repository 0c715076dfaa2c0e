/**
 * What is known of a request, for expressions: conditions, templates, logs.
 */

/** The certificate a client has shown, accepted by the listener. */
export interface ClientCertificate {
  /** As in RFC 2253: `CN=device-7,O=Example`. */
  readonly subject: string
  /** Subject alternative names, such as `DNS:device-7.example.com`. */
  readonly alternativeNames: readonly string[]
  /** SHA-256 over the certificate, lower-case hexadecimal. */
  readonly fingerprint: string
}

export interface RequestContext {
  /** The client's, as far as trusted proxies tell. */
  readonly address: string
  readonly scheme: 'http' | 'https'
  readonly method: string
  /** As sent, port included. */
  readonly host: string
  /** The name or address in it: lower case, without port and dot at its end. */
  readonly hostname: string
  /** Path and query as sent. */
  readonly target: string
  /** What the `:name` segments of the route's path matched, as sent; `*` for what the end of it matched, without its first slash. */
  readonly parameters: Readonly<Record<string, string>>
  readonly certificate: ClientCertificate | undefined
  /** Empty where there is no session. */
  readonly session: string
  /** The first value of the header, by its lower-case name. */
  header(key: string): string | undefined
}
