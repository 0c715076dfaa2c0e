// PROXY headers of version 2, right ones and wrong ones.

import { parseAddress } from '../../src/core/ip-address.ts'

export interface BinaryHeader {
  /** Goes for both addresses. */
  readonly source?: string
  readonly version?: number
  readonly command?: number
  readonly family?: number
  /** Instead of addresses and ports. */
  readonly block?: Buffer
  readonly extensions?: Buffer
}

export function binaryHeader(header: BinaryHeader): Buffer {
  const { source = '0.0.0.0', version = 2, command = 1, extensions = Buffer.alloc(0) } = header
  const { family = source.includes(':') ? 0x21 : 0x11, block = addressBlock(source) } = header
  const length = Buffer.alloc(2)
  length.writeUInt16BE(block.length + extensions.length)
  const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
  return Buffer.concat([
    signature,
    Buffer.from([(version << 4) | command, family]),
    length,
    block,
    extensions,
  ])
}

function addressBlock(text: string): Buffer {
  const hex = (parseAddress(text) ?? 0n).toString(16).padStart(32, '0')
  const address = Buffer.from(text.includes(':') ? hex : hex.slice(-8), 'hex')
  return Buffer.concat([address, address, Buffer.from([0, 1, 0, 2])])
}
