/**
 * Who is at the other end of a client connection, as the listener found out before the first request.
 */
import type { ClientCertificate } from './request-context.ts'

export interface ClientInfo {
  /** IP address without port: that of the connection, or the one its PROXY header tells; empty for a Unix socket. */
  readonly address: string
  /** Whether this listener ended TLS. */
  readonly isTls: boolean
  /** The name the client asked for in its TLS handshake, lower case. */
  readonly serverName: string | undefined
  readonly certificate: ClientCertificate | undefined
  /** Whether it is one of the listener's trusted proxies, whose forwarding headers are believed. */
  readonly isTrustedProxy: boolean
  /** Whether an address is one of theirs. One function a listener, shared by its connections. */
  readonly isTrusted: (address: string) => boolean
}
