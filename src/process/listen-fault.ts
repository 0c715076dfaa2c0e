/**
 * Why the gateway could not listen somewhere, as a sentence: where, the system's word for it, and what to do. A
 * gateway that serves may stand in its own way: one port is bound once, whatever the addresses.
 */
import { dirname } from 'node:path'
import { formatPlace, type Place } from '../core/place.ts'
import { ListenError } from '../listener/listen-error.ts'

/**
 * @param error from the start of a gateway, or from a reload.
 * @param own where this gateway listens.
 */
export function listenFault(error: unknown, own: readonly Place[] = []): string {
  if (!(error instanceof ListenError)) return messageOf(error)
  return bindFault(
    `cannot listen on ${formatPlace(error.place)} (listener ${error.listener})`,
    error,
    { place: error.place, own },
  )
}

/** @param place of the admin port. */
export function adminFault(error: unknown, place: Place, own: readonly Place[] = []): string {
  return bindFault(`the admin port cannot listen on ${formatPlace(place)}`, error, { place, own })
}

interface Where {
  readonly place: Place
  readonly own: readonly Place[]
}

function bindFault(what: string, error: unknown, { place, own }: Where): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  // What has no code says in a sentence what is wrong: a certificate, a path, an inherited socket.
  if (typeof code !== 'string') return messageOf(error)
  const inTheWay = code === 'EADDRINUSE' ? own.find((each) => collides(each, place)) : undefined
  if (inTheWay !== undefined)
    return `${what}: this gateway listens at ${formatPlace(inTheWay)} itself, and one port cannot be held twice: restart it to change the address of a port`
  const hint = place.unix === undefined ? portHints[code] : unixHint(code, place.unix)
  return `${what}: ${code}${hint === undefined ? '' : `; ${hint}`}`
}

/** Whether the system lets only one of them be listened at. */
function collides(left: Place, right: Place): boolean {
  if (left.unix !== undefined || right.unix !== undefined || left.port !== right.port) return false
  const addresses = [left.address, right.address]
  return left.address === right.address || addresses.some((each) => anyAddress.has(each))
}

const anyAddress = new Set(['0.0.0.0', '::'])

const portHints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already: end it, or take another port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES:
    'ports below 1024 want more rights: take another port, or give the binary CAP_NET_BIND_SERVICE',
}

function unixHint(code: string, path: string): string | undefined {
  const folder = dirname(path)
  if (code === 'EADDRINUSE') return 'something listens there already: end it, or take another path'
  if (code === 'ENOENT') return `there is no folder ${folder}: make it, or take another path`
  if (code === 'EACCES')
    return `this user may make nothing in ${folder}: change its permissions, or take another path`
  return undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
