/**
 * A set of IP addresses, given as addresses and ranges (`10.0.0.0/8`), that is asked about each client:
 * compiled once into sorted spans that do not touch, so that a look is a binary search.
 *
 * IPv4 and its IPv4-mapped IPv6 form are one address.
 */
import { parseAddress } from '../core/ip-address.ts'

interface Span {
  readonly first: bigint
  readonly last: bigint
}

export class AddressRanges {
  readonly #spans: readonly Span[]

  /** @param ranges as `rangeFault` finds nothing wrong with. @throws RangeError for others. */
  constructor(ranges: readonly string[]) {
    const spans = ranges.map((range) => {
      const span = parseRange(range)
      if (typeof span === 'string') throw new RangeError(`${range}: ${span}`)
      return span
    })
    this.#spans = merge(spans)
  }

  includes(address: string): boolean {
    if (this.#spans.length === 0) return false
    const number = parseAddress(address)
    if (number === undefined) return false
    let [low, high] = [0, this.#spans.length - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const span = this.#spans[middle]
      if (span === undefined) return false
      if (number < span.first) high = middle - 1
      else if (number > span.last) low = middle + 1
      else return true
    }
    return false
  }
}

/** @returns what is wrong with a range, for whoever wrote it; undefined if nothing is. */
export function rangeFault(range: string): string | undefined {
  const span = parseRange(range)
  return typeof span === 'string' ? span : undefined
}

function parseRange(range: string): Span | string {
  const [text = '', prefix, ...rest] = range.split('/')
  const address = parseAddress(text)
  if (address === undefined || rest.length > 0)
    return 'is not an IP address or a range such as 10.0.0.0/8'
  const bits = text.includes(':') ? 128 : 32
  const length = prefix === undefined ? bits : Number(prefix)
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || length > bits))
    return `has a prefix that is not a number from 0 to ${bits}`
  const size = 1n << BigInt(bits - length)
  // 10.1.2.3/8 is as likely to be meant as 10.1.2.3 as it is 10.0.0.0/8.
  if (address % size !== 0n) return `has bits behind its prefix of ${length}: is the prefix right?`
  return { first: address, last: address + size - 1n }
}

function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const span of spans.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = merged.at(-1)
    if (before === undefined || span.first > before.last + 1n) merged.push(span)
    else if (span.last > before.last) merged[merged.length - 1] = { ...before, last: span.last }
  }
  return merged
}
