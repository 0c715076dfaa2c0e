/**
 * Attacks on a connection that has served a request already: what one reader takes for the rest of a
 * request is the next one to the other.
 */
import type { Attack } from './attack.ts'
import { byteAttack, head, type ByteAttack } from './byte-attack.ts'

const first = head('GET /page/first HTTP/1.1')
/** What no route leads to. */
export const hidden = head('GET /hidden HTTP/1.1')

type Row = Pick<ByteAttack, 'name' | 'gains'> & { readonly bytes: string } & Partial<ByteAttack>

/** Bytes behind a request that was served. By default refused with 400, and nothing of them passed on. */
export function behindFirst({ bytes, ...row }: Row): Attack {
  return byteAttack({
    wants: 'a request of his own in front of the next one, past every check',
    routes: '  - { path: /page/*, upstream: "http://UPSTREAM" }',
    sends: [first, bytes],
    repelled: ['200 ok', '400 MALFORMED_REQUEST', 'ended', 'upstream: GET /page/first'],
    ...row,
  })
}
