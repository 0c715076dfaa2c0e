/**
 * Who may ask what of the admin port.
 *
 * An admin port on the loopback address can be reached by every page that a browser on that machine
 * shows. Such a page cannot send the token; it cannot read an answer, as no other origin is allowed
 * to; and where it makes its own name lead here (DNS rebinding), its name is in `Host`.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { AdminConfig } from '../config/config.ts'
import type { Problem } from './answer.ts'

export type AdminAccess = Pick<AdminConfig, 'address' | 'unix' | 'token'>

/** Whether a request may see who is connected. @returns why not; undefined where it may. */
export function viewFault(request: Request, { address, unix }: AdminAccess): Problem | undefined {
  // No page reaches a Unix socket.
  if (unix !== undefined) return undefined
  const hostname = hostnameOf(request.headers.get('host') ?? '')
  if (isIP(hostname) > 0 || hostname === 'localhost' || hostname === address.toLowerCase())
    return undefined
  return {
    status: 421,
    title: `Ask by IP address or as localhost: a page could have made the name "${hostname}" lead here`,
  }
}

/**
 * Whether a request may see metrics. Those of a gateway in a network are scraped by whatever name it has
 * there; those of a loopback address would be shown to a page in a browser on this machine.
 * @returns why not; undefined where it may.
 */
export function scrapeFault(request: Request, access: AdminAccess): Problem | undefined {
  const isLoopback = /^(localhost|127\..*|::1)$/.test(access.address)
  return isLoopback ? viewFault(request, access) : undefined
}

/** Whether a request may change something. @returns why not; undefined where it may. */
export function changeFault(request: Request, access: AdminAccess): Problem | undefined {
  return changeFaultBut('')(request, access)
}

/** @param otherWay what does the same without the admin port, as the end of a sentence. */
export function changeFaultBut(otherWay: string): typeof changeFault {
  return (request, access) =>
    viewFault(request, access) ?? originFault(request) ?? tokenFault(request, access, otherWay)
}

function originFault({ headers }: Request): Problem | undefined {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site') ?? 'none'
  const isOwn = origin === null || origin === `http://${headers.get('host')}`
  if (isOwn && (site === 'none' || site === 'same-origin')) return undefined
  return { status: 403, title: 'Pages of other origins may not change anything here' }
}

function tokenFault(
  { headers }: Request,
  { unix, token }: AdminAccess,
  otherWay: string,
): Problem | undefined {
  // Whoever may write to the socket's file has been let in by the system.
  if (unix !== undefined) return undefined
  if (token === undefined) {
    return {
      status: 403,
      title: `Nothing can be changed here: set admin.token, or let admin listen on a Unix socket${otherWay}`,
    }
  }
  const [, shown] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
  if (shown !== undefined && isSame(shown, token)) return undefined
  return {
    status: 401,
    title:
      shown === undefined
        ? 'Show the token of the configuration: Authorization: Bearer TOKEN'
        : 'The token is not that of the configuration',
    headers: { 'WWW-Authenticate': 'Bearer realm="sluice admin"' },
  }
}

/** Takes the same time wherever the two differ, and however long they are. */
function isSame(shown: string, token: string): boolean {
  return timingSafeEqual(digest(shown), digest(token))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}

/** Lower case, without port and brackets. */
function hostnameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
}
