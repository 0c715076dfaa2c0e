/**
 * The ports that workers share: each is bound once alone before they share it, so that a second gateway that is
 * started by mistake fails, and any free port becomes one that all of them know.
 */
import type { ListenerConfig } from '../../config/config.ts'
import { formatPlace } from '../../core/place.ts'
import { ListenError } from '../../listener/listen-error.ts'
import { claimPlace } from '../../net/bind.ts'
import type { InheritedSocket } from '../../net/inherited-sockets.ts'

export interface SharedPort {
  readonly listener: ListenerConfig
  /** 0 for a Unix socket. */
  readonly port: number
  /** Workers are given the socket. Else each binds the port itself. */
  readonly isInherited: boolean
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
      before.find((each) => isSame(each.listener, listener)) ??
      before.find((each) => placeOf(each) === formatPlace(listener))
    if (known !== undefined) return { ...known, listener }
    const socket = inherited.get(name)
    if (socket !== undefined) return { listener, port: socket.port, isInherited: true }
    if (unix !== undefined)
      throw new Error(
        `listener ${name}: several processes cannot share ${unix}; give it a port, or take workers: 1`,
      )
    const port = isShared(formatPlace(listener)) ? listener.port : claim(listener)
    return { listener, port, isInherited: false }
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

function isSame(left: ListenerConfig, right: ListenerConfig): boolean {
  return left.name === right.name && formatPlace(left) === formatPlace(right)
}

function claim(listener: ListenerConfig): number {
  try {
    return claimPlace(listener)
  } catch (error) {
    throw new ListenError(listener, error)
  }
}
