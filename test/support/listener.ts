// A listener by itself, which tells each client what it knows of it.

import type { ClientInfo } from '../../src/core/client-info.ts'
import type { CertificateEvent } from '../../src/core/events.ts'
import type { ClientRequest, Refusal } from '../../src/listener/client-request.ts'
import { listen, type Listener } from '../../src/listener/listener.ts'
import type { ListenerOptions } from '../../src/listener/listener-options.ts'
import type { CertificateOptions } from '../../src/listener/server-certificates.ts'
import type { Binding } from '../../src/net/bind.ts'
import type { Certificate } from './certificates.ts'
import { Journal } from './journal.ts'
import type { HttpMessage } from './tcp.ts'

export const listenerDefaults: ListenerOptions = {
  name: 'test',
  address: '127.0.0.1',
  port: 0,
  unix: undefined,
  tls: undefined,
  proxyProtocol: false,
  trustedProxies: [],
  limits: { headBytes: 16_384, headers: 100, clients: undefined },
  timeout: { tlsMs: 5_000, headMs: 5_000, bodyMs: 5_000, idleMs: 5_000 },
}

export interface TestListener extends Disposable {
  readonly listener: Listener
  readonly port: number
  readonly refusals: Journal<Refusal>
  readonly certificates: Journal<CertificateEvent>
}

/** Answers each request with 200, its `ClientInfo`, and the listener's name in a header. */
export function startListener(
  options: Partial<ListenerOptions> = {},
  binding: Binding = {},
): TestListener {
  const refusals = new Journal<Refusal>()
  const certificates = new Journal<CertificateEvent>()
  const events = {
    onRequest: tellClient,
    onRefuse: (refusal: Refusal) => refusals.add(refusal),
    onCertificate: (event: CertificateEvent) => certificates.add(event),
  }
  const listener = listen({ ...listenerDefaults, ...options }, events, binding)
  listener.start()
  return {
    listener,
    port: listener.port,
    refusals,
    certificates,
    [Symbol.dispose]: () => listener.destroy(),
  }
}

function tellClient(request: ClientRequest): void {
  const { address, isTls, serverName, certificate, isTrustedProxy } = request.client
  const body = JSON.stringify({ address, isTls, serverName, certificate, isTrustedProxy })
  request.readBody({ bodyOnData() {}, bodyOnEnd() {} })
  const fields = `X-Listener: ${request.listener}\r\nContent-Length: ${body.length}`
  request.write(Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`))
  request.finish(true)
}

/** What the listener told of the client. */
export function toldClient(answer: HttpMessage): ClientInfo {
  if (answer.status !== 200) throw new Error(answer.startLine)
  return JSON.parse(answer.body) as ClientInfo
}

/** A certificate as a listener is given it. */
export function served(
  { cert, key }: Certificate,
  more: Partial<CertificateOptions> = {},
): CertificateOptions {
  return { cert, key, names: [], min: '1.2', client: undefined, ...more }
}
