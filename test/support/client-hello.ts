// ClientHellos as bytes, right ones and wrong ones.

export interface Extension {
  readonly type: number
  readonly body: Buffer
}

export interface Hello {
  /** undefined: a ClientHello of TLS 1.2 that ends before them. */
  readonly extensions?: readonly Extension[] | undefined
  /** Lengths of the records it is cut into; the last takes the rest. */
  readonly recordBytes?: readonly number[]
}

export function clientHello({ extensions, recordBytes = [] }: Hello): Buffer {
  const message = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 0xaa),
    vector(1, Buffer.alloc(32, 0xbb)),
    vector(2, Buffer.from([0x13, 0x01, 0x13, 0x02])),
    vector(1, Buffer.from([0])),
    extensions === undefined ? Buffer.alloc(0) : vector(2, Buffer.concat(extensions.map(encode))),
  ])
  return records(Buffer.concat([Buffer.from([1]), vector(3, message)]), recordBytes)
}

export function records(message: Buffer, lengths: readonly number[]): Buffer {
  const parts: Buffer[] = []
  let offset = 0
  for (const length of [...lengths, message.length]) {
    const part = message.subarray(offset, offset + length)
    if (part.length > 0) parts.push(Buffer.from([22, 3, 1]), vector(2, part))
    offset += part.length
  }
  return Buffer.concat(parts)
}

/** The extension that names the server (RFC 6066 §3). */
export function serverName(...names: readonly string[]): Extension {
  const entries = names.map((name) =>
    Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name, 'latin1'))]),
  )
  return { type: 0, body: vector(2, Buffer.concat(entries)) }
}

function encode({ type, body }: Extension): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)])
}

/** Bytes behind their length, which takes `size` bytes. */
export function vector(size: 1 | 2 | 3, bytes: Buffer): Buffer {
  const length = Buffer.alloc(size)
  length.writeUIntBE(bytes.length, 0, size)
  return Buffer.concat([length, bytes])
}
