/**
 * The header of the PROXY protocol, versions 1 and 2: what a load balancer in front says of the client,
 * before the client's own first byte. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 *
 * A connection that begins otherwise is recognized by its first wrong byte.
 */
import { formatAddress, parseAddress } from '../core/ip-address.ts'

export type ProxyReading =
  | {
      readonly kind: 'header'
      /** Bytes of the header; the client's own follow. */
      readonly length: number
      /** The client's address; undefined where the proxy speaks for itself or does not know (§2.1, §2.2). */
      readonly source: string | undefined
    }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'fault'; readonly detail: string }

/** §2.1: the longest line, its CRLF included. */
const maxTextBytes = 107
/** Addresses and extensions (TLVs). HAProxy and AWS send some hundred bytes; the length field could say 65,535. */
const maxBinaryBytes = 4_096
const textSignature = Buffer.from('PROXY ', 'latin1')
const binarySignature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Signature, version and command, family, length. */
const binaryHeadBytes = 16

const incomplete = { kind: 'incomplete' } as const
const fault = (detail: string) => ({ kind: 'fault', detail }) as const

/** @param bytes everything that has come on the connection. */
export function readProxyHeader(bytes: Buffer): ProxyReading {
  if (begins(bytes, textSignature)) return readText(bytes)
  if (begins(bytes, binarySignature)) return readBinary(bytes)
  return fault('the connection does not begin with a PROXY header')
}

/** Whether the bytes are the signature, with more behind it, or the beginning of it. */
function begins(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length)
  return bytes.subarray(0, length).equals(signature.subarray(0, length))
}

function readText(bytes: Buffer): ProxyReading {
  const end = bytes.indexOf('\r\n', 0, 'latin1')
  if (end < 0 || end + 2 > maxTextBytes) {
    return bytes.length < maxTextBytes
      ? incomplete
      : fault('the PROXY header is longer than 107 bytes')
  }
  const line = bytes.toString('latin1', textSignature.length, end)
  const length = end + 2
  // What follows UNKNOWN is to be ignored (§2.1).
  if (/^UNKNOWN( [ -~]*)?$/.test(line)) return { kind: 'header', length, source: undefined }
  const [family, source = '', destination = '', ...ports] = line.split(' ')
  if (family !== 'TCP4' && family !== 'TCP6') return fault('the PROXY header is of no known family')
  const address = addressOf(source, family)
  if (address === undefined || addressOf(destination, family) === undefined)
    return fault('the PROXY header has no two addresses of its family')
  if (ports.length !== 2 || !ports.every(isPort)) return fault('the PROXY header has no two ports')
  return { kind: 'header', length, source: formatAddress(address) }
}

function addressOf(text: string, family: 'TCP4' | 'TCP6'): bigint | undefined {
  return text.includes(':') === (family === 'TCP6') ? parseAddress(text) : undefined
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

/** Bytes of the two addresses by family and transport (§2.2): TCP over IPv4 and IPv6, Unix sockets. */
const addressBytes: Readonly<Record<number, number>> = { 0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216 }

function readBinary(bytes: Buffer): ProxyReading {
  const [versionAndCommand, family] = bytes.subarray(binarySignature.length)
  if (versionAndCommand === undefined) return incomplete
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21)
    return fault('the PROXY header is of an unknown version or command')
  if (family === undefined) return incomplete
  const needed = addressBytes[family]
  if (needed === undefined) return fault('the PROXY header is of an unknown address family')
  if (bytes.length < binaryHeadBytes) return incomplete
  const follows = bytes.readUInt16BE(binaryHeadBytes - 2)
  if (follows > maxBinaryBytes) return fault('the PROXY header is longer than 4096 bytes')
  const isLocal = versionAndCommand === 0x20
  if (!isLocal && follows < needed) return fault('the PROXY header is too short for its addresses')
  const length = binaryHeadBytes + follows
  if (bytes.length < length) return incomplete
  const source = isLocal ? undefined : binarySource(bytes.subarray(binaryHeadBytes), family)
  return { kind: 'header', length, source }
}

function binarySource(block: Buffer, family: number): string | undefined {
  if (family === 0x11) return [...block.subarray(0, 4)].join('.')
  if (family === 0x21) return formatAddress(BigInt(`0x${block.toString('hex', 0, 16)}`))
  return undefined
}
