/**
 * Listening sockets that this process was started with: by systemd's socket activation (`sd_listen_fds(3)`),
 * or by the process that it takes over from.
 *
 * One of systemd goes to the listener of its name, else to the one with its port or path; if no listener takes
 * it that is an error, for it would look open and answer nobody. One that was handed over goes to the listener
 * at its place, whatever the names are now; if there is none any more it is closed.
 */
import { closeSync, readFileSync, readlinkSync } from 'node:fs'
import { formatAddress } from '../core/ip-address.ts'
import { formatPlace } from '../core/place.ts'

export interface InheritedSocket {
  readonly fd: number
  /**
   * `FileDescriptorName=` of the socket unit; the unit's own name by default. The listener's, of one that was
   * handed over.
   */
  readonly name: string | undefined
  /** Empty for a Unix socket, with a port of 0. */
  readonly address: string
  readonly port: number
  readonly unix: string | undefined
  /** Handed over by a process like this one, which had opened it. Else it is systemd's, whoever handed it on. */
  readonly isTakenOver?: boolean
}

/** systemd's first descriptor. */
const firstFd = 3

/**
 * Reads the variables, and takes them out of the environment, so that no child process takes them for
 * its own. @throws Error with a sentence if a descriptor is not a listening socket.
 */
export function takeInheritedSockets(
  env: Record<string, string | undefined>,
  pid: number,
): readonly InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== pid) return []
  delete env['LISTEN_PID']
  delete env['LISTEN_FDS']
  delete env['LISTEN_FDNAMES']
  const names = LISTEN_FDNAMES?.split(':') ?? []
  const places = readListening()
  if (!/^\d+$/.test(LISTEN_FDS))
    throw new Error(`LISTEN_FDS is "${LISTEN_FDS}", which is not a number of descriptors`)
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => {
    const fd = firstFd + index
    const place = places.get(inodeOf(fd))
    if (place === undefined)
      throw new Error(`LISTEN_FDS: descriptor ${fd} is not a listening socket`)
    return { fd, name: names[index], ...place }
  })
}

type Listening = Pick<InheritedSocket, 'address' | 'port' | 'unix'>
type Candidate = Listening & { readonly name: string }

/**
 * @param listeners as they are configured.
 * @returns the socket of each listener that gets one, by the listener's name. @throws Error with a sentence.
 */
export function assignSockets(
  sockets: readonly InheritedSocket[],
  listeners: readonly Candidate[],
): ReadonlyMap<string, InheritedSocket> {
  const assigned = new Map<string, InheritedSocket>()
  for (const socket of sockets) {
    const { fd, isTakenOver = false } = socket
    const listener = isTakenOver ? listenerAt(socket, listeners) : listenerFor(socket, listeners)
    const what = `${isTakenOver ? 'Taking over' : 'LISTEN_FDS'}: descriptor ${fd} (${describe(socket)})`
    if (listener === undefined) {
      if (isTakenOver) continue
      throw new Error(`${what} belongs to no listener: give a listener its name, port or path`)
    }
    const other = assigned.get(listener.name)
    if (other !== undefined)
      throw new Error(
        `${what} and descriptor ${other.fd} both belong to the listener ${listener.name}`,
      )
    assigned.set(listener.name, socket)
  }
  return assigned
}

/** Closes those that no listener has got. Clients that wait in one are reset when nobody else has it open. */
export function closeUnassigned(
  sockets: readonly InheritedSocket[],
  assigned: ReadonlyMap<string, InheritedSocket>,
): void {
  const kept = new Set(assigned.values())
  for (const socket of sockets) if (!kept.has(socket)) closeSync(socket.fd)
}

/** Where any free port is asked for, the one that the listener of this name has goes on. */
function listenerAt(
  socket: InheritedSocket,
  listeners: readonly Candidate[],
): Candidate | undefined {
  if (socket.unix !== undefined) return listeners.find(({ unix }) => unix === socket.unix)
  const there = listeners.filter(
    ({ address, unix }) => unix === undefined && address === socket.address,
  )
  return (
    there.find(({ port }) => port === socket.port) ??
    there.find(({ name, port }) => port === 0 && name === socket.name)
  )
}

function listenerFor(
  socket: InheritedSocket,
  listeners: readonly Candidate[],
): Candidate | undefined {
  const named = listeners.find(({ name }) => name === socket.name)
  if (named !== undefined) return named
  if (socket.unix !== undefined) return listeners.find(({ unix }) => unix === socket.unix)
  const samePort = listeners.filter(({ port, unix }) => unix === undefined && port === socket.port)
  return samePort.find(({ address }) => address === socket.address) ?? samePort[0]
}

function describe(socket: InheritedSocket): string {
  const place = formatPlace(socket)
  return socket.name === undefined ? place : `${socket.name}, ${place}`
}

/** Bun does not tell where a socket listens that it was handed: the kernel does, by inode. */
function readListening(): Map<string, Listening> {
  const listening = new Map<string, Listening>()
  for (const file of ['tcp', 'tcp6']) {
    for (const columns of readTable(`/proc/self/net/${file}`)) {
      const [address = '', port = ''] = columns[1]?.split(':') ?? []
      const isListening = columns[3] === '0A'
      if (isListening)
        listening.set(columns[9] ?? '', { ...addressAndPort(address, port), unix: undefined })
    }
  }
  for (const columns of readTable('/proc/self/net/unix')) {
    const [inode = '', path] = columns.slice(6)
    if (path !== undefined) listening.set(inode, { address: '', port: 0, unix: path })
  }
  return listening
}

function readTable(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(1)
  return lines.map((line) => line.trim().split(/\s+/))
}

/** Addresses are words of 32 bits in the machine's byte order, ports are numbers. */
function addressAndPort(words: string, port: string): { address: string; port: number } {
  const bytes = Buffer.from(words, 'hex')
  const hex = bytes.swap32().toString('hex')
  const address = hex.length === 8 ? `ffff${hex}` : hex
  return { address: formatAddress(BigInt(`0x${address}`)), port: Number.parseInt(port, 16) }
}

function inodeOf(fd: number): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? ''
  } catch (error) {
    throw new Error(`LISTEN_FDS: descriptor ${fd} is not open`, { cause: error })
  }
}
