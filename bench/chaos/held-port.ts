// A port of 127.0.0.1 that belongs to this process though nothing accepts on it, by the system's own
// calls: Bun neither binds without listening nor listens without accepting. Linux with glibc only.
//
// While it is held nobody else is given the port, and no client is connected to itself by chance.
import { dlopen, FFIType, ptr } from 'bun:ffi'
import { endianness } from 'node:os'

const { i32, u32, pointer } = FFIType
const libc = dlopen('libc.so.6', {
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  bind: { args: [i32, pointer, u32], returns: i32 },
  getsockname: { args: [i32, pointer, pointer], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  shutdown: { args: [i32, i32], returns: i32 },
  close: { args: [i32], returns: i32 },
}).symbols

const [inet, stream, socketLevel, reuseAddress, reusePort, bothWays] = [2, 1, 1, 2, 15, 2]
/** No child has it but those that it is handed to. */
const closeOnExec = 0o2000000
/** As systemd asks for; the system has a bound of its own. */
const backlog = 4096
/** Of a `sockaddr_in`. */
const addressBytes = 16
/** Of a listener that is being closed. */
const mostTries = 100
/** How soon a connection on this machine is there, if it ever is. */
const fullMs = 200

export interface HeldPort {
  /** Connects to it are refused, unless somebody else listens there with SO_REUSEPORT. */
  readonly port: number
  /** From now on connects to it are never answered. */
  swallow: () => Promise<void>
  /** They are refused again. */
  refuse: () => void
}

/** A free port, held until the process ends. */
export function holdPort(): HeldPort {
  const finder = bindTo(0)
  const { port } = finder
  // Only a socket that asked for its port keeps it when it no longer listens.
  const { socket } = bindTo(port)
  checked(libc.close(finder.socket), 'close')
  return {
    port,
    swallow: () => swallow(socket, port),
    // Linux makes of a socket that listens one that is bound (`inet_shutdown`).
    refuse: () => void checked(libc.shutdown(socket, bothWays), 'shutdown'),
  }
}

/** A socket that listens on a free port, as systemd opens one for a service: whoever is handed it accepts. */
export function openListening(): { fd: number; port: number; close: () => void } {
  const { socket, port } = bindTo(0, reuseAddress)
  checked(libc.listen(socket, backlog), 'listen')
  return { fd: socket, port, close: () => void checked(libc.close(socket), 'close') }
}

/** @param wanted 0: whichever is free. @param option of the socket that is set. */
function bindTo(wanted: number, option = reusePort): { socket: number; port: number } {
  const socket = checked(libc.socket(inet, stream | closeOnExec, 0), 'socket')
  const on = new Int32Array([1])
  checked(libc.setsockopt(socket, socketLevel, option, ptr(on), on.byteLength), 'setsockopt')
  const address = loopback(wanted)
  checked(libc.bind(socket, ptr(address), addressBytes), 'bind')
  const length = new Uint32Array([addressBytes])
  checked(libc.getsockname(socket, ptr(address), ptr(length)), 'getsockname')
  return { socket, port: address.readUInt16BE(2) }
}

/** A queue for one connection that nobody accepts, once it is full, drops whatever comes after it. */
async function swallow(socket: number, port: number): Promise<void> {
  checked(libc.listen(socket, 0), 'listen')
  for (let tries = 0; tries < mostTries; tries++) {
    if (await fills(port)) return
    await Bun.sleep(1)
  }
  throw new Error(`Somebody still listens on port ${port}.`)
}

/** @returns false where who listened there before has taken the connection, and ended with it. */
function fills(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = { open: () => resolve(true), data() {}, error() {} }
  Bun.connect({ hostname: '127.0.0.1', port, socket }).catch(() => resolve(false))
  // Somebody else's connection was first: it is full already.
  setTimeout(resolve, fullMs, true)
  return promise
}

function loopback(port: number): Buffer {
  const address = Buffer.alloc(addressBytes)
  if (endianness() === 'LE') address.writeUInt16LE(inet, 0)
  else address.writeUInt16BE(inet, 0)
  address.writeUInt16BE(port, 2)
  address.set([127, 0, 0, 1], 4)
  return address
}

function checked(result: number, call: string): number {
  if (result < 0) throw new Error(`The system's ${call}() has failed.`)
  return result
}
