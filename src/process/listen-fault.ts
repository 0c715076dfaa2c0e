/**
 * Why the gateway could not listen somewhere, as a sentence: where, the system's word for it, and what to do.
 */
import { dirname } from 'node:path'
import { formatPlace, type Place } from '../core/place.ts'
import { ListenError } from '../listener/listen-error.ts'

/** @param error from the start of a gateway. */
export function listenFault(error: unknown): string {
  if (!(error instanceof ListenError)) return messageOf(error)
  return bindFault(
    `cannot listen on ${formatPlace(error.place)} (listener ${error.listener})`,
    error,
    error.place,
  )
}

/** @param place of the admin port. */
export function adminFault(error: unknown, place: Place): string {
  return bindFault(`the admin port cannot listen on ${formatPlace(place)}`, error, place)
}

function bindFault(what: string, error: unknown, place: Place): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  // What has no code says in a sentence what is wrong: a certificate, a path, an inherited socket.
  if (typeof code !== 'string') return messageOf(error)
  const hint = place.unix === undefined ? portHints[code] : unixHint(code, place.unix)
  return `${what}: ${code}${hint === undefined ? '' : `; ${hint}`}`
}

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
