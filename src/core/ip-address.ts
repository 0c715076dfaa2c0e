/**
 * IP addresses as text and as numbers. An IPv4 address is the same number as its IPv4-mapped IPv6
 * form (RFC 4291 §2.5.5.2), so that both are one client to whoever compares them.
 */

const mappedIPv4 = 0xffff_0000_0000n

/** @returns undefined for what is no address. Zones (`fe80::1%eth0`) and leading zeros in IPv4 are none. */
export function parseAddress(text: string): bigint | undefined {
  if (!text.includes(':')) {
    const low = parseIPv4(text)
    return low === undefined ? undefined : mappedIPv4 | low
  }
  return parseIPv6(text)
}

/** The text that everybody writes: IPv4 dotted, IPv6 as RFC 5952 recommends. */
export function formatAddress(address: bigint): string {
  if (address >> 32n === mappedIPv4 >> 32n) return formatIPv4(Number(address & 0xffff_ffffn))
  const groups = Array.from({ length: 8 }, (_, index) =>
    Number((address >> BigInt(16 * (7 - index))) & 0xffffn),
  )
  const gap = longestZeroRun(groups)
  const texts = groups.map((group) => group.toString(16))
  if (gap.length < 2) return texts.join(':')
  return `${texts.slice(0, gap.start).join(':')}::${texts.slice(gap.start + gap.length).join(':')}`
}

function parseIPv4(text: string): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  let address = 0
  for (const part of match.slice(1)) {
    // Some read 010 as eight, others as ten.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    address = address * 256 + Number(part)
  }
  return BigInt(address)
}

function parseIPv6(text: string): bigint | undefined {
  // The last 32 bits may be written as IPv4.
  const dotted = /[^:]+$/.exec(text)?.[0] ?? ''
  if (dotted.includes('.')) {
    const low = parseIPv4(dotted)
    if (low === undefined) return undefined
    const groups = `${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
    return parseIPv6(text.slice(0, -dotted.length) + groups)
  }
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], tail] = halves
  const missing = 8 - head.length - (tail?.length ?? 0)
  // RFC 5952 §4.2.2 forbids `::` for one group to writers alone; it stands for none in no reading.
  if (halves.length > 2 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined
  let address = 0n
  for (const group of [...head, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])]) {
    if (!/^[\da-f]{1,4}$/i.test(group)) return undefined
    address = (address << 16n) | BigInt(`0x${group}`)
  }
  return address
}

function formatIPv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** The first of the longest runs of zeros (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > longest.length) longest = { start, length: end - start }
  }
  return longest
}
