/**
 * Answers of a server that is hostile, or was made to answer so.
 */
import type { Attack } from './attack.ts'
import { byteAttack, head, type ByteAttack } from './byte-attack.ts'
import { page } from './recording-server.ts'

const first = head('GET /page/first HTTP/1.1')
const second = head('GET /page/x HTTP/1.1')
/** What the attacker would like to be an answer. */
export const planted = page('planted')

/** The second request on a connection gets this answer, which the client must not see. */
export function hostile(name: string, answer: string, row: Partial<ByteAttack> = {}): Attack {
  return byteAttack({
    name,
    wants: 'an answer of his own for the next request, in a client or in a cache in front',
    routes: '  - { path: /page/*, upstream: "http://UPSTREAM" }',
    answer: (request) => (request.includes('/page/x') ? answer : page('ok')),
    sends: [first, second],
    repelled: [
      '200 ok',
      '502 UPSTREAM_MALFORMED',
      'upstream: GET /page/first',
      'upstream: GET /page/x',
    ],
    gains: { client: /x-evil/i },
    ...row,
  })
}

export function lines(...text: readonly string[]): string {
  return text.join('\r\n')
}
