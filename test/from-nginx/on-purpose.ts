/**
 * What is different on purpose in every answer and request, with its reason; everything else that
 * differs a test names itself. docs/coming-from-nginx.md says the same in words.
 */
import { expect } from 'bun:test'
import type { Differences } from './side-by-side.ts'

/** nginx says who it is and what time it is; Sluice passes what the upstream says, or nothing. */
const signature: Differences = {
  'answer server': [expect.stringMatching(/^nginx\//), undefined],
  'answer date': [expect.any(String), undefined],
}

/** The id by which endpoint, client and log speak of a session. */
const session: Differences = {
  'answer sluice-session': [undefined, expect.stringMatching(/^[\w-]{22}$/)],
  'request sluice-session': [undefined, expect.stringMatching(/^[\w-]{22}$/)],
}

/** Told without being asked, since an endpoint that does not know its client is of little use. */
const told: Differences = {
  'request x-forwarded-for': [undefined, '127.0.0.1'],
  'request x-forwarded-proto': [undefined, 'http'],
  'request x-forwarded-host': [undefined, 'chat.example.com'],
  'request x-real-ip': [undefined, '127.0.0.1'],
  'request x-request-id': [undefined, expect.stringMatching(/^[\w-]{22,36}$/)],
}

/** The names of the protocols are written as RFC 6455 does. */
const spelling: Differences = {
  'answer connection': ['upgrade', 'Upgrade'],
  'request connection': ['upgrade', 'Upgrade'],
}

export const inEveryWebSocket: Differences = { ...signature, ...session, ...told, ...spelling }
/** nginx opens a connection a page; Sluice keeps it for the next. */
export const inEveryPage: Differences = {
  ...signature,
  ...told,
  'request connection': ['close', 'keep-alive'],
}
/** Of what a gateway answers by itself nothing reaches an upstream. */
export const inEveryAnswer: Differences = { ...signature }
