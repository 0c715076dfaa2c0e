/**
 * The ports that workers share: each is bound once alone before they share it, so that a second gateway that is
 * started by mistake fails, and any free port becomes one that all of them know.
 */
import { closeSync } from 'node:fs'
import type { ListenerConfig } from '../../config/config.ts'
import { formatPlace } from '../../core/place.ts'
import { ListenError } from '../../listener/listen-error.ts'
import { claimPlace } from '../../net/bind.ts'
import type { InheritedSocket } from '../../net/inherited-sockets.ts'

export interface SharedPort {
  readonly listener: ListenerConfig
  /** 0 for a Unix socket. */
  readonly port: number
  /** Given to every worker; undefined: each binds the port itself. */
  readonly socket: InheritedSocket | undefined
}

export interface PortsHost {
  /** The sockets of listeners that are given one, by name. */
  readonly inherited: ReadonlyMap<string, InheritedSocket>
  /** Those of the configuration before. */
  readonly before: readonly SharedPort[]
  /** Whether somebody listens at a place who is to go on sharing it. */
  readonly isShared: (place: string) => boolean
}

/** One for each listener, in their order. @throws ListenError, or Error with a sentence. */
export function claimPorts(
  listeners: readonly ListenerConfig[],
  { inherited, before, isShared }: PortsHost,
): readonly SharedPort[] {
  return listeners.map((listener) => {
    const { name, unix } = listener
    const known =
      before.find((each) => goesOn(each.listener, listener)) ??
      before.find((each) => placeOf(each) === formatPlace(listener))
    if (known !== undefined) return { ...known, listener }
    const socket = inherited.get(name)
    if (socket !== undefined) return { listener, port: socket.port, socket }
    if (unix !== undefined)
      throw new Error(
        `listener ${name}: several processes cannot share ${unix}; give it a port, or take workers: 1`,
      )
    const port = isShared(formatPlace(listener)) ? listener.port : claim(listener)
    return { listener, port, socket }
  })
}

export function placeOf({ listener, port }: SharedPort): string {
  return formatPlace({ ...listener, port })
}

/** Of the listeners that take any free port, by name. */
export function anyPorts(shared: readonly SharedPort[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    shared
      .filter(({ listener }) => listener.unix === undefined && listener.port === 0)
      .map(({ listener, port }) => [listener.name, port]),
  )
}

/** In their order. */
export function socketsOf(shared: readonly SharedPort[]): readonly InheritedSocket[] {
  return shared.flatMap(({ socket }) => socket ?? [])
}

/** Closes the sockets that no listener has any more: clients would wait there, and nobody come. */
export function closeDropped(before: readonly SharedPort[], after: readonly SharedPort[]): void {
  const kept = new Set(socketsOf(after))
  for (const socket of socketsOf(before)) if (!kept.has(socket)) closeSync(socket.fd)
}

/** As a worker finds it: by the place, where several may take any free port by the name, too. */
function goesOn(before: ListenerConfig, after: ListenerConfig): boolean {
  const isAnyPort = after.unix === undefined && after.port === 0
  return formatPlace(before) === formatPlace(after) && (!isAnyPort || before.name === after.name)
}

function claim(listener: ListenerConfig): number {
  try {
    return claimPlace(listener)
  } catch (error) {
    throw new ListenError(listener, error)
  }
}
