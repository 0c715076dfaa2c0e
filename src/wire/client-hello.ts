/**
 * The first message of a TLS client, read for one thing: the name of the server it wants. Nothing of it
 * is taken off the connection; the handshake gets the same bytes.
 *
 * Strict where two readers could find different names (RFC 8446 §4.1.2, §5.1; RFC 6066 §3).
 */

export type HelloReading =
  | {
      readonly kind: 'hello'
      /** Lower case; undefined where none is given, or an address instead of a name. */
      readonly serverName: string | undefined
    }
  | {
      readonly kind: 'incomplete'
      /** Up to the end of the next record, or of its head: more than there are, and no name is read with fewer. */
      readonly wantedBytes: number
    }
  | { readonly kind: 'fault'; readonly detail: string }

/** Browsers send some 2 KB, most of it keys; BoringSSL's own bound is 16 KB. */
const maxMessageBytes = 16_384
/** A message may come in several records (RFC 8446 §5.1); nobody has a reason for more. */
const maxRecords = 64
const recordHeadBytes = 5
const messageHeadBytes = 4

const incomplete = (wantedBytes: number) => ({ kind: 'incomplete', wantedBytes }) as const
const fault = (detail: string) => ({ kind: 'fault', detail }) as const

/** Whether a connection that begins like this is TLS at all: its first record is of a handshake. */
export function looksLikeTls(bytes: Buffer): boolean {
  return bytes[0] === 22
}

/** @param bytes everything that has come on the connection. */
export function readClientHello(bytes: Buffer): HelloReading {
  const message = readMessage(bytes)
  return Buffer.isBuffer(message) ? readExtensions(message) : message
}

/** Puts the message together from its records. @returns it without its head. */
function readMessage(bytes: Buffer): Buffer | HelloReading {
  const parts: Buffer[] = []
  let head = Buffer.alloc(0)
  let gathered = 0
  let offset = 0
  for (let records = 1; records <= maxRecords; records++) {
    if (offset < bytes.length && bytes[offset] !== 22) return fault('not a TLS handshake record')
    if (offset + 1 < bytes.length && bytes[offset + 1] !== 3) return fault('not a TLS version')
    const start = offset + recordHeadBytes
    if (start > bytes.length) return incomplete(start)
    const length = bytes.readUInt16BE(offset + 3)
    if (length === 0 || length > maxMessageBytes) return fault('a TLS record of impossible length')
    offset = start + length
    const part = bytes.subarray(start, offset)
    parts.push(part)
    gathered += part.length
    // Put together only as far as it is needed: a later record does not copy those before.
    if (head.length < messageHeadBytes)
      head = Buffer.concat([head, part.subarray(0, messageHeadBytes)])
    const verdict = judgeMessage(head, gathered)
    if (typeof verdict === 'object') return verdict
    // Also behind a whole message: what its record has more would be a fault.
    if (offset > bytes.length) return incomplete(offset)
    if (verdict === 'whole') return Buffer.concat(parts).subarray(messageHeadBytes)
  }
  return fault('a ClientHello in more than 64 records')
}

/** @param head its first bytes, four unless fewer have come. @param gathered how many have come. */
function judgeMessage(head: Buffer, gathered: number): 'whole' | 'more' | HelloReading {
  if (head.length === 0) return 'more'
  if (head[0] !== 1) return fault('the handshake does not begin with a ClientHello')
  if (head.length < messageHeadBytes) return 'more'
  const length = head.readUIntBE(1, 3)
  if (length > maxMessageBytes) return fault('a ClientHello of more than 16384 bytes')
  if (gathered < messageHeadBytes + length) return 'more'
  // RFC 8446 §5.1: no message may follow in the same record before keys change.
  if (gathered > messageHeadBytes + length) return fault('more than a ClientHello in its record')
  return 'whole'
}

function readExtensions(message: Buffer): HelloReading {
  const hello = new Fields(message)
  hello.skip(2 + 32) // version and random
  hello.vector(1) // session id
  hello.vector(2) // cipher suites
  hello.vector(1) // compression methods
  // TLS 1.2 knows a ClientHello without extensions (RFC 5246 §7.4.1.2).
  if (hello.isAtEnd) return { kind: 'hello', serverName: undefined }
  const extensions = new Fields(hello.vector(2))
  let name: Buffer | undefined
  while (!extensions.isAtEnd && !extensions.isBroken) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (type !== 0) continue
    if (name !== undefined) return fault('two server names in a ClientHello')
    name = body
  }
  if (!hello.isAtEnd || !extensions.isAtEnd) return fault('a broken ClientHello')
  return name === undefined ? { kind: 'hello', serverName: undefined } : readServerName(name)
}

/** RFC 6066 §3: a list of names by type, in which only one of type 0 is allowed or known. */
function readServerName(extension: Buffer): HelloReading {
  const outer = new Fields(extension)
  const list = new Fields(outer.vector(2))
  const type = list.number(1)
  const name = list.vector(2).toString('latin1').toLowerCase()
  if (!outer.isAtEnd || !list.isAtEnd || type !== 0 || name === '')
    return fault('a broken server name in a ClientHello')
  return { kind: 'hello', serverName: isHostName(name) ? name : undefined }
}

/** Anything else can be the name of no certificate, and has no business in logs and headers. */
function isHostName(name: string): boolean {
  return name.length <= 255 && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) && /[^\d.]/.test(name)
}

/** Reads fields one after the other; once one reaches past the end all are empty, and the end is never reached. */
class Fields {
  readonly #bytes: Buffer
  #offset = 0
  isBroken = false

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return !this.isBroken && this.#offset === this.#bytes.length
  }

  skip(length: number): Buffer {
    const start = this.#offset
    if (this.isBroken || start + length > this.#bytes.length) {
      this.isBroken = true
      return Buffer.alloc(0)
    }
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }

  number(size: 1 | 2): number {
    const bytes = this.skip(size)
    return bytes.length === size ? bytes.readUIntBE(0, size) : 0
  }

  /** What follows a length of this size. */
  vector(size: 1 | 2): Buffer {
    return this.skip(this.number(size))
  }
}
