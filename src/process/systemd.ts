/**
 * What systemd is told of this process (`sd_notify(3)`): datagrams to the socket it names in NOTIFY_SOCKET.
 * Where it names none, nothing is told; where telling fails, that is told once, and the gateway goes on.
 *
 * Bun has no datagrams on Unix sockets, so the C library is called.
 */
import { dlopen, ptr } from 'bun:ffi'

export interface Systemd {
  /** Whether anybody hears. */
  readonly isThere: boolean
  ready(): void
  /** Until the next `ready`. */
  reloading(): void
  stopping(): void
  /** A line for `systemctl status`. */
  status(text: string): void
  /** Another process is the service from now on, and this one has nothing to tell any more. */
  handOver(pid: number): void
}

/** @param onFault with a sentence, at most once. */
export function connectSystemd(
  path: string | undefined,
  onFault: (problem: string) => void,
): Systemd {
  let send = path === undefined || path === '' ? undefined : openSocket(path)
  function tell(assignment: () => string): void {
    try {
      send?.(assignment())
    } catch (error) {
      send = undefined
      const reason = error instanceof Error ? error.message : String(error)
      onFault(`systemd cannot be told how the gateway is (NOTIFY_SOCKET is ${path}): ${reason}`)
    }
  }
  return {
    get isThere() {
      return send !== undefined
    },
    ready: () => tell(() => 'READY=1'),
    reloading: () => tell(() => `RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`),
    stopping: () => tell(() => 'STOPPING=1'),
    status: (text) => tell(() => `STATUS=${text}`),
    handOver(pid) {
      tell(() => `MAINPID=${pid}`)
      send = undefined
    },
  }
}

// Linux, the same on x86-64 and ARM64.
const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const SOL_SOCKET = 1
const SO_SNDTIMEO = 21
const MSG_NOSIGNAL = 0x4000
const CLOCK_MONOTONIC = 1
/** A service manager whose queue is full may hold the gateway up for so long. */
const sendTimeoutSeconds = 1
/** `sun_path`. */
const maxPathBytes = 108

/** Opened at the first call. @returns what throws where it cannot be sent. */
function openSocket(path: string): (text: string) => void {
  let socket: number | undefined
  const address = addressOf(path)
  return (text) => {
    if (typeof address === 'string') throw new Error(address)
    const library = cLibrary()
    socket ??= openDatagram()
    const bytes = Buffer.from(text)
    const sent = library.sendto(
      socket,
      ptr(bytes),
      bytes.length,
      MSG_NOSIGNAL,
      ptr(address),
      address.length,
    )
    if (Number(sent) !== bytes.length) throw new Error('nothing takes what is sent there')
  }
}

/** A `sockaddr_un`. @returns why there is none, as a clause. */
function addressOf(path: string): Buffer | string {
  if (!path.startsWith('/') && !path.startsWith('@'))
    return 'it is neither a path nor begins with @'
  // An abstract name begins with a zero byte.
  const name = Buffer.from(path.replace(/^@/, '\0'))
  if (name.length > maxPathBytes) return `it is longer than ${maxPathBytes} bytes`
  const family = Buffer.alloc(2)
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, name])
}

function openDatagram(): number {
  const library = cLibrary()
  const socket = library.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
  if (socket < 0) throw new Error('the system gives no socket for it')
  const timeout = new BigInt64Array([BigInt(sendTimeoutSeconds), 0n])
  library.setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, ptr(timeout), timeout.byteLength)
  return socket
}

/** Not `performance.now()`, which begins with the process. */
function monotonicMicroseconds(): bigint {
  const time = new BigInt64Array(2)
  cLibrary().clock_gettime(CLOCK_MONOTONIC, ptr(time))
  const [seconds = 0n, nanoseconds = 0n] = time
  return seconds * 1_000_000n + nanoseconds / 1_000n
}

let library: ReturnType<typeof loadLibrary> | undefined

function cLibrary() {
  library ??= loadLibrary()
  return library
}

function loadLibrary() {
  const { arch } = process
  const musl = `libc.musl-${arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`
  try {
    return openLibrary('libc.so.6')
  } catch {
    return openLibrary(musl)
  }
}

function openLibrary(name: string) {
  return dlopen(name, {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
    sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
    clock_gettime: { args: ['i32', 'ptr'], returns: 'i32' },
  }).symbols
}
