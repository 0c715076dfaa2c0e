// A request as expressions see it, put together from what a test cares about.

import type { RequestContext } from '../../src/core/request-context.ts'

export interface ContextParts extends Partial<Omit<RequestContext, 'header'>> {
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>
}

export function contextOf({ headers = {}, ...parts }: ContextParts = {}): RequestContext {
  return {
    address: '192.0.2.7',
    scheme: 'https',
    method: 'GET',
    host: 'Example.com:8443',
    hostname: 'example.com',
    target: '/chat/blue?room=a%20b&v=2',
    parameters: { room: 'blue' },
    certificate: undefined,
    session: 'session-1',
    header: (key) => headers[key],
    ...parts,
  }
}
