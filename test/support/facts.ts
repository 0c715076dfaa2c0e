// A request as the proxy knows it, from its lines and from who is at the other end.

import type { ClientInfo } from '../../src/core/client-info.ts'
import type { SessionFacts } from '../../src/core/events.ts'
import { RequestFacts } from '../../src/proxy/request-facts.ts'
import { accepted, readRequest } from './reading.ts'

export interface ClientParts extends Partial<Omit<ClientInfo, 'isTrusted' | 'isTrustedProxy'>> {
  readonly trusted?: readonly string[]
}

export function clientOf({ trusted = [], ...parts }: ClientParts = {}): ClientInfo {
  const address = parts.address ?? '10.0.0.1'
  return {
    address,
    isTls: false,
    serverName: undefined,
    certificate: undefined,
    isTrustedProxy: trusted.includes(address),
    isTrusted: (each) => trusted.includes(each),
    ...parts,
  }
}

/** @param lines header lines beside `Host`. */
export function factsOf(lines: readonly string[] = [], client: ClientParts = {}): RequestFacts {
  const head = accepted(readRequest('GET / HTTP/1.1', 'Host: gateway.test', ...lines))
  return new RequestFacts(head, clientOf(client))
}

/** Of a session of that client with the first endpoint of `chat`. */
export const sessionFacts: SessionFacts = {
  listener: 'public',
  upstream: 'chat',
  endpoint: 'ws://127.0.0.1:1',
  address: '192.0.2.1',
  host: 'gateway.test',
  path: '/',
  subprotocol: undefined,
  compression: undefined,
  certificate: undefined,
  certificateNames: undefined,
  request: undefined,
}
