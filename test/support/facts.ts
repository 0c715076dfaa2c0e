// A request as the proxy knows it, from its lines and from who is at the other end.

import type { ClientInfo } from '../../src/core/client-info.ts'
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
