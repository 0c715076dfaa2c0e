/**
 * What is known of one request, for whoever serves it: who asks, as far as that can be believed, and what
 * the route's path has found. Lives as long as the request, or its handshake.
 */
import type { ClientInfo } from '../core/client-info.ts'
import type { ClientCertificate, RequestContext } from '../core/request-context.ts'
import { hostName } from '../wire/host-name.ts'
import type { RequestHead } from '../wire/http-request.ts'
import { clientAddress, publicHost, publicScheme, requestId } from './trusted.ts'

export class RequestFacts implements RequestContext {
  readonly head: RequestHead
  /** Who is at the other end of the connection. */
  readonly client: ClientInfo
  readonly address: string
  readonly scheme: 'http' | 'https'
  /** The host the client asked for, before a trusted proxy put another in its place. */
  readonly publicHost: string
  /** What this one request is called in logs, on all its ways. */
  readonly requestId: string
  /** Set by the route that takes the request. */
  parameters: Readonly<Record<string, string>> = {}
  /** Set by the handshake. */
  session = ''
  /** As sent, but for what the gateway itself has made the client put in: see `Stickiness`. */
  target: string

  /** @param told what it was called before, where it is asked again. */
  constructor(head: RequestHead, client: ClientInfo, told?: string) {
    this.head = head
    this.client = client
    this.target = head.target
    this.address = clientAddress(head.fields, client)
    this.scheme = publicScheme(head.fields, client)
    this.publicHost = publicHost(head, client)
    this.requestId = told ?? requestId(head.fields, client)
  }

  get method(): string {
    return this.head.method
  }

  get host(): string {
    return this.head.host
  }

  get hostname(): string {
    return hostName(this.head.host)
  }

  get certificate(): ClientCertificate | undefined {
    return this.client.certificate
  }

  header(key: string): string | undefined {
    return this.head.fields.get(key)
  }
}
