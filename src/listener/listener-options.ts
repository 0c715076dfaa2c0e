/**
 * What a listener is told: where it listens, on which terms it accepts clients, and whom it tells.
 */
import type { CertificateEvent } from '../core/events.ts'
import type { ClientRequest, Refusal } from './client-request.ts'
import type { CertificateOptions } from './server-certificates.ts'

export interface ListenerOptions {
  readonly name: string
  readonly address: string
  /** 0 for any free one. */
  readonly port: number
  /** The path of a Unix socket to listen on instead. */
  readonly unix: string | undefined
  readonly tls: readonly CertificateOptions[] | undefined
  readonly proxyProtocol: boolean
  /** IP addresses and ranges. Who comes by a Unix socket is trusted without. */
  readonly trustedProxies: readonly string[]
  readonly limits: {
    readonly headBytes: number
    readonly headers: number
    /** Open client connections; undefined for what the descriptor limit allows. */
    readonly clients: number | undefined
  }
  readonly timeout: {
    readonly tlsMs: number
    readonly headMs: number
    readonly bodyMs: number
    readonly idleMs: number
  }
}

export interface ListenerEvents {
  onRequest(request: ClientRequest): void
  onRefuse(refusal: Refusal): void
  onCertificate(event: CertificateEvent): void
}
