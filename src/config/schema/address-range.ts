/**
 * Addresses and ranges of them: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`, and the word `private`.
 * Invariant: a range leaves here as its first address and its length, so that it can be read in one
 * way only.
 */
import { isIP } from 'node:net'
import { meant, show, type Reading } from '../reading.ts'
import { normalAddress } from './place.ts'

/** RFC 1918, RFC 4193 and the machine itself. */
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  '127.0.0.0/8',
  '::1',
]

export function readAddressRange(input: unknown): Reading<readonly string[]> {
  const problem = `must be an address or a range such as 192.0.2.7 or 10.0.0.0/8, not ${show(input)}`
  if (typeof input !== 'string') return { problem, isOtherKind: true }
  if (input === 'private') return { value: privateRanges }
  const [written = '', length, ...rest] = input.toLowerCase().split('/')
  const address = normalAddress(written)
  if (address === undefined || rest.length > 0) {
    const isWord = input === '*' || input === 'all' || input === 'any'
    return { problem, suggestion: isWord ? 'every address is 0.0.0.0/0 and ::/0' : undefined }
  }
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address)
  if (mapped !== null) return { problem, suggestion: meant(mappedAddress(mapped)) }
  if (length === undefined) return { value: [address] }
  const bits = isIP(address) === 4 ? 32 : 128
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)
    return { problem: `must have a length from 0 to ${bits} behind its slash, not ${show(input)}` }
  const first = firstOf(address, Number(length))
  if (first === address) return { value: [`${address}/${length}`] }
  return {
    problem: `${show(input)} has an address inside of its range`,
    suggestion: `the range is ${first}/${length}, the address alone ${address}`,
  }
}

/** The address with all bits behind its first `length` off. */
function firstOf(address: string, length: number): string {
  const isIPv4 = isIP(address) === 4
  const parts = isIPv4 ? address.split('.').map(Number) : groupsOf(address)
  const size = isIPv4 ? 8 : 16
  const first = parts.map((part, index) => {
    const kept = Math.min(Math.max(length - index * size, 0), size)
    return part & (-1 << (size - kept))
  })
  if (isIPv4) return first.join('.')
  return normalAddress(first.map((group) => group.toString(16)).join(':')) ?? address
}

/** The eight groups of an IPv6 address in its normal form. */
function groupsOf(address: string): number[] {
  const [left = '', right] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [head, tail] = [groups(left), groups(right ?? '')]
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length
  return [...head, ...Array<string>(zeros).fill('0'), ...tail].map((group) =>
    Number.parseInt(group, 16),
  )
}

function mappedAddress([, high = '', low = '']: readonly string[]): string {
  const bytes = [high, low].flatMap((group) => {
    const number = Number.parseInt(group, 16)
    return [number >> 8, number & 255]
  })
  return bytes.join('.')
}
